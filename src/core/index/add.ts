import type { RawMember } from "../base/mod.ts";
import { type Descriptor, formatPlatform, type ImageIndex, mergeAnnotations, normalisePlatform, type Platform } from "../spec/mod.ts";
import { type EntryPatch, patchEntry } from "./annotate.ts";

/** What {@linkcode addEntries} adds. */
export interface Addition {
  /** The entry. */
  readonly entry: Descriptor;
  /** What to change in it once it is in, or in the entries it brought up to date. @default nothing */
  readonly patch?: EntryPatch;
  /**
   * Whether the entry's platform was chosen for it, so that it stands beside entries of its digest that have other platforms.
   * @default true where several entries of the digest with different platforms are added at once
   */
  readonly isOwn?: boolean;
}

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
  return addEntries(index, [{ entry }]);
}

/** Returns `index` with all of `additions`, as {@linkcode addEntry} adds each. */
export function addEntries(index: ImageIndex, additions: readonly Addition[]): ImageIndex {
  if (additions.length === 0) return index;
  const groups = groupByDigest(additions);
  const placed = new Set<Addition>();
  const updated = index.manifests.map((old) => {
    const group = groups.get(old.digest);
    const addition = group && additionFor(old, group, placed);
    if (addition === undefined) return old;
    placed.add(addition);
    return patched(refresh(old, addition.entry), addition, index);
  });
  const fresh = [...groups.values()].flat().filter((addition) => !placed.has(addition));
  return { ...index, manifests: [...updated, ...fresh.map((addition) => patched(addition.entry, addition, index))] };
}

/** Returns the additions of each digest, one for each platform; each group stands where its first did. */
function groupByDigest(additions: readonly Addition[]): ReadonlyMap<string, readonly Addition[]> {
  const groups = new Map<string, Map<string, Addition>>();
  for (const addition of additions) {
    const { digest, platform } = addition.entry;
    const group = groups.get(digest) ?? new Map<string, Addition>();
    const key = platformKey(platform);
    const before = group.get(key);
    group.set(key, before ? { ...before, ...addition, entry: refresh(before.entry, addition.entry) } : addition);
    groups.set(digest, group);
  }
  return new Map([...groups].map(([digest, group]) => [digest, ownIfSeveral([...group.values()])]));
}

function ownIfSeveral(group: readonly Addition[]): readonly Addition[] {
  return group.length === 1 ? group : group.map((addition) => ({ ...addition, isOwn: true }));
}

/** Returns the addition that brings `old` up to date: the one of its platform, else one that claims no platform of its own. */
function additionFor(old: Descriptor, group: readonly Addition[], placed: ReadonlySet<Addition>): Addition | undefined {
  const key = platformKey(old.platform);
  const same = group.find(({ entry }) => platformKey(entry.platform) === key);
  if (same) return same;
  const unclaimed = old.platform === undefined ? group.find((addition) => !placed.has(addition)) : undefined;
  return unclaimed ?? group.find(({ isOwn }) => isOwn !== true);
}

function platformKey(platform: Platform | undefined): string {
  return platform === undefined ? "" : formatPlatform(normalisePlatform(platform));
}

function patched(entry: Descriptor, { patch }: Addition, index: ImageIndex): Descriptor {
  return patch ? patchEntry(entry, patch, index.mediaType) : entry;
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
