import type { ByteStream, Bytes } from "../base/mod.ts";
import type { ContentOptions, Host } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { algorithmNaming, type ContentNaming, type ContentReader, contentPath, openContentReader } from "./content-reader.ts";
import { publishFile, sweepTemporaries } from "./publish.ts";
import { directoryTree, type Tree } from "./tree.ts";
import { type Promised, verifyStream } from "./verify.ts";

/** Options of {@linkcode ContentFiles.put}. */
export interface PutContentOptions extends ContentOptions {
  /** Is told of every piece that was taken in. */
  readonly onProgress?: (bytes: number) => void;
}

/** Content in files that are named by its digest. A symbolic link among them is never followed. */
export interface ContentFiles extends ContentReader {
  /** Returns where content of this digest lies. @throws {OciError} `UNSUPPORTED` for a digest that cannot be verified */
  path(digest: Digest): string;
  /**
   * Puts content there, whole or not at all. What is there already is read and verified: right, it stays and `content` is not
   * opened (a stream is cancelled); wrong, it is replaced.
   * @throws {OciError} `MISMATCH` if the content is not the one promised
   */
  put(promised: Promised, content: ByteStream | (() => Promise<ByteStream>), options?: PutContentOptions): Promise<"copied" | "exists">;
}

/** What {@linkcode openContentFiles} needs of a host. */
export type ContentFilesHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment">;

/** Options of {@linkcode openContentFiles}. */
export interface ContentFilesOptions {
  /** Returns the path of a digest under the directory, part by part. @default `sha256` and the digits */
  readonly naming?: ContentNaming;
  /** Where content is read, when that knows other names beside. @default the directory */
  readonly tree?: Tree;
}

interface Room extends ContentFilesHost {
  readonly directory: string;
  readonly naming: ContentNaming;
  readonly tree: Tree;
  readonly reader: ContentReader;
  /** Directories whose leftovers have been looked through. */
  readonly swept: Set<string>;
}

/** Returns the content-addressed files in `directory`; nothing is read or made before it is needed. */
export function openContentFiles(host: ContentFilesHost, directory: string, options: ContentFilesOptions = {}): ContentFiles {
  const { files, hash, random, clock, environment } = host;
  const naming = options.naming ?? algorithmNaming;
  const tree = options.tree ?? directoryTree(files, directory);
  const reader = openContentReader(hash, tree, naming);
  const room: Room = { files, hash, random, clock, environment, directory, naming, tree, reader, swept: new Set() };
  return {
    ...reader,
    path: (digest) => pathOf(room, digest),
    put: (promised, content, putOptions = {}) => put(room, promised, { ...putOptions, content }),
  };
}

function partsOf({ tree, naming }: Room, digest: Digest): readonly string[] {
  return contentPath(tree, naming, digest).parts;
}

function pathOf(room: Room, digest: Digest): string {
  return room.files.join(room.directory, ...partsOf(room, digest));
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
  await sweepTemporaries(room, folder);
}

interface Putting extends PutContentOptions {
  readonly content: ByteStream | (() => Promise<ByteStream>);
}

async function put(room: Room, promised: Promised, options: Putting): Promise<"copied" | "exists"> {
  const { content, signal, onProgress } = options;
  let isCopied = false;
  try {
    signal?.throwIfAborted();
    if (await room.reader.holds(promised, options)) return "exists";
    await prepare(room, promised.digest);
    isCopied = true;
  } finally {
    if (!isCopied && typeof content !== "function") content.cancel().catch(() => {});
  }
  const stream = verifyStream(
    room.hash,
    typeof content === "function" ? await content() : content,
    promised,
    contentPath(room.tree, room.naming, promised.digest).what,
  );
  await publishFile(room.files, pathOf(room, promised.digest), onProgress ? observe(stream, onProgress) : stream, {
    random: room.random,
    ...(signal && { signal }),
  });
  return "copied";
}

/** Returns `stream`; `onProgress` is told of every piece that goes through. */
export function observe(stream: ByteStream, onProgress: (bytes: number) => void): ByteStream {
  return stream.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        onProgress(piece.length);
        controller.enqueue(piece);
      },
    }),
  );
}
