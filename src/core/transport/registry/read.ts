import { type ByteStream, type Bytes, isOciError, MismatchError, OciError, streamBytes, tryParseBase64 } from "../../base/mod.ts";
import { digestBytes, openDocument, verifyBytes, verifyStream } from "../../content/mod.ts";
import type { HttpResponse } from "../../http/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  isImageIndex,
  type ManifestDocument,
  manifestMediaTypes,
  normaliseMediaType,
  tryParseDigest,
} from "../../spec/mod.ts";
import { type Access, blobPath, manifestPath, memoryKey } from "./access.ts";
import { continueDownload } from "./download.ts";
import { registryError } from "./errors.ts";
import { keepBlob, keepManifest, recallBlob } from "./recall.ts";

const maximumSize = 4 * 1024 * 1024;

/** Asked for with GET and HEAD alike: without it some registries answer with a child of a list. */
export const acceptHeader: string = manifestMediaTypes.join(", ");

/** Options of {@linkcode readManifest}. */
export interface ReadManifestOptions extends ContentOptions {
  /** What the manifest must be. */
  readonly expected?: Descriptor | Digest;
}

/** Returns the manifest of a tag or digest, verified. @throws {OciError} `NOT_FOUND`, `MISMATCH` (CVE-2025-24882) */
export async function readManifest(access: Access, version: string, options: ReadManifestOptions = {}): Promise<ManifestDocument> {
  const { hash } = access.client;
  const name = access.nameOf(version);
  const request = {
    method: "GET",
    at: manifestPath(version),
    headers: { accept: acceptHeader },
    doing: `Cannot read ${name}`,
    ...(options.signal && { signal: options.signal }),
  } as const;
  return await access.exchange(request, async (response) => {
    if (response.status !== 200) throw await registryError(response, request);
    const bytes = await response.readBody(maximumSize);
    const mediaType = response.headers.get("content-type");
    const what = `manifest ${name}`;
    if (options.expected === undefined) checkDigestHeader(access, bytes, response, what);
    const document = openDocument(hash, bytes, {
      what,
      ...(mediaType !== null && { mediaType }),
      ...(options.expected !== undefined && { expected: options.expected }),
    });
    await keepManifest(access, document);
    noteDocument(access, document);
    return document;
  });
}

/** A registry that has an index says with it that it has the children. */
function noteDocument(access: Access, { descriptor, value }: ManifestDocument): void {
  const { present, implied } = access.client.memory;
  present.add(memoryKey(access, descriptor.digest));
  if (isImageIndex(value)) for (const { digest } of value.manifests) implied.add(memoryKey(access, digest));
}

/** A digest that the registry states of a tag must be that of the bytes, whatever its algorithm. */
function checkDigestHeader({ client }: Access, bytes: Bytes, response: HttpResponse, what: string): void {
  const stated = tryParseDigest(response.headers.get("docker-content-digest") ?? "");
  const algorithm = stated && digestAlgorithm(stated);
  if (stated === undefined || algorithm === undefined) return;
  const actual = digestBytes(client.hash, bytes, algorithm);
  if (actual !== stated) throw new MismatchError(what, stated, actual);
}

/** What a HEAD says of a manifest. */
export interface ManifestStatus {
  /** Type, digest and size; undefined where the registry leaves one of them out. */
  readonly descriptor: Descriptor | undefined;
  /** Strong entity tag. */
  readonly etag: string | undefined;
}

/** Returns what is known of a manifest without reading it, or undefined if the registry says that it is not there. "Missing" is only ever 404. */
export async function findManifest(
  access: Access,
  version: string,
  options: ContentOptions & { readonly doing?: string } = {},
): Promise<ManifestStatus | undefined> {
  try {
    return await askStatus(access, version, options);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function askStatus(access: Access, version: string, options: ContentOptions & { readonly doing?: string }): Promise<ManifestStatus> {
  const doing = options.doing ?? `Cannot read ${access.nameOf(version)}`;
  const request = {
    method: "HEAD",
    at: manifestPath(version),
    headers: { accept: acceptHeader },
    doing,
    ...(options.signal && { signal: options.signal }),
  } as const;
  return await access.exchange(request, async (response) => {
    if (response.status === 200) return { descriptor: notePresent(access, describeAnswer(response)), etag: strongTag(response.headers.get("etag")) };
    // A HEAD has no body that could say why, and some registries refuse it where they would answer a GET.
    if ([401, 403, 404, 429].includes(response.status)) throw await registryError(response, request);
    return await readStatus(access, version, options);
  });
}

async function readStatus(access: Access, version: string, options: ContentOptions): Promise<ManifestStatus> {
  const expected = tryParseDigest(version);
  const { descriptor } = await readManifest(access, version, { ...options, ...(expected && { expected }) });
  return { descriptor, etag: undefined };
}

function describeAnswer({ headers }: HttpResponse): Descriptor | undefined {
  const digest = tryParseDigest(headers.get("docker-content-digest") ?? "");
  const length = headers.get("content-length") ?? "";
  const type = normaliseMediaType(headers.get("content-type") ?? "");
  const mediaType = manifestMediaTypes.find((known) => known === type);
  if (digest === undefined || mediaType === undefined || !/^\d{1,15}$/.test(length) || length === "0") return undefined;
  return { mediaType, digest, size: Number(length) };
}

function notePresent(access: Access, descriptor: Descriptor | undefined): Descriptor | undefined {
  if (descriptor) access.client.memory.present.add(memoryKey(access, descriptor.digest));
  return descriptor;
}

/** A weak tag never matches in `If-Match` (RFC 9110 section 13.1.1). */
function strongTag(etag: string | null): string | undefined {
  return etag !== null && /^"[\x21\x23-\x7e]*"$/.test(etag) ? etag : undefined;
}

/** Returns a blob of at most 4 MiB, from the descriptor itself or from what was read before where that will do. */
export async function readSmallBlob(access: Access, descriptor: Descriptor, { signal }: ContentOptions = {}): Promise<Bytes> {
  const { hash } = access.client;
  const name = access.nameOf(descriptor.digest);
  if (descriptor.size > maximumSize) throw new OciError("LIMIT", `Cannot read ${name}: ${descriptor.size} bytes are more than 4 MiB`);
  const known = embedded(access, descriptor) ?? (await recallBlob(access, descriptor));
  if (known !== undefined) return known;
  const request = { method: "GET", at: blobPath(descriptor.digest), doing: `Cannot read ${name}`, ...(signal && { signal }) } as const;
  return await access.exchange(request, async (response) => {
    if (response.status !== 200) throw await registryError(response, request);
    const bytes = await response.readBody(maximumSize);
    verifyBytes(hash, bytes, descriptor, `blob ${name}`);
    await keepBlob(access, descriptor.digest, bytes);
    return bytes;
  });
}

/** Returns the content that a descriptor carries itself (`data`), verified before it is used. */
function embedded(access: Access, descriptor: Descriptor): Bytes | undefined {
  const bytes = descriptor.data === undefined ? undefined : tryParseBase64(descriptor.data);
  if (bytes !== undefined) verifyBytes(access.client.hash, bytes, descriptor, `the data of ${access.nameOf(descriptor.digest)}`);
  return bytes;
}

/** Returns a blob as a stream that is verified at its end and continued where the connection broke. Other `urls` are never asked (CVE-2020-15157). */
export async function openBlob(access: Access, descriptor: Descriptor, { signal }: ContentOptions = {}): Promise<ByteStream> {
  const { hash, memory } = access.client;
  const known = embedded(access, descriptor) ?? memory.blobs.get(descriptor.digest);
  if (known !== undefined) return streamBytes(known);
  const name = access.nameOf(descriptor.digest);
  const request = { method: "GET", at: blobPath(descriptor.digest), doing: `Cannot read ${name}`, ...(signal && { signal }) } as const;
  const first = await access.exchange(request, async (response) => {
    if (response.status !== 200) throw await registryError(response, request);
    return response.body;
  });
  return verifyStream(hash, continueDownload(access, request, { first, size: descriptor.size }), descriptor, `blob ${name}`);
}
