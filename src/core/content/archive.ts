import { type Bytes, OciError, readAll } from "../base/mod.ts";
import type { CompressionFormat, ContentOptions, FileStatus, Host } from "../port/mod.ts";
import { unpackToTemporary } from "./archive-unpack.ts";
import { openScratch } from "./scratch.ts";
import { readTarMembers, type TarMember } from "./tar-members.ts";
import { tarTree } from "./tar-tree.ts";
import type { Tree } from "./tree.ts";

/** What archives need of a host. */
export type ArchiveHost = Pick<Host, "files" | "compression" | "environment" | "random" | "clock">;

/** An archive that has been looked through. */
export interface Archive {
  /** Its files. */
  readonly tree: Tree;
  /** Its files and links by name. */
  readonly members: ReadonlyMap<string, TarMember>;
  /** How it is compressed. */
  readonly compression?: CompressionFormat;
}

/** Which archive is meant. */
export interface ArchiveName {
  /** The file. */
  readonly path: string;
  /** It in words, for messages, in quotes. */
  readonly what: string;
}

/** The archives of one run: each is looked through once, as long as its file stays the same. */
export interface Archives {
  /**
   * Returns an archive; a compressed one is unpacked once into one file of the work directory, which {@linkcode close} removes.
   * @throws {OciError} `NOT_FOUND`, `INVALID` for what is no archive, `LIMIT` for one that grows beyond measure
   */
  open(name: ArchiveName, options?: ContentOptions): Promise<Archive>;
  /** Looks through an archive again the next time, whatever its size and date say: two writings can be too close for them. */
  forget(path: string): void;
  /** Tells whether a file is another than the one that was looked through last; it is looked through again then. */
  hasChanged(path: string): Promise<boolean>;
  /** Removes what was unpacked. */
  close(): Promise<void>;
}

interface Known {
  readonly status: FileStatus;
  readonly archive: Promise<Archive>;
}

/** Returns the archives that `host` can read; nothing is opened yet. */
export function openArchives(host: ArchiveHost): Archives {
  const known = new Map<string, Known>();
  const scratch = openScratch(host);
  const look = async (name: ArchiveName, status: FileStatus, { signal }: ContentOptions): Promise<Archive> => {
    const file = { ...name, ...(signal && { signal }) };
    const compression = await compressionOf(host, name);
    const path = compression === undefined ? name.path : await unpackToTemporary(host, scratch, { ...file, status, compression });
    const tar = { ...file, path };
    const members = await readTarMembers(host.files, tar);
    return { tree: tarTree(host.files, tar, members), members, ...(compression !== undefined && { compression }) };
  };
  return {
    async open(name, options = {}) {
      options.signal?.throwIfAborted();
      const status = await statusOf(host, name);
      const old = known.get(name.path);
      if (old !== undefined && isSame(old.status, status)) return old.archive;
      const archive = look(name, status, options);
      known.set(name.path, { status, archive });
      archive.catch(() => known.delete(name.path));
      return archive;
    },
    forget: (path) => void known.delete(path),
    async hasChanged(path) {
      const status = await host.files.status(path);
      const old = known.get(path);
      if (old === undefined ? status === undefined : status !== undefined && isSame(old.status, status)) return false;
      known.delete(path);
      return true;
    },
    async close() {
      await scratch.close();
      known.clear();
    },
  };
}

function isSame(a: FileStatus, b: FileStatus): boolean {
  return a.size === b.size && a.modified === b.modified;
}

async function statusOf({ files }: ArchiveHost, { path, what }: ArchiveName): Promise<FileStatus> {
  const status = await files.status(path);
  if (status === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: there is no such file`);
  if (status.kind === "file" && status.size === 0) throw new OciError("NOT_FOUND", `Cannot read ${what}: the file is empty`);
  if (status.kind === "file" || status.kind === "link") return status;
  const seen = status.kind === "directory" ? "it is a directory" : "it is no plain file, and an archive is read at more than one place";
  throw new OciError("INVALID", `Cannot read ${what}: ${seen}, expected a tar file`);
}

/** What the first bytes of a file say. */
const magics: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];

/** Bytes that {@linkcode detectCompression} looks at. */
export const magicSize = 8;

/** Returns how bytes that begin with `start` are compressed: `gzip`, `zstd`, or something that is not read here. */
export function detectCompression(start: Bytes): string | undefined {
  return magics.find(([, bytes]) => bytes.every((byte, at) => start[at] === byte))?.[0];
}

async function compressionOf({ files }: ArchiveHost, { path, what }: ArchiveName): Promise<CompressionFormat | undefined> {
  const format = detectCompression(await readAll(await files.read(path, { end: magicSize }), { limit: magicSize, what }));
  if (format === undefined || format === "gzip" || format === "zstd") return format;
  throw new OciError("UNSUPPORTED", `Cannot read ${what}: it is compressed with ${format}, expected gzip, zstd or no compression`);
}
