import type { RawMember } from "../base/mod.ts";
import { type Descriptor, type ImageIndex, mergeAnnotations } from "../spec/mod.ts";

/**
 * Returns `index` with `entry` at its end. Where entries have its digest already, they are brought up to date in place
 * instead: platform, artifact type and annotations that somebody gave them before win over the fresh ones.
 * @example Add an image twice
 * ```ts
 * import assert from "node:assert/strict";
 * import { addEntry, annotateEntry, createIndex } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const once = annotateEntry(addEntry(createIndex(), emptyDescriptor), emptyDescriptor.digest, { annotations: { from: "ci" } });
 * const twice = addEntry(once, emptyDescriptor);
 * assert.deepEqual(twice.manifests, [{ ...emptyDescriptor, annotations: { from: "ci" } }]);
 * ```
 */
export function addEntry(index: ImageIndex, entry: Descriptor): ImageIndex {
  return addEntries(index, [entry]);
}

/** Returns `index` with all of `entries`, as {@linkcode addEntry} adds each. */
export function addEntries(index: ImageIndex, entries: readonly Descriptor[]): ImageIndex {
  if (entries.length === 0) return index;
  const known = new Set(index.manifests.map((old) => old.digest));
  const fresh = new Map<string, Descriptor>();
  for (const entry of entries) {
    const before = fresh.get(entry.digest);
    fresh.set(entry.digest, before ? refresh(before, entry) : entry);
  }
  const updated = index.manifests.map((old) => {
    const entry = fresh.get(old.digest);
    return entry ? refresh(old, entry) : old;
  });
  return { ...index, manifests: [...updated, ...[...fresh.values()].filter(({ digest }) => !known.has(digest))] };
}

function refresh(old: Descriptor, fresh: Descriptor): Descriptor {
  const platform = old.platform ?? fresh.platform;
  const annotations = old.annotations && fresh.annotations ? mergeAnnotations(fresh.annotations, old.annotations) : (old.annotations ?? fresh.annotations);
  const artifactType = old.artifactType ?? fresh.artifactType;
  const unknown = mergeUnknown(old.unknown, fresh.unknown);
  return {
    ...old,
    ...fresh,
    ...(platform && { platform }),
    ...(annotations && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
    ...(unknown && { unknown }),
  };
}

function mergeUnknown(old: readonly RawMember[] | undefined, fresh: readonly RawMember[] | undefined): readonly RawMember[] | undefined {
  return old && fresh ? [...new Map([...old, ...fresh])] : (old ?? fresh);
}
