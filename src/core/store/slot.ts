import { type Bytes, equalBytes, isOciError } from "../base/mod.ts";
import type { FileSystem, FileWriter } from "../port/mod.ts";
import { innerName, readGeneration } from "./generation.ts";

/** What became of an attempt to publish: `lost` means try again from the start, `linkless` that this file system needs the other kind of slot. */
export type Outcome = "published" | "lost" | "linkless";

/** A place beside the generations where the next one is written; see `register.ts` for why it is there before anything is read. */
export interface Slot {
  /** Writes `bytes` and gives them the name `target` if nothing has it. */
  publish(target: string, bytes: Bytes): Promise<Outcome>;
  /** Takes away what was not published. */
  release(): Promise<void>;
}

/** Returns a slot that is a file, published with link(2). @throws {OciError} `NOT_FOUND` where the directory is gone */
export async function openFileSlot(files: FileSystem, path: string): Promise<Slot> {
  const writer = await files.create(path, { mode: 0o600 });
  return {
    async publish(target, bytes) {
      try {
        await finish(writer, bytes);
        await files.link(path, target);
      } catch (error) {
        if (isOciError(error, "UNSUPPORTED")) return "linkless";
        return judge(files, { path, target, bytes, error });
      }
      return "published";
    },
    async release() {
      await writer.close().catch(() => {});
      await files.remove(path).catch(() => {});
    },
  };
}

/** Returns a slot that is a directory, published by renaming it, which fails where something has the name. @throws {OciError} `NOT_FOUND` */
export async function openDirectorySlot(files: FileSystem, path: string): Promise<Slot> {
  await files.createDirectory(path, { mode: 0o700 });
  return {
    async publish(target, bytes) {
      try {
        await finish(await files.create(files.join(path, innerName), { mode: 0o600 }), bytes);
        await files.syncDirectory(path);
        await files.rename(path, target);
      } catch (error) {
        return judge(files, { path, target, bytes, error });
      }
      return "published";
    },
    async release() {
      await files.remove(path).catch(() => {});
    },
  };
}

/** Writes `bytes` and brings them to the disk. */
export async function finish(writer: FileWriter, bytes: Bytes): Promise<void> {
  try {
    await writer.write(bytes);
    await writer.sync();
  } finally {
    await writer.close();
  }
}

interface Failure {
  readonly path: string;
  readonly target: string;
  readonly bytes: Bytes;
  readonly error: unknown;
}

/** A name that is taken may hold our own bytes: NFS repeats a link whose answer was lost, and the repetition fails (open(2), O_EXCL). */
async function judge(files: FileSystem, { path, target, bytes, error }: Failure): Promise<Outcome> {
  const holder = await readGeneration(files, target);
  if (holder !== undefined) return equalBytes(holder, bytes) ? "published" : "lost";
  if (isOciError(error, "EXISTS") || (await files.status(path)) === undefined) return "lost";
  throw error;
}
