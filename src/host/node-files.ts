import type { promises, Stats } from "node:fs";
import { type ByteStream, type Bytes, OciError, quote, readAll, streamOf, throwIfAborted } from "../core/base/mod.ts";
import type { FileKind, FileStatus, FileSystem, FileWriter, ReadOptions } from "../core/port/mod.ts";
import { fsModule, pathModule } from "./builtin.ts";
import { fileError, systemCode } from "./system-error.ts";

/** How files are read. */
export interface NodeFilesOptions {
  /** Bytes to read at once. Node and Deno let read pieces pile up before they collect them: many small ones are less than many large ones. */
  readonly pieceSize: number;
}

/** A file that is no regular one, or that tells no size, is read in pieces of this size. */
const smallPiece = 2 ** 16;
/** What is read past the size that a file told. */
const endPiece = 2 ** 12;
/** A name below a file is absent too. */
const absent: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);
const noLinks: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"]);
/** What systems answer that cannot open a directory, or cannot flush one. */
const noDirectorySync: ReadonlySet<string> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR", "EPERM", "EBADF"]);

function fs(): typeof promises {
  return fsModule().promises;
}

/** Nothing is made: what is there is opened. */
function overwriting(): number {
  const { O_TRUNC, O_WRONLY } = fsModule().constants;
  return O_WRONLY | O_TRUNC;
}

/** Returns the file system behind `node:fs`, which Node, Bun and Deno share. */
export function nodeFiles({ pieceSize }: NodeFilesOptions): FileSystem {
  const read = (path: string, options?: ReadOptions) => readPieces(path, { ...options, pieceSize });
  return {
    read,
    readFile: async (path, limit) => (await readWhole(path, limit)) ?? (await readAll(await read(path), { limit, what: quote(path) })),
    create: async (path, options) => writerOf(path, await guard("create", path, () => fs().open(path, "wx", options?.mode ?? 0o666))),
    overwrite: async (path) => writerOf(path, await guard("write", path, () => fs().open(path, overwriting()))),
    status: (path, options = {}) => guard("look at", path, () => status(path, options.follow === true)),
    list: (path) => guard("list", path, async () => (await fs().readdir(path)).sort()),
    async makeDirectory(path, options) {
      await guard("make directory", path, () => fs().mkdir(path, { recursive: true, ...options }));
    },
    createDirectory: (path, options) => guard("make directory", path, () => fs().mkdir(path, { ...options })),
    link: linkFile,
    rename: (from, to) => guard("rename", from, () => fs().rename(from, to)),
    remove,
    removeDirectory,
    syncDirectory,
    join: (...parts) => pathModule().join(...parts),
    absolute: (path) => pathModule().resolve(path),
    dirname: (path) => pathModule().dirname(path),
  };
}

async function guard<T>(verb: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(verb, path, error);
  }
}

/** Returns a file that tells its size, in one go; undefined for anything else, and for one that changes, which are read with care. */
async function readWhole(path: string, limit: number): Promise<Bytes | undefined> {
  const found = await guard("read", path, () => fs().stat(path));
  const { size } = found;
  if (!found.isFile() || size === 0 || size > limit) return undefined;
  const handle = await guard("read", path, () => fs().open(path, "r"));
  try {
    const buffer = new Uint8Array(size + 1);
    const { bytesRead } = await guard("read", path, () => handle.read(buffer, 0, buffer.length, 0));
    return bytesRead === size ? buffer.subarray(0, size) : undefined;
  } finally {
    await handle.close();
  }
}

interface Reading extends ReadOptions, NodeFilesOptions {}

/** The file is opened with the first piece: a stream nobody reads holds nothing open. */
async function readPieces(path: string, options: Reading): Promise<ByteStream> {
  throwIfAborted(options.signal);
  const found = await guard("read", path, () => fs().stat(path));
  if (found.isDirectory()) throw new OciError("IO", `Cannot read ${quote(path)}: EISDIR: it is a directory`);
  return streamOf(pieces(path, found, options), options.signal);
}

async function* pieces(path: string, found: Stats, options: Reading): AsyncGenerator<Bytes, void, void> {
  const { start = 0, end = Number.POSITIVE_INFINITY, pieceSize } = options;
  // Where a file should end, a small buffer finds it: a large one costs more than most files.
  const beyond = found.isFile() && found.size > 0 ? endPiece : smallPiece;
  const handle = await guard("read", path, () => fs().open(path, "r"));
  try {
    for (let at = start; at < end; ) {
      const left = found.size > at ? found.size - at : beyond;
      const buffer = new Uint8Array(Math.min(pieceSize, end - at, left));
      // Pipes have no position.
      const { bytesRead } = await guard("read", path, () => handle.read(buffer, 0, buffer.length, found.isFile() ? at : null));
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function writerOf(path: string, handle: promises.FileHandle): FileWriter {
  let closing: Promise<void> | undefined;
  return {
    write: (bytes) =>
      guard("write", path, async () => {
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
      }),
    sync: () => guard("write", path, () => handle.sync()),
    close: () => (closing ??= guard("write", path, () => handle.close())),
  };
}

async function status(path: string, follow: boolean): Promise<FileStatus | undefined> {
  try {
    const found = await (follow ? fs().stat(path) : fs().lstat(path));
    return { kind: kindOf(found), size: found.size, modified: found.mtimeMs, owner: found.uid };
  } catch (error) {
    if (absent.has(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** The path is made absolute because a trailing separator would follow a link. */
async function remove(path: string): Promise<void> {
  try {
    await fs().rm(pathModule().resolve(path), { recursive: true, force: true });
  } catch (error) {
    if (!absent.has(systemCode(error) ?? "")) throw fileError("remove", path, error);
  }
}

async function removeDirectory(path: string): Promise<void> {
  try {
    await fs().rmdir(path);
  } catch (error) {
    if (!absent.has(systemCode(error) ?? "")) throw fileError("remove", path, error);
  }
}

function kindOf(found: Stats): FileKind {
  if (found.isSymbolicLink()) return "link";
  if (found.isDirectory()) return "directory";
  return found.isFile() ? "file" : "other";
}

async function linkFile(from: string, to: string): Promise<void> {
  try {
    await fs().link(from, to);
  } catch (cause) {
    if (systemCode(cause) === "EEXIST") throw fileError("create", to, cause);
    if (!noLinks.has(systemCode(cause) ?? "")) throw fileError("link", from, cause);
    throw new OciError("UNSUPPORTED", `Cannot link ${quote(from)} to ${quote(to)}: the file system refuses (${systemCode(cause)})`, { cause });
  }
}

async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await fs().open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!noDirectorySync.has(systemCode(error) ?? "")) throw fileError("sync", path, error);
  }
}
