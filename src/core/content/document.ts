import { type Bytes, MismatchError } from "../base/mod.ts";
import type { Hash } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  encodeImageIndex,
  encodeImageManifest,
  type ImageIndex,
  type ImageManifest,
  isImageIndex,
  type ManifestDocument,
  parseManifest,
} from "../spec/mod.ts";
import { digestBytes, verifiableAlgorithm, verifyBytes } from "./verify.ts";

/** Options of {@linkcode openDocument}. */
export interface OpenDocumentOptions {
  /** What is read, for errors: `manifest sha256:…`. */
  readonly what: string;
  /** The type somebody else promised, a `Content-Type` header for example. An expected descriptor's type goes before it. */
  readonly mediaType?: string;
  /** What the bytes must be; a descriptor of size 0 does not know the size. */
  readonly expected?: Descriptor | Digest;
}

/**
 * Returns the manifest in `bytes`, verified against what was expected before a byte of it is parsed.
 * @throws {MismatchError} if the bytes are not the expected ones
 * @throws {OciError} `INVALID` if they are no manifest, `LIMIT` over 4 MiB
 */
export function openDocument(hash: Hash, bytes: Bytes, options: OpenDocumentOptions): ManifestDocument {
  const { what, expected } = options;
  const promised = typeof expected === "string" ? undefined : expected;
  const digest = verifiedDigest(hash, bytes, options);
  const mediaType = promised?.mediaType ?? options.mediaType;
  const value = parseManifest(bytes, { what, ...(mediaType !== undefined && { mediaType }) });
  return { descriptor: { mediaType: value.mediaType, digest, size: bytes.length }, bytes, value };
}

function verifiedDigest(hash: Hash, bytes: Bytes, { what, expected }: OpenDocumentOptions): Digest {
  if (expected === undefined) return digestBytes(hash, bytes);
  const descriptor = typeof expected === "string" ? { digest: expected, size: 0 } : expected;
  if (descriptor.size !== 0) {
    verifyBytes(hash, bytes, descriptor, what);
    return descriptor.digest;
  }
  const actual = digestBytes(hash, bytes, verifiableAlgorithm(descriptor.digest, what));
  if (actual !== descriptor.digest) throw new MismatchError(what, descriptor.digest, actual);
  return actual;
}

/** Returns `value` written down: its bytes and their descriptor. */
export function newDocument(hash: Hash, value: ImageIndex | ImageManifest): ManifestDocument {
  const bytes = isImageIndex(value) ? encodeImageIndex(value) : encodeImageManifest(value);
  return { descriptor: { mediaType: value.mediaType, digest: digestBytes(hash, bytes), size: bytes.length }, bytes, value };
}
