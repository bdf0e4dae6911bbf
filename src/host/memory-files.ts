import { type Bytes, type ByteStream, concatBytes, encodeUtf8, type ErrorCode, OciError, quote, readAll, streamOf, throwIfAborted } from "../core/base/mod.ts";
import type { Clock, FileSystem, FileWriter, ReadOptions } from "../core/port/mod.ts";
import { absolutePath, directoryOf, joinPaths, nameOf } from "./posix-path.ts";

/** A file; two names may stand for it. */
interface MemoryFile {
  readonly kind: "file";
  pieces: Bytes[];
  size: number;
  modified: number;
}

interface MemoryDirectory {
  readonly kind: "directory";
  readonly entries: Map<string, MemoryNode>;
  readonly size: 0;
  modified: number;
}

type MemoryNode = MemoryFile | MemoryDirectory;

const pieceSize = 2 ** 20;
const words = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EEXIST: "file already exists",
  EISDIR: "it is a directory",
  ENOTEMPTY: "directory not empty",
  EBADF: "the file is closed",
} as const;
const codes: Readonly<Record<keyof typeof words, ErrorCode>> = { ENOENT: "NOT_FOUND", ENOTDIR: "NOT_FOUND", EEXIST: "EXISTS", EISDIR: "IO", ENOTEMPTY: "EXISTS", EBADF: "IO" };

function refuse(verb: string, path: string, code: keyof typeof words): never {
  throw new OciError(codes[code], `Cannot ${verb} ${quote(path)}: ${code}: ${words[code]}`);
}

/** Returns a file system in memory with POSIX paths, `/` being the current directory; `clock` dates the files. */
export function memoryFiles(initial: Readonly<Record<string, string | Uint8Array>>, clock: Clock): FileSystem {
  const root: MemoryDirectory = { kind: "directory", entries: new Map(), size: 0, modified: clock.now() };
  const tree = createTree(root, clock);
  for (const [path, content] of Object.entries(initial)) tree.seed(path, typeof content === "string" ? encodeUtf8(content) : new Uint8Array(content));
  const read = async (path: string, options: ReadOptions = {}): Promise<ByteStream> => {
    throwIfAborted(options.signal);
    const file = tree.file("read", path);
    return streamOf(slices(file, options), options.signal);
  };
  return {
    read,
    readFile: async (path, limit) => await readAll(await read(path), { limit, what: quote(path) }),
    create: async (path) => writerOf(path, tree.create(path), clock),
    async status(path) {
      const node = tree.find(path);
      return node && { kind: node.kind, size: node.size, modified: node.modified };
    },
    list: async (path) => [...tree.directory("list", path).entries.keys()].sort(),
    makeDirectory: async (path) => void tree.makeDirectories(path),
    createDirectory: async (path) => tree.makeDirectory(path),
    async link(from, to) {
      const file = tree.file("link", from);
      if (tree.find(to)) refuse("create", to, "EEXIST");
      tree.directory("create", directoryOf(to)).entries.set(nameOf(to), file);
    },
    rename: async (from, to) => tree.rename(from, to),
    remove: async (path) => tree.remove(path),
    syncDirectory: async (path) => void tree.directory("sync", path),
    join: joinPaths,
    absolute: absolutePath,
    dirname: directoryOf,
  };
}

interface Tree {
  find(path: string): MemoryNode | undefined;
  file(verb: string, path: string): MemoryFile;
  directory(verb: string, path: string): MemoryDirectory;
  create(path: string): MemoryFile;
  makeDirectory(path: string): void;
  makeDirectories(path: string): MemoryDirectory;
  rename(from: string, to: string): void;
  remove(path: string): void;
  seed(path: string, content: Bytes): void;
}

function createTree(root: MemoryDirectory, clock: Clock): Tree {
  const find = (path: string): MemoryNode | undefined => {
    let node: MemoryNode | undefined = root;
    for (const name of namesOf(path)) node = node?.kind === "directory" ? node.entries.get(name) : undefined;
    return node;
  };
  const file = (verb: string, path: string): MemoryFile => {
    const node = find(path) ?? refuse(verb, path, "ENOENT");
    return node.kind === "file" ? node : refuse(verb, path, "EISDIR");
  };
  const directory = (verb: string, path: string): MemoryDirectory => {
    const node = find(path) ?? refuse(verb, path, "ENOENT");
    return node.kind === "directory" ? node : refuse(verb, path, "ENOTDIR");
  };
  const add = <T extends MemoryNode>(verb: string, path: string, node: T): T => {
    if (find(path)) refuse(verb, path, "EEXIST");
    const parent = directory(verb, directoryOf(path));
    parent.entries.set(nameOf(path), node);
    parent.modified = clock.now();
    return node;
  };
  const emptyFile = (): MemoryFile => ({ kind: "file", pieces: [], size: 0, modified: clock.now() });
  const emptyDirectory = (): MemoryDirectory => ({ kind: "directory", entries: new Map(), size: 0, modified: clock.now() });
  const makeDirectories = (path: string): MemoryDirectory => {
    const node = find(path);
    if (node?.kind === "file") refuse("make directory", path, "EEXIST");
    if (node) return node;
    makeDirectories(directoryOf(absolutePath(path)));
    return add("make directory", path, emptyDirectory());
  };
  return {
    find,
    file,
    directory,
    makeDirectories,
    create: (path) => add("create", path, emptyFile()),
    makeDirectory: (path) => void add("make directory", path, emptyDirectory()),
    rename(from, to) {
      const node = find(from) ?? refuse("rename", from, "ENOENT");
      const taken = find(to);
      if (taken === node) return;
      if (taken?.kind === "directory") {
        if (node.kind === "file") refuse("rename", from, "EISDIR");
        if (taken.entries.size > 0) refuse("rename", from, "ENOTEMPTY");
      } else if (taken && node.kind === "directory") refuse("rename", from, "ENOTDIR");
      directory("rename", directoryOf(to)).entries.set(nameOf(to), node);
      directory("rename", directoryOf(from)).entries.delete(nameOf(from));
    },
    remove(path) {
      const parent = find(directoryOf(path));
      if (parent?.kind === "directory") parent.entries.delete(nameOf(path));
    },
    seed(path, content) {
      makeDirectories(directoryOf(absolutePath(path)));
      Object.assign(add("create", path, emptyFile()), { pieces: [content], size: content.length });
    },
  };
}

function namesOf(path: string): readonly string[] {
  return absolutePath(path).split("/").slice(1).filter((name) => name !== "");
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
      file.pieces.push(new Uint8Array(bytes));
      file.size += bytes.length;
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
