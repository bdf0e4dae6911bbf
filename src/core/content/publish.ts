import { type ByteStream, type Bytes, formatHex, isOciError, streamBytes } from "../base/mod.ts";
import type { FileSystem, FileWriter, Host, Random } from "../port/mod.ts";

/** Options of {@linkcode publishFile}. */
export interface PublishOptions {
  /** Makes the name of the file beside. */
  readonly random: Random;
  /** Permissions of the file. @default 0o644 */
  readonly mode?: number;
  /** Whether a file that is there is an error instead of being replaced. @default false */
  readonly exclusive?: boolean;
  /** Ends the writing; nothing is left. */
  readonly signal?: AbortSignal;
}

const prefix = ".ocidex-";
const suffix = ".tmp";
const day = 24 * 60 * 60 * 1000;

/**
 * Writes a file so that there is all of it or none at every instant: it is written beside under a random name, brought to
 * the disk, then renamed or, when exclusive, linked. A failure leaves nothing; a crash leaves at most the file beside,
 * which {@linkcode sweepTemporaries} takes away a day later.
 * @throws {OciError} `EXISTS` when exclusive and the name is taken, `UNSUPPORTED` when exclusive and there are no links, `IO`
 */
export async function publishFile(files: FileSystem, path: string, content: Bytes | ByteStream, options: PublishOptions): Promise<void> {
  const directory = files.dirname(path);
  const temporary = files.join(directory, temporaryName(options.random));
  const stream = content instanceof Uint8Array ? streamBytes(content) : content;
  try {
    await writeFile(files, temporary, stream, options);
    options.signal?.throwIfAborted();
    if (options.exclusive) await files.link(temporary, path);
    else await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  }
  if (options.exclusive) await files.remove(temporary);
  await files.syncDirectory(directory);
}

/** Returns a new name for what is being written, one that {@linkcode isTemporaryName} knows. */
export function temporaryName(random: Random): string {
  return `${prefix}${formatHex(random.bytes(16))}${suffix}`;
}

/** Tells whether `name` was made by {@linkcode temporaryName}. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(prefix) && name.endsWith(suffix);
}

/** Options of {@linkcode writeFile}. */
export interface WriteFileOptions extends Pick<PublishOptions, "mode" | "signal"> {
  /** Whether everything is brought to the disk. @default true */
  readonly sync?: boolean;
}

/** Writes a new file of everything in `stream`; whatever happens, `stream` is used up or cancelled. @throws {OciError} `EXISTS`, `IO` */
export async function writeFile(files: FileSystem, path: string, stream: ByteStream, options: WriteFileOptions): Promise<void> {
  let writer: FileWriter;
  try {
    options.signal?.throwIfAborted();
    writer = await files.create(path, { mode: options.mode ?? 0o644 });
  } catch (error) {
    stream.cancel(error).catch(() => {});
    throw error;
  }
  try {
    await drain(stream, writer, options.signal);
    if (options.sync !== false) await writer.sync();
  } finally {
    await writer.close();
  }
}

/** Cancelling the reader wakes up a read that waits for a source that has gone silent. */
async function drain(stream: ByteStream, writer: FileWriter, signal: AbortSignal | undefined): Promise<void> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", stop);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      await writer.write(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** What {@linkcode sweepTemporaries} needs of a host. */
export type SweepHost = Pick<Host, "files" | "clock" | "environment">;

/**
 * Removes what a crash of this user's left half written in `directory` more than a day ago. What cannot be removed stays, and so
 * does what is another user's: in a directory that all may write to, he could put a link in the place of what is being removed.
 */
export async function sweepTemporaries({ files, clock, environment: { user } }: SweepHost, directory: string): Promise<void> {
  const names = await files.list(directory).catch((error: unknown) => {
    if (isOciError(error)) return [];
    throw error;
  });
  for (const name of names) {
    if (!isTemporaryName(name)) continue;
    const path = files.join(directory, name);
    const status = await files.status(path).catch(() => undefined);
    if (status === undefined || clock.now() - status.modified <= day) continue;
    if (user === undefined || (status.owner ?? user) === user) await files.remove(path).catch(() => {});
  }
}
