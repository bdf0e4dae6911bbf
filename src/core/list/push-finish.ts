import { encodeUtf8, isOciError, quote } from "../base/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import type { Destination } from "./destination.ts";
import type { ListPlace, ListView } from "./place.ts";
import { writeResult } from "./push-files.ts";
import { pushMetadata } from "./push-metadata.ts";
import type { Pushing } from "./push-to.ts";
import { waitForNames } from "./push-wait.ts";

/** What is to be done once everything is where it should be. */
export interface Finishing {
  /** Where the list went. */
  readonly destinations: readonly Destination[];
  /** Milliseconds in which every name must have come to lead to what was pushed. */
  readonly wait?: number;
  /** File that gets the digest. */
  readonly digestFile?: string;
  /** File that gets what was pushed, as JSON. */
  readonly metadataFile?: string;
  /** Removes the local list. */
  readonly remove?: boolean;
}

/** Does what follows a push that succeeded everywhere; `stored` is the list as it was read. */
export async function finishPush({ context, place, prepared }: Pushing, stored: ListView, finishing: Finishing): Promise<void> {
  const { digest } = prepared.document.descriptor;
  const { destinations, wait, digestFile, metadataFile, remove } = finishing;
  if (wait !== undefined) await Promise.all(destinations.map((destination) => waitForNames(context, destination, digest, wait)));
  if (digestFile !== undefined) await writeResult(context, digestFile, encodeUtf8(digest));
  if (metadataFile !== undefined) await writeResult(context, metadataFile, pushMetadata(prepared.document, destinations));
  if (remove === true) await removePushed(context, place, stored);
}

/** What was edited since it was read has not been pushed, and stays. */
async function removePushed(context: ListContext, place: ListPlace, view: ListView): Promise<void> {
  try {
    await context.store.remove(view.id, { expected: view.state, ...signalOf(context) });
  } catch (error) {
    if (!isOciError(error, "CONFLICT")) throw error;
    warn(context, `the list ${quote(place.name)} was edited during the push and stays`);
  }
}
