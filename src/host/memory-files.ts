import { type ByteStream, type Bytes, concatBytes, encodeUtf8, quote, readAll, streamOf, throwIfAborted } from "../core/base/mod.ts";
import type { Clock, FileSystem, FileWriter, ReadOptions } from "../core/port/mod.ts";
import { addDirectories, addNode, directoryAt, fileAt, findNode, type MemoryFile, newDirectory, newFile, refuse, renameNode } from "./memory-tree.ts";
import { absolutePath, directoryOf, joinPaths, nameOf } from "./posix-path.ts";

const pieceSize = 2 ** 20;

/** Returns a file system in memory with POSIX paths, `/` being the current directory; `clock` dates the files. */
export function memoryFiles(initial: Readonly<Record<string, string | Uint8Array>>, clock: Clock): FileSystem {
  const root = newDirectory(clock.now());
  const create = (path: string): FileWriter => writerOf(path, addNode(root, path, newFile(clock.now())), clock);
  for (const [path, content] of Object.entries(initial)) {
    addDirectories(root, directoryOf(absolutePath(path)), clock.now());
    append(addNode(root, path, newFile(clock.now())), typeof content === "string" ? encodeUtf8(content) : content);
  }
  const read = async (path: string, options: ReadOptions = {}): Promise<ByteStream> => {
    throwIfAborted(options.signal);
    return streamOf(slices(fileAt(root, "read", path), options), options.signal);
  };
  return {
    read,
    readFile: async (path, limit) => await readAll(await read(path), { limit, what: quote(path) }),
    create: async (path) => create(path),
    async overwrite(path) {
      const file = fileAt(root, "write", path);
      file.pieces = [];
      file.size = 0;
      return writerOf(path, file, clock);
    },
    async status(path) {
      const node = findNode(root, path);
      return node && { kind: node.kind, size: node.size, modified: node.modified };
    },
    list: async (path) => [...directoryAt(root, "list", path).entries.keys()].sort(),
    makeDirectory: async (path) => addDirectories(root, path, clock.now()),
    createDirectory: async (path) => void addNode(root, path, newDirectory(clock.now())),
    link: async (from, to) => void addNode(root, to, fileAt(root, "link", from)),
    rename: async (from, to) => renameNode(root, from, to),
    async remove(path) {
      const parent = findNode(root, directoryOf(path));
      if (parent?.kind === "directory") parent.entries.delete(nameOf(path));
    },
    async removeDirectory(path) {
      if (findNode(root, path)?.kind !== "directory") return;
      if (directoryAt(root, "remove", path).entries.size > 0) refuse("remove", path, "ENOTEMPTY");
      directoryAt(root, "remove", directoryOf(path)).entries.delete(nameOf(path));
    },
    syncDirectory: async (path) => void directoryAt(root, "sync", path),
    join: joinPaths,
    absolute: absolutePath,
    dirname: directoryOf,
  };
}

function append(file: MemoryFile, bytes: Uint8Array): void {
  file.pieces.push(new Uint8Array(bytes));
  file.size += bytes.length;
}

function* slices(file: MemoryFile, { start = 0, end = file.size }: ReadOptions): Generator<Bytes, void, void> {
  const last = Math.min(end, file.size);
  // One array from now on, so that the next reading need not look for its place.
  if (file.pieces.length > 1) file.pieces = [concatBytes(file.pieces)];
  const [content = new Uint8Array(0)] = file.pieces;
  for (let at = start; at < last; at += pieceSize) yield content.slice(at, Math.min(at + pieceSize, last));
}

function writerOf(path: string, file: MemoryFile, clock: Clock): FileWriter {
  let open = true;
  return {
    async write(bytes) {
      if (!open) refuse("write", path, "EBADF");
      append(file, bytes);
      file.modified = clock.now();
    },
    async sync() {
      if (!open) refuse("write", path, "EBADF");
    },
    async close() {
      open = false;
    },
  };
}
