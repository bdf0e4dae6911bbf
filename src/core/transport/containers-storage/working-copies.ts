import type { WorkFiles } from "../../content/mod.ts";

/** Directories that hold what was copied for this run. */
export interface WorkingCopies {
  /** Returns the directory of a copy, which `make` fills the first time it is asked for. One copy is made at a time. */
  open(key: string, make: (directory: string) => Promise<void>): Promise<string>;
  /** Returns when none is being made any more. */
  settle(): Promise<void>;
}

/** Returns a place for copies among the work files of a run, which removes them. */
export function openWorkingCopies(work: WorkFiles): WorkingCopies {
  const copies = new Map<string, Promise<string>>();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    open(key, make) {
      const known = copies.get(key);
      if (known) return known;
      const copy = turn.then(() => work.makeDirectory(make));
      turn = copy.catch(() => copies.delete(key));
      copies.set(key, copy);
      return copy;
    },
    async settle() {
      await turn;
    },
  };
}
