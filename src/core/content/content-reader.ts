import { type ByteStream, type Bytes, isOciError, iterate, MismatchError, OciError, readAll } from "../base/mod.ts";
import type { ContentOptions, Hash } from "../port/mod.ts";
import { type Descriptor, type Digest, digestAlgorithm, encodedDigest, type ManifestDocument, parseDigest } from "../spec/mod.ts";
import { openDocument } from "./document.ts";
import { smallLimit } from "./small.ts";
import type { Tree, TreePath } from "./tree.ts";
import { type Promised, verifiableAlgorithm, verifyBytes, verifyStream } from "./verify.ts";

/** Content that is named by its digest, for reading. */
export interface ContentReader {
  /** Tells whether content of this digest (and size, when given) is there; its bytes are not read. */
  has(digest: Digest, size?: number): Promise<boolean>;
  /** Tells whether the right bytes are there, by reading them all; wrong ones count as nothing. */
  holds(promised: Promised, options?: ContentOptions): Promise<boolean>;
  /** Returns content as a stream that fails at its end if digest or size differ. @throws {OciError} `NOT_FOUND`, `MISMATCH` */
  read(promised: Promised, options?: ContentOptions): Promise<ByteStream>;
  /** Returns small content, verified. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB */
  readSmall(promised: Promised, options?: ContentOptions): Promise<Bytes>;
  /** Returns a manifest, verified; with size 0 the size is not known. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB, `INVALID` */
  readManifest(descriptor: Descriptor, options?: ContentOptions): Promise<ManifestDocument>;
}

/** Returns the path of a digest in a tree, part by part. */
export type ContentNaming = (digest: Digest) => readonly string[];

/** Names content `sha256`, then the digits. */
export function algorithmNaming(digest: Digest): readonly string[] {
  return [digestAlgorithm(digest) ?? "", encodedDigest(digest)];
}

/** Returns the content in `tree`, under the names that `naming` gives. */
export function openContentReader(hash: Hash, tree: Tree, naming: ContentNaming): ContentReader {
  const pathOf = (digest: Digest): TreePath => contentPath(tree, naming, digest);
  const small = (digest: Digest, options: ContentOptions = {}): Promise<Bytes> => readLimited(tree, pathOf(digest), options);
  const read = async (promised: Promised, options?: ContentOptions): Promise<ByteStream> => {
    const path = pathOf(promised.digest);
    const size = await tree.size(path);
    if (size === undefined) throw missing(path.what);
    if (size !== promised.size) throw new MismatchError(path.what, `${promised.size} bytes`, `${size} bytes`);
    return verifyStream(hash, await tree.read(path, options), promised, path.what);
  };
  return {
    async has(digest, size) {
      const found = await tree.size(pathOf(digest));
      return found !== undefined && (size === undefined || found === size);
    },
    async holds(promised, options) {
      if ((await tree.size(pathOf(promised.digest))) !== promised.size) return false;
      try {
        for await (const _ of iterate(await read(promised, options)));
        return true;
      } catch (error) {
        // Somebody may take it away in between.
        if (error instanceof MismatchError || isOciError(error, "NOT_FOUND")) return false;
        throw error;
      }
    },
    read,
    async readSmall(promised, options) {
      const bytes = await small(promised.digest, options);
      verifyBytes(hash, bytes, promised, pathOf(promised.digest).what);
      return bytes;
    },
    async readManifest(descriptor, options) {
      const bytes = await small(descriptor.digest, options);
      return openDocument(hash, bytes, { what: `manifest ${descriptor.digest} in ${tree.what}`, expected: descriptor });
    },
  };
}

/** Returns where `digest` lies in `tree`. It is parsed again: a caller's digest that was never parsed could hold a path. @throws {OciError} `UNSUPPORTED` for one that cannot be verified */
export function contentPath(tree: Tree, naming: ContentNaming, digest: Digest): TreePath {
  const what = `blob ${digest} in ${tree.what}`;
  verifiableAlgorithm(parseDigest(digest), what);
  return { parts: naming(digest), what };
}

/** Returns the bytes of a file of a tree, or undefined if it is not there. @throws {OciError} `INVALID`, `LIMIT` */
export async function readTreeFile(tree: Tree, path: TreePath, options: ContentOptions & { readonly limit: number }): Promise<Bytes | undefined> {
  const { limit, signal } = options;
  signal?.throwIfAborted();
  const size = await tree.size(path);
  if (size === undefined) return undefined;
  if (size > limit) throw new OciError("LIMIT", `Cannot read ${path.what}: ${size} bytes are more than ${limit}`);
  return readAll(await tree.read(path, signal ? { signal } : {}), { limit, what: path.what });
}

async function readLimited(tree: Tree, path: TreePath, options: ContentOptions): Promise<Bytes> {
  const bytes = await readTreeFile(tree, path, { ...options, limit: smallLimit });
  if (bytes === undefined) throw missing(path.what);
  return bytes;
}

function missing(what: string): OciError {
  return new OciError("NOT_FOUND", `Cannot read ${what}: there is no such file`);
}
