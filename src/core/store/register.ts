import { type Bytes, isOciError } from "../base/mod.ts";
import type { Clock, FileSystem, Random } from "../port/mod.ts";
import { type Generation, generationName, generationsIn, readNewest, uniqueName } from "./generation.ts";
import { finish, openDirectorySlot, openFileSlot, type Slot } from "./slot.ts";
import { takeTurn } from "./turn.ts";

/*
 * A register is a directory whose record is replaced without a lock. Every version is a file of its own, `1.json`, `2.json`, …,
 * complete from the moment it has its name and never changed; the highest number is the record. A writer
 *
 *   1. opens a slot, a file of a random name ending in `.new`,
 *   2. reads the newest generation N,
 *   3. writes what follows from N into the slot and brings it to the disk,
 *   4. links the slot to N + 1, which fails if N + 1 is there: then somebody was faster, and it starts again,
 *   5. brings the directory to the disk. Only now is the edit acknowledged.
 *
 * Who has published a G divisible by `pruneInterval` then prunes, in this order:
 *
 *   a. it lists the directory,
 *   b. removes every slot the listing shows,
 *   c. removes the generations below G, lowest first.
 *
 * No edit is lost. The danger is a writer that read N, fell asleep, and wakes up when N + 1 has been made, superseded and
 * pruned: its link to N + 1 must fail. While N + 1 is there it does. If N + 1 is gone, some pruner removed it in (c), having
 * published G > N + 1 before its listing (a) began. Was our slot there when (a) began? Then the listing showed it, and it was
 * removed in (b), before (c): the link has no source and fails. Was it not? Then we opened it (1) after G was published, and
 * (2) came after (1): we cannot have read N < G as the newest. A writer whose slot was removed although it had read G just
 * starts again; that happens once for every `pruneInterval` edits that succeeded, so somebody always advances.
 *
 * So a number is given once, generations without gap are what there is (numbers rise by one, and fall away from below), and
 * `readNewest` is right.
 *
 * A process may die anywhere. Before the link: a slot remains that nobody reads, until a pruner takes it. After the link: the
 * edit is made. While pruning: the rest is pruned next time. Removing a register renames its directory away, with every slot
 * in it, so a late writer finds neither. A register comes into being by one rename as well, so it always has a generation.
 *
 * Without links a slot is a directory and step 4 renames it, which fails as well where a file or a directory that is not
 * empty has the name; to remove such a thing it is renamed away first, so that no half of it is ever published.
 */

/** Returns what follows from the newest generation, or undefined where nothing does; it may be called several times. */
export type Change = (newest: Generation) => Promise<Bytes | undefined>;

/** Options of whatever waits for other writers. */
export interface UpdateOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Records that many processes may replace at once. */
export interface Registers {
  /** Makes a register with its first generation; tells whether it did, false meaning that there is one, or that another try is needed. */
  create(directory: string, bytes: Bytes): Promise<boolean>;
  /**
   * Publishes what `change` makes of the newest generation, calling it again whenever somebody was faster; undefined leaves
   * things as they are. `absent` means that there is no such register. The signal ends the waiting for others; what was
   * published stays.
   */
  update(directory: string, change: Change, options?: UpdateOptions): Promise<"written" | "unchanged" | "absent">;
  /** Removes a file, or a directory in one step. */
  discard(path: string): Promise<void>;
}

/** What {@linkcode openRegisters} works with. */
export interface RegisterTools {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  /** Directory on the same file system for what is being made or removed. */
  readonly workshop: string;
}

const slotSuffix = ".new";
const pruneInterval = 8;
const longestPause = 32;

/** Returns the registers of one store. */
export function openRegisters(tools: RegisterTools): Registers {
  const { files, clock, random, workshop } = tools;
  let hasLinks = true;

  const discard = async (path: string): Promise<void> => {
    const status = await files.status(path);
    if (status?.kind !== "directory") return files.remove(path);
    const aside = files.join(workshop, `${uniqueName(random)}.dead`);
    try {
      await files.rename(path, aside);
    } catch (error) {
      if (!isOciError(error, "NOT_FOUND")) throw error;
    }
    await files.remove(aside);
  };

  const prune = async (directory: string, newest: number): Promise<void> => {
    const names = await files.list(directory);
    for (const name of names) if (name.endsWith(slotSuffix)) await discard(files.join(directory, name));
    for (const number of generationsIn(names)) if (number < newest) await discard(files.join(directory, generationName(number)));
  };

  const openSlot = async (directory: string): Promise<Slot | undefined> => {
    const path = files.join(directory, `${uniqueName(random)}${slotSuffix}`);
    try {
      return hasLinks ? await openFileSlot(files, path) : await openDirectorySlot(files, path);
    } catch (error) {
      if (isOciError(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  };

  const tryUpdate = async (directory: string, change: Change): Promise<"written" | "unchanged" | "absent" | "lost"> => {
    const slot = await openSlot(directory);
    if (slot === undefined) return "absent";
    let number: number;
    try {
      const newest = await readNewest(files, directory);
      if (newest === undefined) return "absent";
      const bytes = await change(newest);
      if (bytes === undefined) return "unchanged";
      number = newest.number + 1;
      const outcome = await slot.publish(files.join(directory, generationName(number)), bytes);
      if (outcome === "linkless") hasLinks = false;
      if (outcome !== "published") return "lost";
    } finally {
      await slot.release();
    }
    await files.syncDirectory(directory);
    // The edit is made; what cannot be pruned now is pruned later.
    if (number % pruneInterval === 0) await prune(directory, number).catch(() => {});
    return "written";
  };

  return {
    discard,
    async create(directory, bytes) {
      const stage = files.join(workshop, uniqueName(random));
      try {
        await files.createDirectory(stage, { mode: 0o700 });
        await finish(await files.create(files.join(stage, generationName(1)), { mode: 0o600 }), bytes);
        await files.syncDirectory(stage);
        await files.rename(stage, directory);
      } catch (error) {
        const isLost = (await files.status(directory)) !== undefined || (await files.status(stage)) === undefined;
        await files.remove(stage).catch(() => {});
        if (isLost && (isOciError(error, "EXISTS") || isOciError(error, "NOT_FOUND"))) return false;
        throw error;
      }
      await files.syncDirectory(files.dirname(directory));
      return true;
    },
    async update(directory, change, { signal } = {}) {
      // Who lost was not alone: it waits for another turn, or the slower edits get, the more would run at once.
      for (let attempt = 0; ; attempt++) {
        const endTurn = await takeTurn(tools, directory, signal);
        const outcome = await tryUpdate(directory, change).finally(() => endTurn().catch(() => {}));
        if (outcome !== "lost") return outcome;
        await clock.sleep(random.number() * Math.min(2 ** attempt, longestPause), signal);
      }
    },
  };
}
