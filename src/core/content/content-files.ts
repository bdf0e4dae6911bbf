import { type ByteStream, type Bytes, iterate, MismatchError, OciError, quote } from "../base/mod.ts";
import type { ContentOptions, FileStatus, Host } from "../port/mod.ts";
import { type Descriptor, type Digest, digestAlgorithm, encodedDigest, type ManifestDocument, parseDigest } from "../spec/mod.ts";
import { openDocument } from "./document.ts";
import { findPlainFile, readPlainFile } from "./plain-file.ts";
import { publishFile, sweepTemporaries } from "./publish.ts";
import { type Promised, verifiableAlgorithm, verifyBytes, verifyStream } from "./verify.ts";

/** Options of {@linkcode ContentFiles.put}. */
export interface PutContentOptions extends ContentOptions {
  /** Is told of every piece that was taken in. */
  readonly onProgress?: (bytes: number) => void;
}

/** Content in files that are named by its digest. A symbolic link among them is never followed. */
export interface ContentFiles {
  /** Returns where content of this digest lies. @throws {OciError} `UNSUPPORTED` for a digest that cannot be verified */
  path(digest: Digest): string;
  /** Tells whether content of this digest (and size, when given) is there; its bytes are not read. */
  has(digest: Digest, size?: number): Promise<boolean>;
  /** Returns content as a stream that fails at its end if digest or size differ. @throws {OciError} `NOT_FOUND`, `MISMATCH` */
  read(promised: Promised, options?: ContentOptions): Promise<ByteStream>;
  /** Returns small content, verified. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB */
  readSmall(promised: Promised, options?: ContentOptions): Promise<Bytes>;
  /** Returns a manifest, verified; with size 0 the size is not known. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB, `INVALID` */
  readManifest(descriptor: Descriptor, options?: ContentOptions): Promise<ManifestDocument>;
  /**
   * Puts content there, whole or not at all. What is there already is read and verified: right, it stays and `content` is not
   * opened (a stream is cancelled); wrong, it is replaced.
   * @throws {OciError} `MISMATCH` if the content is not the one promised
   */
  put(promised: Promised, content: ByteStream | (() => Promise<ByteStream>), options?: PutContentOptions): Promise<"copied" | "exists">;
}

/** What {@linkcode openContentFiles} needs of a host. */
export type ContentFilesHost = Pick<Host, "files" | "hash" | "random" | "clock">;

/** Options of {@linkcode openContentFiles}. */
export interface ContentFilesOptions {
  /** Returns the path of a digest under the directory, part by part. @default `sha256` and the digits */
  readonly naming?: (digest: Digest) => readonly string[];
}

interface Room extends ContentFilesHost {
  readonly directory: string;
  readonly naming: (digest: Digest) => readonly string[];
  /** Directories whose leftovers have been looked through. */
  readonly swept: Set<string>;
}

const smallLimit = 4 * 1024 * 1024;

/** Returns the content-addressed files in `directory`; nothing is read or made before it is needed. */
export function openContentFiles(host: ContentFilesHost, directory: string, options: ContentFilesOptions = {}): ContentFiles {
  const { files, hash, random, clock } = host;
  const naming = options.naming ?? ((digest) => [digestAlgorithm(digest) ?? "", encodedDigest(digest)]);
  const room: Room = { files, hash, random, clock, directory, naming, swept: new Set() };
  return {
    path: (digest) => pathOf(room, digest),
    async has(digest, size) {
      const status = await find(room, digest);
      return status !== undefined && (size === undefined || status.size === size);
    },
    read: (promised, readOptions = {}) => read(room, promised, readOptions),
    async readSmall(promised, readOptions = {}) {
      const bytes = await readLimited(room, promised.digest, readOptions);
      verifyBytes(hash, bytes, promised, nameOf(room, promised.digest));
      return bytes;
    },
    async readManifest(descriptor, readOptions = {}) {
      const bytes = await readLimited(room, descriptor.digest, readOptions);
      return openDocument(hash, bytes, { what: `manifest ${descriptor.digest} in ${quote(directory)}`, expected: descriptor });
    },
    put: (promised, content, putOptions = {}) => put(room, promised, { ...putOptions, content }),
  };
}

function nameOf(room: Room, digest: Digest): string {
  return `blob ${digest} in ${quote(room.directory)}`;
}

/** Parses again: a caller's digest that was never parsed could hold a path. */
function partsOf(room: Room, digest: Digest): readonly string[] {
  verifiableAlgorithm(parseDigest(digest), nameOf(room, digest));
  return room.naming(digest);
}

function pathOf(room: Room, digest: Digest): string {
  return room.files.join(room.directory, ...partsOf(room, digest));
}

async function find(room: Room, digest: Digest): Promise<FileStatus | undefined> {
  return findPlainFile(room.files, { directory: room.directory, parts: partsOf(room, digest), what: nameOf(room, digest) });
}

function missing(room: Room, digest: Digest): OciError {
  return new OciError("NOT_FOUND", `Cannot read ${nameOf(room, digest)}: there is no such file`);
}

async function read(room: Room, promised: Promised, { signal }: ContentOptions): Promise<ByteStream> {
  const { files, hash } = room;
  const what = nameOf(room, promised.digest);
  const status = await find(room, promised.digest);
  if (status === undefined) throw missing(room, promised.digest);
  if (status.size !== promised.size) throw new MismatchError(what, `${promised.size} bytes`, `${status.size} bytes`);
  return verifyStream(hash, await files.read(pathOf(room, promised.digest), signal ? { signal } : {}), promised, what);
}

async function readLimited(room: Room, digest: Digest, { signal }: ContentOptions): Promise<Bytes> {
  signal?.throwIfAborted();
  const path = { directory: room.directory, parts: partsOf(room, digest), what: nameOf(room, digest) };
  const bytes = await readPlainFile(room.files, path, smallLimit);
  if (bytes === undefined) throw missing(room, digest);
  return bytes;
}

/** Tells whether the right bytes are there; wrong ones count as nothing, since they will be replaced. */
async function holds(room: Room, promised: Promised, options: ContentOptions): Promise<boolean> {
  const status = await find(room, promised.digest);
  if (status?.size !== promised.size) return false;
  try {
    for await (const _ of iterate(await read(room, promised, options)));
    return true;
  } catch (error) {
    if (error instanceof MismatchError) return false;
    throw error;
  }
}

/** Makes the folder for `digest`. A name is on the disk only when its directory is, so those above are brought there too. */
async function prepare(room: Room, digest: Digest): Promise<void> {
  const { files, swept } = room;
  const folder = files.dirname(pathOf(room, digest));
  if ((await files.status(folder)) === undefined) {
    await files.makeDirectory(folder);
    for (let depth = partsOf(room, digest).length - 1, above = folder; depth >= 0; depth--) {
      above = files.dirname(above);
      await files.syncDirectory(above);
    }
  }
  if (swept.has(folder)) return;
  swept.add(folder);
  await sweepTemporaries(files, folder, room.clock);
}

interface Putting extends PutContentOptions {
  readonly content: ByteStream | (() => Promise<ByteStream>);
}

async function put(room: Room, promised: Promised, options: Putting): Promise<"copied" | "exists"> {
  const { content, signal, onProgress } = options;
  let isCopied = false;
  try {
    signal?.throwIfAborted();
    if (await holds(room, promised, options)) return "exists";
    await prepare(room, promised.digest);
    isCopied = true;
  } finally {
    if (!isCopied && typeof content !== "function") content.cancel().catch(() => {});
  }
  const stream = verifyStream(room.hash, typeof content === "function" ? await content() : content, promised, nameOf(room, promised.digest));
  await publishFile(room.files, pathOf(room, promised.digest), onProgress ? observe(stream, onProgress) : stream, {
    random: room.random,
    ...(signal && { signal }),
  });
  return "copied";
}

function observe(stream: ByteStream, onProgress: (bytes: number) => void): ByteStream {
  return stream.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        onProgress(piece.length);
        controller.enqueue(piece);
      },
    }),
  );
}
