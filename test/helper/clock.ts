import type { Clock, Random } from "../../src/core/port/mod.ts";

/** A clock that jumps over waits; its timers fire only when a test moves the time. */
export interface TestClock extends Clock {
  /** Waits that were jumped over, in milliseconds. */
  readonly waits: number[];
  /** Moves the time, and calls what is due. */
  advance(milliseconds: number): void;
}

export interface TestClockOptions {
  /** Start, milliseconds since 1970. @default 2026-01-01 */
  readonly now?: number;
}

export function testClock(options: TestClockOptions = {}): TestClock {
  const waits: number[] = [];
  const timers = new Map<() => void, number>();
  let time = options.now ?? Date.UTC(2026, 0, 1);
  return {
    waits,
    advance(milliseconds) {
      time += milliseconds;
      for (const [fire, due] of timers) if (due <= time) fire();
    },
    after(milliseconds, task) {
      const fire = (): void => {
        timers.delete(fire);
        task();
      };
      timers.set(fire, time + milliseconds);
      return () => void timers.delete(fire);
    },
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
