import type { Clock, Random } from "../core/port/mod.ts";

/** Returns a clock that starts at `start` (milliseconds since 1970) and runs only while something sleeps, which takes no time; no timer ever fires. */
export function memoryClock(start: number = 0): Clock {
  let passed = 0;
  return {
    now: () => start + passed,
    monotonic: () => passed,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      passed += milliseconds;
    },
    after: () => () => {},
  };
}

/** Returns chance that repeats itself: the same `seed`, the same bytes and numbers (mulberry32; never for secrets). */
export function memoryRandom(seed: number = 1): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    number: () => next() / 2 ** 32,
  };
}
