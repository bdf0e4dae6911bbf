import type { RawMember } from "../base/mod.ts";
import { type Descriptor, formatPlatform, type ImageIndex, mergeAnnotations, normalisePlatform, type Platform } from "../spec/mod.ts";
import { type EntryPatch, patchEntry } from "./annotate.ts";

/** What {@linkcode addEntries} adds. */
export interface Addition {
  /** The entry. */
  readonly entry: Descriptor;
  /** What to change in it once it is in, or in the entries it brought up to date. @default nothing */
  readonly patch?: EntryPatch;
  /** Whether the entry's platform was stated, so that it wins over the one that the only entry of its digest has. @default false */
  readonly isStated?: boolean;
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

/**
 * Returns `index` with all of `additions`, as {@linkcode addEntry} adds each. Where several of one digest are added at once,
 * each stands for its own platform, beside entries of that digest with other platforms.
 */
export function addEntries(index: ImageIndex, additions: readonly Addition[]): ImageIndex {
  if (additions.length === 0) return index;
  const groups = groupByDigest(additions);
  const placed = new Set<Addition>();
  const counts = new Map<string, number>();
  for (const { digest } of index.manifests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  const updated = index.manifests.map((old) => {
    const group = groups.get(old.digest);
    const addition = group && additionFor(old, { group, placed, isOnly: counts.get(old.digest) === 1 });
    if (addition === undefined) return old;
    placed.add(addition);
    const { entry, isStated } = addition;
    const next = refresh(old, entry);
    return patched(isStated && entry.platform ? { ...next, platform: entry.platform } : next, addition, index);
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
  return new Map([...groups].map(([digest, group]) => [digest, [...group.values()]]));
}

interface Choice {
  readonly group: readonly Addition[];
  readonly placed: ReadonlySet<Addition>;
  /** Whether no other entry has the digest. */
  readonly isOnly: boolean;
}

/** Returns the addition that brings `old` up to date: the one of its platform, else one that need not stand for another platform. */
function additionFor(old: Descriptor, { group, placed, isOnly }: Choice): Addition | undefined {
  const key = platformKey(old.platform);
  const same = group.find(({ entry }) => platformKey(entry.platform) === key);
  if (same) return same;
  if (old.platform === undefined) return group.find((addition) => !placed.has(addition));
  const [only, ...others] = group;
  return others.length === 0 && (isOnly || only?.isStated !== true) ? only : undefined;
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
