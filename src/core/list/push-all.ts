import { isOciError, OciError, quote } from "../base/mod.ts";
import type { FoundReferrer } from "../copy/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import { formatLocation } from "../spec/mod.ts";
import type { Destination } from "./destination.ts";
import { type Pushed, type Pushing, pushTo } from "./push-to.ts";

/**
 * Pushes to every destination, one after another. The first that succeeds gives the others what came from a registry, so that
 * sources are read once. One that fails does not keep the others from being served; the error names it.
 */
export async function pushToAll(pushing: Pushing, destinations: readonly Destination[], referrers: readonly FoundReferrer[]): Promise<readonly Pushed[]> {
  const done: Pushed[] = [];
  const failed: Failure[] = [];
  let first: ContentSource | undefined;
  for (const destination of destinations) {
    try {
      const pushed = await pushTo(pushing, destination, { referrers, first });
      first ??= pushed.source;
      done.push(pushed);
    } catch (error) {
      if (!isOciError(error) || destinations.length === 1 || pushing.context.signal?.aborted) throw error;
      failed.push({ destination, error });
    }
  }
  const [failure] = failed;
  if (failure) throw failureOf(pushing.place.name, failed, destinations.length);
  return done;
}

interface Failure {
  readonly destination: Destination;
  readonly error: OciError;
}

function failureOf(name: string, failed: readonly Failure[], count: number): OciError {
  const [first] = failed;
  const each = failed.map(({ destination, error }) => `${quote(formatLocation(destination.location))} failed: ${error.message}`).join("; ");
  const others = failed.length === count ? "" : ", the others are done";
  return new OciError(first?.error.code ?? "IO", `Cannot push ${quote(name)} to ${failed.length} of ${count} destinations${others}: ${each}`, {
    cause: first?.error,
  });
}
