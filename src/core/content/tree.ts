import { type ByteStream, quote } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { findPlainFile } from "./plain-file.ts";

/** A file in a tree. */
export interface TreePath {
  /** Names on the way, at least one; the last is the file. */
  readonly parts: readonly string[];
  /** What is looked for, for errors. */
  readonly what: string;
}

/** Named streams, whatever holds them: a directory, an archive. */
export interface Tree {
  /** The tree in words, for messages, in quotes. */
  readonly what: string;
  /** Returns the size of a file in bytes, or undefined if it is not there. @throws {OciError} `INVALID` for what is no plain file */
  size(path: TreePath): Promise<number | undefined>;
  /** Returns the bytes of a file that {@linkcode size} has found. */
  read(path: TreePath, options?: TreeReadOptions): Promise<ByteStream>;
}

/** Options of {@linkcode Tree.read}. */
export interface TreeReadOptions {
  /** Byte behind the last one. @default the end of the file */
  readonly end?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** Returns the files below `directory`; links are not followed. */
export function directoryTree(files: FileSystem, directory: string): Tree {
  return {
    what: quote(directory),
    size: async (path) => (await findPlainFile(files, { directory, ...path }))?.size,
    read: ({ parts }, options = {}) => files.read(files.join(directory, ...parts), options),
  };
}

/** Returns the files of both trees; one that both have is that of `first`. */
export function layeredTree(first: Tree, second: Tree): Tree {
  return {
    what: second.what,
    size: async (path) => (await first.size(path)) ?? (await second.size(path)),
    read: async (path, options) => ((await first.size(path)) === undefined ? second : first).read(path, options),
  };
}
