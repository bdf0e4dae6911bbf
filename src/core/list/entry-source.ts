import { openDocument, overlaySource } from "../content/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import { type Descriptor, parseLocation } from "../spec/mod.ts";
import type { EntrySource } from "../store/mod.ts";
import type { ListContext } from "./context.ts";
import { byDigest } from "./place.ts";

/** Returns the source that a record names for `entry`, with a manifest that lies in the store in front of it. */
export async function openEntrySource(context: ListContext, recorded: EntrySource, entry: Descriptor): Promise<ContentSource> {
  const source = await context.transports.source(parseLocation(recorded.location));
  if (recorded.stored !== true) return source;
  const bytes = await context.store.content.readSmall(entry);
  const document = openDocument(context.host.hash, bytes, { what: `manifest ${entry.digest}`, expected: entry });
  return overlaySource(source, { manifests: byDigest([document]) });
}
