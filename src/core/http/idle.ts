import { NetworkError } from "../base/mod.ts";
import type { Clock } from "../port/mod.ts";

/** Watches that something happens on a connection. */
export interface IdleWatch {
  /** Fires when nothing happened for the idle time while somebody waited. */
  readonly signal: AbortSignal;
  /** Says that somebody waits from now on. */
  wait(): void;
  /** Says that something happened. */
  progress(): void;
  /** Says that nobody waits any more, at the end or for now: a slow reader is not a slow network. */
  pause(): void;
}

/** Returns a watch over a request to `host`. Its timer runs only while somebody waits, so that it keeps no program from ending. */
export function watchIdle(clock: Clock, idleTimeout: number, host: string): IdleWatch {
  const idle = new AbortController();
  let last = clock.monotonic();
  let disarm = (): void => {};

  const arm = (milliseconds: number): void => {
    disarm = clock.after(milliseconds, () => {
      const left = last + idleTimeout - clock.monotonic();
      if (left > 0) return arm(left);
      const seconds = Math.max(1, Math.round(idleTimeout / 1000));
      idle.abort(new NetworkError(`Cannot reach "${host}": nothing came for ${seconds} s`, "timeout"));
    });
  };
  return {
    signal: idle.signal,
    wait() {
      last = clock.monotonic();
      disarm();
      arm(idleTimeout);
    },
    progress() {
      last = clock.monotonic();
    },
    pause: () => disarm(),
  };
}
