import type { Clock, Random } from "../../src/core/port/mod.ts";

/** A clock that jumps over waits. */
export interface TestClock extends Clock {
  /** Waits that were jumped over, in milliseconds. */
  readonly waits: number[];
  /** Moves the time. */
  advance(milliseconds: number): void;
}

export interface TestClockOptions {
  /** Start, milliseconds since 1970. @default 2026-01-01 */
  readonly now?: number;
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
      waits.push(milliseconds);
      time += milliseconds;
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

/** Chance that always takes the upper end. */
export const fullJitter: Random = { bytes: (length) => new Uint8Array(length), number: () => 1 };
