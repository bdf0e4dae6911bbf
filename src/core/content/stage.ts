import { type ByteStream, isOciError, quote } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { type ContentFiles, type ContentFilesHost, observe, type PutContentOptions } from "./content-files.ts";
import { makeDirectories } from "./directories.ts";
import { temporaryName, writeFile } from "./publish.ts";
import { type Promised, verifyStream } from "./verify.ts";

/**
 * Where the content of one copy waits, out of everybody's sight, until all of it is there.
 *
 * Several copies may write to one directory at once. If each put its blobs where the others look for theirs, one that fails could
 * take nothing away again: another may have met a blob there, have left its own at home, and be about to name it; no lock helps,
 * since a lock may be broken at any time. So a copy that fails takes away what nobody else has ever seen, and what has been
 * published stays for good, named or not (a layout may hold what nobody names). Copies of the same blob at once cost its transfer
 * twice and no one's content.
 */
export interface Stage {
  /** Makes what is needed for content to wait, which {@linkcode put} does by itself. */
  open(): Promise<void>;
  /** Puts content that belongs into `to` there, verified. @throws {OciError} `MISMATCH` if it is not the one promised */
  put(to: ContentFiles, promised: Promised, content: StagedContent): Promise<"copied" | "exists">;
  /** Moves everything that waits to where it belongs, each file whole, and brings the names to the disk. It may be called again. */
  publish(): Promise<void>;
  /** Removes what waits, and the directories that were made for it as far as they are empty. */
  clear(): Promise<void>;
}

/** Content for {@linkcode Stage.put}. */
export interface StagedContent extends PutContentOptions {
  /** Returns the bytes. */
  readonly open: () => Promise<ByteStream>;
}

interface Room extends ContentFilesHost {
  /** Where the content goes in the end. */
  readonly directory: string;
  /** Looks at the directory before anything is written. */
  readonly check: () => Promise<void>;
}

interface Made {
  /** The directory in which content waits. */
  readonly path: string;
  /** Directories that were made to have it there, innermost first. */
  readonly directories: readonly string[];
}

/** Returns a stage inside `directory`; nothing is made before it is needed, and `check` may refuse the directory then. */
export function openStage(host: ContentFilesHost, directory: string, check: () => Promise<void>): Stage {
  const { files, hash, random, clock, environment } = host;
  const room: Room = { files, hash, random, clock, environment, directory, check };
  const waiting = new Map<string, string>();
  const unsynced = new Set<string>();
  let made: Promise<Made> | undefined;
  let count = 0;
  const open = (): Promise<Made> => (made ??= make(room));
  return {
    async open() {
      await open();
    },
    async put(to, promised, content) {
      content.signal?.throwIfAborted();
      const place = to.path(promised.digest);
      if (waiting.has(place)) return "exists";
      const { path } = await open();
      const file = files.join(path, String(count++));
      await write(room, file, { ...content, promised, what: `blob ${promised.digest} in ${quote(directory)}` });
      waiting.set(place, file);
      return "copied";
    },
    async publish() {
      for (const [to, from] of waiting) {
        const folder = files.dirname(to);
        if (!unsynced.has(folder)) await makeDirectories(files, folder);
        unsynced.add(folder);
        await files.rename(from, to);
        waiting.delete(to);
      }
      for (const folder of unsynced) {
        await files.syncDirectory(folder);
        unsynced.delete(folder);
      }
    },
    async clear() {
      const { path, directories } = (await made?.catch(() => undefined)) ?? {};
      made = undefined;
      waiting.clear();
      if (path !== undefined) await files.remove(path);
      await removeEmpty(files, directories ?? []);
    },
  };
}

const maximumTries = 100;

/** A copy that fails may take the directory away between two steps of this one: it is empty until it holds a stage. */
async function make(room: Room): Promise<Made> {
  const { files, directory } = room;
  for (let tries = 1; ; tries++) {
    const directories: string[] = [];
    try {
      directories.push(...(await makeDirectories(files, directory)));
      return { directories, path: await makeInside(room) };
    } catch (error) {
      await removeEmpty(files, directories).catch(() => {});
      const isGone = isOciError(error, "NOT_FOUND") && (await files.status(directory)) === undefined;
      if (!isGone || tries === maximumTries) throw error;
    }
  }
}

async function makeInside({ files, random, directory, check }: Room): Promise<string> {
  await check();
  const path = files.join(directory, temporaryName(random));
  await files.createDirectory(path, { mode: 0o700 });
  return path;
}

interface Writing extends StagedContent {
  readonly promised: Promised;
  readonly what: string;
}

async function write({ files, hash }: Room, file: string, { promised, what, open, onProgress, signal }: Writing): Promise<void> {
  const stream = verifyStream(hash, await open(), promised, what);
  try {
    await writeFile(files, file, onProgress ? observe(stream, onProgress) : stream, signal ? { signal } : {});
  } catch (error) {
    await files.remove(file).catch(() => {});
    throw error;
  }
}

/** Removes `directories`, innermost first, up to the first in which somebody has something. */
async function removeEmpty(files: FileSystem, directories: readonly string[]): Promise<void> {
  try {
    for (const directory of directories) await files.removeDirectory(directory);
  } catch (error) {
    if (!isOciError(error, "EXISTS")) throw error;
  }
}
