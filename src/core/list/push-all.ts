import { isOciError, OciError, quote } from "../base/mod.ts";
import { copyListToAll, type FoundReferrer } from "../copy/mod.ts";
import { type Descriptor, formatLocation } from "../spec/mod.ts";
import { quietly, signalOf } from "./context.ts";
import type { Destination } from "./destination.ts";
import { knownEntries, type OpenedDestination, openDestination, type Pushed, type Pushing, requireSource, rootSource } from "./push-to.ts";

/**
 * Pushes to every destination at the same time, so that each blob is read once. One that fails does not keep the others from being
 * served; the error names it.
 */
export async function pushToAll(pushing: Pushing, destinations: readonly Destination[], referrers: readonly FoundReferrer[]): Promise<readonly Pushed[]> {
  const known = await knownEntries(pushing);
  const failures = new Map<Destination, OciError>();
  const opened = new Map<Destination, OpenedDestination>();
  for (const destination of destinations) {
    try {
      opened.set(destination, await openDestination(pushing, destination, known));
    } catch (error) {
      if (!isOciError(error)) throw error;
      failures.set(destination, error);
    }
  }
  const entries = pushing.all ? [...known] : [];
  const outcomes = opened.size === 0 ? [] : await copy(pushing, [...opened.values()], { entries, referrers });
  for (const [at, destination] of [...opened.keys()].entries()) {
    const failure = outcomes[at];
    if (failure) failures.set(destination, failure);
  }
  if (failures.size > 0) throw failureOf(pushing, destinations, failures);
  return destinations.map((destination) => ({ images: entries.length, writes: opened.get(destination)?.writes ?? [] }));
}

interface Contents {
  readonly entries: readonly Descriptor[];
  readonly referrers: readonly FoundReferrer[];
}

async function copy(pushing: Pushing, destinations: readonly OpenedDestination[], contents: Contents): Promise<readonly (OciError | undefined)[]> {
  const { context, prepared, dryRun, signatures, verifyBlobs } = pushing;
  const source = await rootSource(pushing);
  return await copyListToAll({
    ...contents,
    root: prepared.document,
    listed: pushing.view.state.index.manifests.length,
    ...(source && { rootSource: source }),
    source: (entry) => requireSource(pushing, entry),
    destinations,
    pool: context.pool,
    clock: context.host.clock,
    report: dryRun ? quietly(context.report) : context.report,
    signatures,
    verifyBlobs,
    ...signalOf(context),
  });
}

/** A single destination speaks for itself. */
function failureOf(
  { place: { name }, prepared, dryRun }: Pushing,
  destinations: readonly Destination[],
  failures: ReadonlyMap<Destination, OciError>,
): OciError {
  const failed = destinations.flatMap((destination) => {
    const error = failures.get(destination);
    return error ? [{ destination, error }] : [];
  });
  const cause = failed[0]?.error;
  if (cause !== undefined && destinations.length === 1) return cause;
  const each = failed.map(({ destination, error }) => `${quote(formatLocation(destination.location))} failed: ${error.message}`).join("; ");
  const [others, done] = failed.length === destinations.length ? ["", ""] : [", the others are done", `; they have ${prepared.document.descriptor.digest}`];
  const message = `Cannot push ${quote(name)} to ${failed.length} of ${destinations.length} destinations${others}: ${each}${dryRun ? "" : done}`;
  return new OciError(cause?.code ?? "IO", message, { cause });
}
