import type { Clock } from "../../port/mod.ts";

/** Remembers for a while what a registry has said: longer than that it may have changed its mind. */
export interface Recent {
  /** Remembers `key` from now on. */
  add(key: string): void;
  /** Tells whether `key` is remembered. */
  has(key: string): boolean;
  /** Forgets `key`. */
  delete(key: string): void;
}

/** Milliseconds for which a word holds. */
const lifetime = 60_000;
/** With so many the old ones are looked for. */
const crowd = 10_000;

/** Returns an empty {@linkcode Recent}. */
export function createRecent(clock: Clock): Recent {
  const times = new Map<string, number>();
  const isFresh = (time: number | undefined) => time !== undefined && clock.monotonic() - time < lifetime;
  let next = crowd;
  return {
    add(key) {
      times.set(key, clock.monotonic());
      if (times.size < next) return;
      for (const [old, time] of times) if (!isFresh(time)) times.delete(old);
      next = Math.max(crowd, times.size * 2);
    },
    has: (key) => isFresh(times.get(key)),
    delete: (key) => void times.delete(key),
  };
}
