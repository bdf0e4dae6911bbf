import { isOciError } from "../base/mod.ts";
import type { Clock, FileSystem, Random } from "../port/mod.ts";

/** What {@linkcode takeTurn} works with. */
export interface TurnTools {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
}

const name = "turn";
/** Milliseconds for which one holder is waited for; it may have died. */
const patience = 500;
/** With many waiting, looking costs more than it gains. */
const longestPause = 64;

/**
 * Waits for a turn in `directory` and returns how to end it. Turns save writers of one record from making changes that
 * will lose; nothing depends on them. Who dies holding one costs the next writer half a second.
 */
export async function takeTurn({ files, clock, random }: TurnTools, directory: string): Promise<() => Promise<void>> {
  const path = files.join(directory, name);
  let holder: number | undefined;
  let since = clock.monotonic();
  for (let attempt = 0; ; attempt++) {
    try {
      await (await files.create(path, { mode: 0o600 })).close();
      return await endOf(files, path);
    } catch (error) {
      // Whatever stands against it will stand against the edit as well, which says so.
      if (!isOciError(error, "EXISTS")) return async () => {};
    }
    const modified = (await files.status(path))?.modified;
    if (modified !== holder) {
      holder = modified;
      since = clock.monotonic();
    } else if (clock.monotonic() - since > patience) await files.remove(path).catch(() => {});
    await clock.sleep(random.number() * Math.min(2 ** attempt, longestPause));
  }
}

/** A holder that was given up on must not end the turn of the next one, or two would have one from then on. */
async function endOf(files: FileSystem, path: string): Promise<() => Promise<void>> {
  const own = (await files.status(path))?.modified;
  return async () => {
    if ((await files.status(path))?.modified === own) await files.remove(path);
  };
}
