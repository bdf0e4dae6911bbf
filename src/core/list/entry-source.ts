import { overlaySource } from "../content/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import { type Descriptor, parseLocation } from "../spec/mod.ts";
import type { EntrySource } from "../store/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { keptSource } from "./kept-content.ts";
import { byDigest } from "./place.ts";

/** Returns the source that a record names for `entry`: where it came from, what the store keeps of it in front, or the store alone. */
export async function openEntrySource(context: ListContext, recorded: EntrySource, entry: Descriptor): Promise<ContentSource> {
  if (recorded.kept === "all") return keptSource(context.store.content);
  const source = await context.transports.source(parseLocation(recorded.location));
  if (recorded.kept === undefined) return source;
  return overlaySource(source, { manifests: byDigest([await context.store.content.readManifest(entry, signalOf(context))]) });
}
