import { createPool, mapAll } from "../base/mod.ts";
import { type ContentReader, type Promised, readGraph } from "../content/mod.ts";
import { type Descriptor, type Digest, isManifestDescriptor } from "../spec/mod.ts";
import { type EntrySource, isRemoved, isSameState, type ListState, type RemovedList, type StoredList } from "./list-record.ts";
import type { Shelves } from "./shelves.ts";

/** How many records are read at once. */
const concurrency = 16;

/** Tells whether a list that held `before` and holds `after` now, or is gone, may have left content that nobody refers to; of an unknown one, yes. */
export function dropsContent(before: ListState | undefined, after?: ListState): boolean {
  if (before === undefined) return true;
  return Object.entries(before.sources).some(([digest, { kept }]) => kept !== undefined && kept !== (after && sourceOf(after, digest)?.kept));
}

function sourceOf({ sources }: Pick<ListState, "sources">, digest: string): EntrySource | undefined {
  return Object.hasOwn(sources, digest) ? sources[digest] : undefined;
}

/**
 * Returns the content that the store keeps for a list, by digest: of each entry its manifest or all that this leads to.
 * @throws {OciError} what reading a manifest throws; `NOT_FOUND` for one that is not there
 */
export async function keptContent(content: ContentReader, state: ListState): Promise<ReadonlyMap<Digest, Promised>> {
  const found = new Map<Digest, Promised>();
  for (const entry of state.index.manifests) {
    const kept = sourceOf(state, entry.digest)?.kept;
    if (kept === undefined || found.has(entry.digest)) continue;
    found.set(entry.digest, entry);
    if (kept === "all" && isManifestDescriptor(entry)) await addGraph(content, entry, found);
  }
  return found;
}

async function addGraph(content: ContentReader, entry: Descriptor, found: Map<Digest, Promised>): Promise<void> {
  const open = (descriptor: Descriptor) => content.readManifest(descriptor);
  const { manifests, blobs } = await readGraph(await open(entry), open);
  for (const { descriptor } of manifests.values()) found.set(descriptor.digest, descriptor);
  for (const blob of blobs.values()) found.set(blob.digest, blob);
}

/** Returns how many bytes of content the store keeps for a list, see `ListStore.keptSize`. */
export async function keptSize(content: ContentReader, state: ListState): Promise<number> {
  let bytes = 0;
  for (const { digest, size } of (await keptContent(content, state)).values()) if (await content.has(digest, size)) bytes += size;
  return bytes;
}

/**
 * Returns the digests of everything that a record refers to, whether its list counts or not.
 * @throws {OciError} if a record or a manifest that it refers to cannot be read: then nobody knows what is needed
 */
export async function readReferences(shelves: Shelves, content: ContentReader): Promise<ReadonlySet<Digest>> {
  const pool = createPool(concurrency);
  const each = await mapAll(await shelves.ids(), (id) => pool.run(() => readReferencesOf(shelves, content, id)));
  return new Set(each.flat());
}

/** What a record refers to may be freed while it is read, if the record is edited meanwhile. */
async function readReferencesOf(shelves: Shelves, content: ContentReader, id: string): Promise<readonly Digest[]> {
  for (;;) {
    const list = await shelves.readList(id);
    if (list === undefined || isRemoved(list)) return [];
    try {
      return [...(await keptContent(content, list)).keys()];
    } catch (error) {
      if (isUnchanged(list, await shelves.readList(id))) throw error;
    }
  }
}

function isUnchanged(list: StoredList, now: StoredList | RemovedList | undefined): boolean {
  return now !== undefined && !isRemoved(now) && isSameState(list, now);
}
