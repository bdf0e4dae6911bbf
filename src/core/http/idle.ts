import { NetworkError } from "../base/mod.ts";

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

/**
 * Returns a watch over a request to `host`. The timer is the runtime's own: a host's clock may let waits pass in no time, and
 * no answer can be that fast. It runs only while somebody waits, so that it keeps no program from ending.
 */
export function watchIdle(idleTimeout: number, host: string): IdleWatch {
  const idle = new AbortController();
  let last = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (milliseconds: number): void => {
    timer = setTimeout(() => {
      const left = last + idleTimeout - performance.now();
      if (left > 0) return arm(left);
      const seconds = Math.max(1, Math.round(idleTimeout / 1000));
      idle.abort(new NetworkError(`Cannot reach "${host}": nothing came for ${seconds} s`, "timeout"));
    }, milliseconds);
  };
  return {
    signal: idle.signal,
    wait() {
      last = performance.now();
      clearTimeout(timer);
      arm(idleTimeout);
    },
    progress() {
      last = performance.now();
    },
    pause() {
      clearTimeout(timer);
    },
  };
}
