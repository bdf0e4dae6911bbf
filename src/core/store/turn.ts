import { isOciError, throwIfAborted } from "../base/mod.ts";
import type { Clock, FileSystem, Random } from "../port/mod.ts";

/** What {@linkcode takeTurn} works with. */
export interface TurnTools {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

const name = "turn";
/** Milliseconds of sleep for which one holder is waited for; it may have died. */
const patience = 500;
/** What a pause counts at most: however long they are, a holder is seen several times before it is given up. */
const countedPause = 200;
/** Milliseconds by which pauses may grow with every other holder that is seen: with many waiting, looking costs more than it gains. */
const crowdPause = 64;
const longestPause = 1000;

/**
 * Waits for a turn in `directory` and returns how to end it. Turns save writers of one record from making changes that
 * will lose; nothing depends on them. Who dies holding one costs the next writer half a second, and two or three after a crowd.
 *
 * Sleep is counted as it was asked for, not as it was: where everything is slow, holders are too. `signal` ends the waiting.
 */
export async function takeTurn(tools: TurnTools, directory: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  const { files, clock, random } = tools;
  const path = files.join(directory, name);
  let holder: number | undefined;
  let waited = 0;
  let holders = 1;
  for (let attempt = 0; ; attempt++) {
    throwIfAborted(signal);
    const modified = (await files.status(path))?.modified;
    if (modified === undefined) {
      const end = await tryTurn(files, path);
      if (end) return end;
    } else if (modified !== holder) {
      waited = 0;
      holders++;
    } else if (waited > patience) await files.remove(path).catch(() => {});
    holder = modified;
    const pause = random.number() * Math.min(2 ** attempt, holders * crowdPause, longestPause);
    waited += Math.min(pause, countedPause);
    await clock.sleep(pause, signal);
  }
}

/** Returns how to end the turn, or undefined where somebody else has it. */
async function tryTurn(files: FileSystem, path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    await (await files.create(path, { mode: 0o600 })).close();
  } catch (error) {
    // Anything but another holder will stand against the edit as well, which says so.
    return isOciError(error, "EXISTS") ? undefined : async () => {};
  }
  // A holder that was given up on must not end the turn of the next one, or two would have one from then on.
  const own = (await files.status(path))?.modified;
  return async () => {
    if ((await files.status(path))?.modified === own) await files.remove(path);
  };
}
