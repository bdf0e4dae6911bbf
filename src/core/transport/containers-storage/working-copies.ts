import { temporaryPath, type WorkHost } from "../../content/mod.ts";

/** Directories that hold what was copied for this run, and are gone after it. */
export interface WorkingCopies {
  /** Returns the directory of a copy, which `make` fills the first time it is asked for. One copy is made at a time. */
  open(key: string, make: (directory: string) => Promise<void>): Promise<string>;
  /** Removes all of them, those included that are still being made. */
  close(): Promise<void>;
}

/** Returns a place for copies in the work directory, where nobody else may look at them. */
export function openWorkingCopies(host: WorkHost): WorkingCopies {
  const { files } = host;
  const copies = new Map<string, Promise<string>>();
  const made = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  const fill = async (make: (directory: string) => Promise<void>): Promise<string> => {
    const directory = await temporaryPath(host);
    await files.createDirectory(directory, { mode: 0o700 });
    made.add(directory);
    try {
      await make(directory);
    } catch (error) {
      await files.remove(directory).catch(() => {});
      throw error;
    }
    return directory;
  };
  return {
    open(key, make) {
      const known = copies.get(key);
      if (known) return known;
      const copy = turn.then(() => fill(make));
      turn = copy.catch(() => copies.delete(key));
      copies.set(key, copy);
      return copy;
    },
    async close() {
      await turn;
      // One that cannot be removed is swept away a day later.
      for (const directory of made) await files.remove(directory).catch(() => {});
      made.clear();
      copies.clear();
    },
  };
}
