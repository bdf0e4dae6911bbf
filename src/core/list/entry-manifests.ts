import { isOciError, mapAll } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import { type Descriptor, type Digest, isManifestDescriptor, type ManifestDocument } from "../spec/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";

/** Manifests of entries by digest, as far as they could be read. */
export type EntryManifests = ReadonlyMap<Digest, ManifestDocument>;

/** Returns where an entry lies, or undefined where nobody knows. */
export type SourceOfEntry = (entry: Descriptor) => Promise<ContentSource | undefined>;

/** Returns the manifests of `entries`. One that cannot be read is warned of. */
export async function readManifests(context: ListContext, entries: readonly Descriptor[], sourceOf: SourceOfEntry): Promise<EntryManifests> {
  const read = async (entry: Descriptor): Promise<readonly (readonly [Digest, ManifestDocument])[]> => {
    try {
      const source = await sourceOf(entry);
      return source ? [[entry.digest, await context.pool.run(() => source.manifest(entry, signalOf(context)))]] : [];
    } catch (error) {
      if (!isOciError(error)) throw error;
      warn(context, error.message);
      return [];
    }
  };
  const readable = entries.filter(isManifestDescriptor);
  return new Map((await mapAll(readable, read, context.signal)).flat());
}
