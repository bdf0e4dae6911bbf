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
  const known = index.manifests.some(({ digest }) => digest === entry.digest);
  const manifests = known ? index.manifests.map((old) => (old.digest === entry.digest ? refresh(old, entry) : old)) : [...index.manifests, entry];
  return { ...index, manifests };
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
