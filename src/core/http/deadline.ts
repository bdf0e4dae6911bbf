import { OciError } from "../base/mod.ts";
import type { Clock } from "../port/mod.ts";

/** Returns a signal that fires with `signal`, and with an error that says so when `timeout` milliseconds are over. */
export function withDeadline(clock: Pick<Clock, "after">, timeout: number, signal?: AbortSignal): AbortSignal {
  const deadline = new AbortController();
  clock.after(timeout, () => deadline.abort(new OciError("LIMIT", `Cannot finish in "${timeout / 1000}s": the time is up, a longer --timeout gives more`)));
  return signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
}
