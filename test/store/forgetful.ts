import { type Bytes, concatBytes, streamBytes } from "../../src/core/base/mod.ts";
import type { FileSystem, FileWriter, Random } from "../../src/core/port/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import {
  addDirectories,
  addNode,
  directoryAt,
  fileAt,
  findNode,
  type MemoryDirectory,
  type MemoryFile,
  type MemoryNode,
  newDirectory,
  newFile,
  refuse,
  renameNode,
} from "../../src/host/memory-tree.ts";

/** A file system that forgets at a crash what nobody brought to the disk: contents of files, and names in directories. */
export interface ForgetfulFiles {
  readonly files: FileSystem;
  /** Returns what is there after a crash of the machine: of everything that was not brought to the disk chance keeps one state or the other. */
  crash(random: Pick<Random, "number">): ForgetfulFiles;
}

const now = 1e12;

/** Returns a file system whose content, at first, is all on the disk. */
export function forgetfulFiles(root: MemoryDirectory = newDirectory(now)): ForgetfulFiles {
  const names = new Map<MemoryDirectory, ReadonlyMap<string, MemoryNode>>();
  const contents = new Map<MemoryFile, Bytes>();
  const settle = (node: MemoryNode): void => {
    if (node.kind === "file") return void contents.set(node, concatBytes(node.pieces));
    names.set(node, new Map(node.entries));
    for (const child of node.entries.values()) settle(child);
  };
  settle(root);
  const memory = memoryHost().files;
  return {
    files: {
      ...memory,
      read: async (path) => streamBytes(concatBytes(fileAt(root, "read", path).pieces)),
      readFile: async (path) => concatBytes(fileAt(root, "read", path).pieces),
      create: async (path) => writerOf(addNode(root, path, newFile(now)), contents),
      async status(path) {
        const node = findNode(root, path);
        return node && { kind: node.kind, size: node.size, modified: node.modified };
      },
      list: async (path) => [...directoryAt(root, "list", path).entries.keys()].sort(),
      makeDirectory: async (path) => addDirectories(root, path, now),
      createDirectory: async (path) => void addNode(root, path, newDirectory(now)),
      link: async (from, to) => void addNode(root, to, fileAt(root, "link", from)),
      rename: async (from, to) => renameNode(root, from, to),
      async remove(path) {
        const parent = findNode(root, memory.dirname(path));
        if (parent?.kind === "directory") parent.entries.delete(path.slice(path.lastIndexOf("/") + 1));
      },
      async removeDirectory(path) {
        const node = findNode(root, path);
        const parent = findNode(root, memory.dirname(path));
        if (node?.kind === "directory" && node.entries.size > 0) refuse("remove", path, "ENOTEMPTY");
        if (node && parent?.kind === "directory") parent.entries.delete(path.slice(path.lastIndexOf("/") + 1));
      },
      async syncDirectory(path) {
        const directory = directoryAt(root, "sync", path);
        names.set(directory, new Map(directory.entries));
      },
    },
    crash(random) {
      const survivors = new Map<MemoryNode, MemoryNode>();
      const pick = <T>(live: T, synced: T): T => (live === synced || random.number() < 0.5 ? live : synced);
      const survive = (node: MemoryNode): MemoryNode => {
        const known = survivors.get(node);
        if (known) return known;
        const survivor = node.kind === "file" ? surviveFile(node) : surviveDirectory(node);
        survivors.set(node, survivor);
        return survivor;
      };
      const surviveFile = (file: MemoryFile): MemoryFile => {
        const bytes = pick(concatBytes(file.pieces), contents.get(file) ?? new Uint8Array());
        return { ...newFile(now), pieces: [bytes], size: bytes.length };
      };
      const surviveDirectory = (directory: MemoryDirectory): MemoryDirectory => {
        const survivor = newDirectory(now);
        const synced = names.get(directory) ?? new Map<string, MemoryNode>();
        for (const name of new Set([...directory.entries.keys(), ...synced.keys()])) {
          const node = pick(directory.entries.get(name), synced.get(name));
          if (node) survivor.entries.set(name, survive(node));
        }
        return survivor;
      };
      return forgetfulFiles(surviveDirectory(root));
    },
  };
}

function writerOf(file: MemoryFile, contents: Map<MemoryFile, Bytes>): FileWriter {
  return {
    async write(bytes) {
      file.pieces.push(new Uint8Array(bytes));
      file.size += bytes.length;
    },
    sync: async () => void contents.set(file, concatBytes(file.pieces)),
    close: async () => {},
  };
}
