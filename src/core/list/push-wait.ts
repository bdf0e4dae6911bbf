import { isOciError, OciError, quote } from "../base/mod.ts";
import { type Digest, formatLocation, type Location } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { type Destination, tagged } from "./destination.ts";

/** First and longest time between two looks in milliseconds. */
const [firstPause, longestPause] = [250, 5000];

/** Returns when every name of `destination` leads to `digest` for whoever reads it. @throws {OciError} `LIMIT` when it does not within `time` milliseconds */
export async function waitForNames(context: ListContext, destination: Destination, digest: Digest, time: number): Promise<void> {
  const until = context.host.clock.monotonic() + time;
  for (const tag of destination.tags ?? [undefined]) await waitForName(context, tagged(destination.location, tag), { digest, until, time });
}

interface Wait {
  readonly digest: Digest;
  readonly until: number;
  readonly time: number;
}

async function waitForName(context: ListContext, location: Location, { digest, until, time }: Wait): Promise<void> {
  const { clock } = context.host;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const seen = await digestAt(context, location);
    if (seen === digest) return;
    const left = until - clock.monotonic();
    if (left <= 0) {
      const stands = seen === undefined ? "it cannot be found" : `it still is ${seen}`;
      throw new OciError("LIMIT", `Cannot read ${quote(formatLocation(location))} after the push: ${stands} after ${time / 1000} s, expected ${digest}`);
    }
    await clock.sleep(Math.min(pause, left), context.signal);
  }
}

/** Mirrors are not asked. A registry that has not come round yet knows no such name, or answers with what does not fit together. */
async function digestAt(context: ListContext, location: Location): Promise<Digest | undefined> {
  const { source } = await context.transports.place(location);
  try {
    return (await context.pool.run(() => source.describe(signalOf(context)))).digest;
  } catch (error) {
    if (isOciError(error, "NOT_FOUND") || isOciError(error, "MISMATCH")) return undefined;
    throw error;
  }
}
