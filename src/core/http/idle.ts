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
  /** Says that nobody waits: a slow reader is not a slow network. */
  pause(): void;
  /** Ends the watch. */
  close(): void;
}

/** Returns a watch over a request to `host`; it costs one timer per idle time, not one per piece. */
export function watchIdle(clock: Clock, idleTimeout: number, host: string): IdleWatch {
  const idle = new AbortController();
  const closed = new AbortController();
  let waiting = false;
  let running = false;
  let last = clock.monotonic();

  const run = async (): Promise<void> => {
    running = true;
    while (waiting && !closed.signal.aborted) {
      const left = last + idleTimeout - clock.monotonic();
      if (left <= 0) {
        idle.abort(new NetworkError(`Cannot reach "${host}": nothing came for ${Math.round(idleTimeout / 1000)} seconds`, "timeout"));
        break;
      }
      await clock.sleep(left, closed.signal);
    }
    running = false;
  };
  return {
    signal: idle.signal,
    wait() {
      last = clock.monotonic();
      waiting = true;
      if (!running) run().catch(() => {});
    },
    progress() {
      last = clock.monotonic();
    },
    pause() {
      waiting = false;
    },
    close() {
      waiting = false;
      closed.abort();
    },
  };
}
