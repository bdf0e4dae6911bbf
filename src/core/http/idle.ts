import { NetworkError, quote } from "../base/mod.ts";
import type { Clock } from "../port/mod.ts";

/** Watches that something happens on a connection. */
export interface IdleWatch {
  /** Fires when nothing happened for the idle time while somebody waited. */
  readonly signal: AbortSignal;
  /** Says that somebody waits from now on. */
  wait(): void;
  /** Says that something happened. */
  progress(): void;
  /** Says that a body of so many bytes has been sent: taking in a large one may keep the other side busy and silent. */
  sent(bytes: number): void;
  /** Says that nobody waits any more, at the end or for now: a slow reader is not a slow network. */
  pause(): void;
}

/** Bytes in a millisecond that a registry takes in at least once it has them all: 32 MiB/s, where it copies them to where they stay. */
const commitRate = 32 * 1024;

/** Returns a watch over a request to `host`. Its timer runs only while somebody waits, so that it keeps no program from ending. */
export function watchIdle(clock: Clock, idleTimeout: number, host: string): IdleWatch {
  const idle = new AbortController();
  let last = clock.monotonic();
  let allowed = idleTimeout;
  let disarm = (): void => {};

  const arm = (milliseconds: number): void => {
    disarm = clock.after(milliseconds, () => {
      const left = last + allowed - clock.monotonic();
      if (left > 0) return arm(left);
      const seconds = Math.max(1, Math.round(allowed / 1000));
      idle.abort(new NetworkError(`Cannot reach ${quote(host)}: nothing came for ${seconds} s`, "timeout"));
    });
  };
  return {
    signal: idle.signal,
    wait() {
      last = clock.monotonic();
      allowed = idleTimeout;
      disarm();
      arm(idleTimeout);
    },
    progress() {
      last = clock.monotonic();
    },
    sent(bytes) {
      last = clock.monotonic();
      allowed = idleTimeout + bytes / commitRate;
    },
    pause: () => disarm(),
  };
}
