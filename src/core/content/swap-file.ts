import { type Bytes, formatHex, isOciError, OciError, quote } from "../base/mod.ts";
import type { Host } from "../port/mod.ts";
import { readPlainFile } from "./plain-file.ts";
import { sweepTemporaries, temporaryName } from "./publish.ts";

/** What {@linkcode swapFile} needs of a host. */
export type SwapFileHost = Pick<Host, "files" | "random" | "clock" | "environment">;

/** Options of {@linkcode swapFile}. */
export interface SwapFileOptions {
  /** Where the file lies; the directory is there. */
  readonly directory: string;
  /** Name of the file. */
  readonly name: string;
  /** Bytes the file may have. @default 4 MiB */
  readonly limit?: number;
  /** Permissions of the file. @default 0o644 */
  readonly mode?: number;
  /** Ends waiting and writing; nothing is left. */
  readonly signal?: AbortSignal;
}

/** Returns the new bytes for the current ones (undefined: there is no file), or undefined to leave everything as it is. It may be called again. */
export type FileEdit = (current: Bytes | undefined) => Promise<Bytes | undefined>;

/** Milliseconds without a change after which a lock is taken for one whose holder died. A wrong guess costs its holder another try, no edit. */
const patience = 1000;
const longestWait = 50;

interface Swap extends SwapFileHost, SwapFileOptions {
  /** The lock: a directory that holds one directory, whose name is the holder's token. */
  readonly lock: string;
}

/**
 * Replaces a small file by an edit of it, so that of any number of processes that do so no edit is lost, and whoever reads
 * finds the old file or the new one, also when a process dies at any instant. Returns whether the file was replaced.
 *
 * The lock is a directory `.NAME.lock` that holds a directory named by a random token; it is made elsewhere and renamed into
 * place, which fails while another is there. The new file is made inside, `.NAME.lock/TOKEN/next`, and renamed from there onto
 * the old one. So whose lock has been taken away can no longer commit: that path is gone, for good. A lock may therefore be
 * broken at any time, by any number of processes, without two commits from one reading.
 */
export async function swapFile(host: SwapFileHost, edit: FileEdit, options: SwapFileOptions): Promise<boolean> {
  const { files, random, clock, environment } = host;
  const swap: Swap = { ...options, files, random, clock, environment, lock: files.join(options.directory, `.${options.name}.lock`) };
  await sweepTemporaries(host, options.directory);
  for (let lost = 0; ; lost++) {
    const token = await acquire(swap, patience * 2 ** Math.min(lost, 6));
    try {
      const outcome = await commit(swap, token, edit);
      if (outcome !== "lost") return outcome === "replaced";
    } finally {
      await release(swap, token);
    }
  }
}

/** Options of {@linkcode replaceFile}. */
export interface ReplaceFileOptions extends SwapFileOptions {
  /** The new file, complete and on the disk, in the same directory; it is gone afterwards, unless it came in between. */
  readonly prepared: string;
  /** Tells whether the file is still what the new one was made from. */
  readonly isCurrent: () => Promise<boolean>;
}

/**
 * Puts a file that was prepared in the place of another, as {@linkcode swapFile} does, if that one is still what the new one was
 * made from. Returns false where it is not: somebody else was faster, and the edit begins again. A large file is so written
 * without a lock, which is held for a look and two renames.
 */
export async function replaceFile(host: SwapFileHost, options: ReplaceFileOptions): Promise<boolean> {
  const { files, random, clock, environment } = host;
  const { directory, name, prepared, isCurrent } = options;
  const swap: Swap = { ...options, files, random, clock, environment, lock: files.join(directory, `.${name}.lock`) };
  const token = await acquire(swap, patience);
  try {
    if (!(await isCurrent())) return false;
    const staged = files.join(swap.lock, token, "next");
    await files.rename(prepared, staged);
    await files.rename(staged, files.join(directory, name));
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return false;
    throw error;
  } finally {
    await release(swap, token);
  }
  await files.syncDirectory(directory);
  return true;
}

/** Returns the token of the lock that is now held. */
async function acquire(swap: Swap, patient: number): Promise<string> {
  const { files, random, lock } = swap;
  const token = formatHex(random.bytes(16));
  const made = files.join(swap.directory, temporaryName(random));
  await files.createDirectory(made);
  try {
    await files.createDirectory(files.join(made, token));
    await waitFor(swap, patient, () => files.rename(made, lock));
  } catch (error) {
    await files.remove(made).catch(() => {});
    throw error;
  }
  return token;
}

/** Tries `take` until it succeeds; breaks a lock that stayed the same for `patient` milliseconds. */
async function waitFor(swap: Swap, patient: number, take: () => Promise<void>): Promise<void> {
  const { clock, random, signal } = swap;
  let seen = { holder: "", since: clock.monotonic() };
  let unexplained = 0;
  for (let wait = 1; ; wait = Math.min(wait * 2, longestWait)) {
    signal?.throwIfAborted();
    try {
      return await take();
    } catch (error) {
      const holder = await holderOf(swap);
      unexplained = holder === undefined ? unexplained + 1 : 0;
      if (unexplained > 100) throw error;
      if (holder !== undefined && holder !== seen.holder) seen = { holder, since: clock.monotonic() };
    }
    if (seen.holder !== "" && clock.monotonic() - seen.since > patient) {
      if ((await holderOf(swap)) === seen.holder) await takeAway(swap);
      seen = { holder: "", since: clock.monotonic() };
      continue;
    }
    await clock.sleep(1 + wait * random.number(), signal);
  }
}

/** Returns what tells this lock from the next one, or undefined if there is none. */
async function holderOf({ files, lock }: Swap): Promise<string | undefined> {
  const status = await files.status(lock);
  if (status === undefined) return undefined;
  if (status.kind !== "directory") throw new OciError("INVALID", `Cannot lock ${quote(lock)}: something else has that name`);
  try {
    return (await files.list(lock)).join("/") || "empty";
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function commit(swap: Swap, token: string, edit: FileEdit): Promise<"replaced" | "kept" | "lost"> {
  const { files, directory, name, signal } = swap;
  const path = files.join(directory, name);
  const current = await readPlainFile(files, { directory, parts: [name], what: quote(path) }, swap.limit ?? 4 * 1024 * 1024);
  const next = await edit(current);
  if (next === undefined) return "kept";
  signal?.throwIfAborted();
  const staged = files.join(swap.lock, token, "next");
  try {
    const writer = await files.create(staged, { mode: swap.mode ?? 0o644 });
    try {
      await writer.write(next);
      await writer.sync();
    } finally {
      await writer.close();
    }
    await files.rename(staged, path);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return "lost";
    throw error;
  }
  await files.syncDirectory(directory);
  return "replaced";
}

/** A lock that cannot be released is broken by the next one who waits for it; what was done stays done. */
async function release(swap: Swap, token: string): Promise<void> {
  try {
    if ((await holderOf(swap)) === token) await takeAway(swap);
  } catch (error) {
    if (!isOciError(error)) throw error;
  }
}

/** Renames first: a directory is removed name by name, and somebody may take the lock in between. */
async function takeAway({ files, directory, random, lock }: Swap): Promise<void> {
  const away = files.join(directory, temporaryName(random));
  try {
    await files.rename(lock, away);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return;
    return files.remove(lock);
  }
  await files.remove(away);
}
