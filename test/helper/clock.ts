import type { Clock, Random } from "../../src/core/port/mod.ts";

/** A clock that jumps over waits up to a bound and sleeps through longer ones until the signal wakes it. */
export interface TestClock extends Clock {
  /** Waits that were jumped over, in milliseconds. */
  readonly waits: number[];
  /** Moves the time. */
  advance(milliseconds: number): void;
}

export interface TestClockOptions {
  /** Start, milliseconds since 1970. @default 2026-01-01 */
  readonly now?: number;
  /** Waits this long or longer end only with their signal: time-outs, as against pauses. @default never */
  readonly endless?: number;
}

export function testClock(options: TestClockOptions = {}): TestClock {
  const waits: number[] = [];
  let time = options.now ?? Date.UTC(2026, 0, 1);
  return {
    waits,
    advance: (milliseconds) => void (time += milliseconds),
    now: () => time,
    monotonic: () => time,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      if (options.endless !== undefined && milliseconds >= options.endless) {
        await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      }
      waits.push(milliseconds);
      time += milliseconds;
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** Chance that always takes the upper end. */
export const fullJitter: Random = { bytes: (length) => new Uint8Array(length), number: () => 1 };
