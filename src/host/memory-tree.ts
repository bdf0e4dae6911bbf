import { type Bytes, type ErrorCode, OciError, quote } from "../core/base/mod.ts";
import { absolutePath, directoryOf, nameOf } from "./posix-path.ts";

/** A file; several names may stand for it. */
export interface MemoryFile {
  readonly kind: "file";
  pieces: Bytes[];
  size: number;
  modified: number;
}

/** A directory. */
export interface MemoryDirectory {
  readonly kind: "directory";
  readonly entries: Map<string, MemoryNode>;
  readonly size: 0;
  modified: number;
}

/** What a name stands for. */
export type MemoryNode = MemoryFile | MemoryDirectory;

const words = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EEXIST: "file already exists",
  EISDIR: "it is a directory",
  ENOTEMPTY: "directory not empty",
  EBADF: "the file is closed",
} as const;
const codes: Readonly<Record<keyof typeof words, ErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EEXIST: "EXISTS",
  EISDIR: "IO",
  ENOTEMPTY: "EXISTS",
  EBADF: "IO",
};

/** Throws what a system with the same files would say. @throws {OciError} always */
export function refuse(verb: string, path: string, code: keyof typeof words): never {
  throw new OciError(codes[code], `Cannot ${verb} ${quote(path)}: ${code}: ${words[code]}`);
}

/** Returns a file without content. */
export function newFile(modified: number): MemoryFile {
  return { kind: "file", pieces: [], size: 0, modified };
}

/** Returns a directory without entries. */
export function newDirectory(modified: number): MemoryDirectory {
  return { kind: "directory", entries: new Map(), size: 0, modified };
}

/** Returns what is at `path`. */
export function findNode(root: MemoryDirectory, path: string): MemoryNode | undefined {
  let node: MemoryNode | undefined = root;
  for (const name of absolutePath(path).split("/")) {
    if (name !== "") node = node?.kind === "directory" ? node.entries.get(name) : undefined;
  }
  return node;
}

/** Returns the file at `path`. @throws {OciError} `NOT_FOUND`, `IO` for a directory */
export function fileAt(root: MemoryDirectory, verb: string, path: string): MemoryFile {
  const node = findNode(root, path) ?? refuse(verb, path, "ENOENT");
  return node.kind === "file" ? node : refuse(verb, path, "EISDIR");
}

/** Returns the directory at `path`. @throws {OciError} `NOT_FOUND` */
export function directoryAt(root: MemoryDirectory, verb: string, path: string): MemoryDirectory {
  const node = findNode(root, path) ?? refuse(verb, path, "ENOENT");
  return node.kind === "directory" ? node : refuse(verb, path, "ENOTDIR");
}

/** Puts `node` at `path`. @throws {OciError} `EXISTS`, `NOT_FOUND` for the directory above */
export function addNode<T extends MemoryNode>(root: MemoryDirectory, path: string, node: T): T {
  const verb = node.kind === "file" ? "create" : "make directory";
  if (findNode(root, path)) refuse(verb, path, "EEXIST");
  const parent = directoryAt(root, verb, directoryOf(path));
  parent.entries.set(nameOf(path), node);
  parent.modified = node.modified;
  return node;
}

/** Makes the directory at `path` and those above it. @throws {OciError} `EXISTS` where a file is in the way */
export function addDirectories(root: MemoryDirectory, path: string, modified: number): void {
  const node = findNode(root, path);
  if (node?.kind === "file") refuse("make directory", path, "EEXIST");
  if (node) return;
  addDirectories(root, directoryOf(absolutePath(path)), modified);
  addNode(root, path, newDirectory(modified));
}

/** Moves what is at `from`. @throws {OciError} as `rename(2)` would refuse */
export function renameNode(root: MemoryDirectory, from: string, to: string): void {
  const node = findNode(root, from) ?? refuse("rename", from, "ENOENT");
  const taken = findNode(root, to);
  if (taken === node) return;
  if (taken?.kind === "directory" && node.kind === "file") refuse("rename", from, "EISDIR");
  if (taken?.kind === "directory" && taken.entries.size > 0) refuse("rename", from, "ENOTEMPTY");
  if (taken?.kind === "file" && node.kind === "directory") refuse("rename", from, "ENOTDIR");
  directoryAt(root, "rename", directoryOf(to)).entries.set(nameOf(to), node);
  directoryAt(root, "rename", directoryOf(from)).entries.delete(nameOf(from));
}
