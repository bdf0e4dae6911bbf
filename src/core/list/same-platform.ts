import { quote } from "../base/mod.ts";
import { isAttestation, isZstdEntry } from "../index/mod.ts";
import { type Descriptor, type Digest, formatPlatform, type ImageIndex, normalisePlatform } from "../spec/mod.ts";
import { digestsOf } from "./change.ts";

/** A sentence names no more digests. */
const shownDigests = 20;

/**
 * Returns a sentence for every platform for which `after` has images of different content and `before` had not all of them:
 * tools take one of them, and the others are never seen.
 */
export function samePlatformWarnings(name: string, before: ImageIndex, after: ImageIndex): readonly string[] {
  const known = new Set(digestsOf(before.manifests));
  const groups = new Map<string, Descriptor[]>();
  for (const entry of after.manifests.filter(isPlainImage)) {
    const key = platformKey(entry);
    const group = groups.get(key);
    if (group) group.push(entry);
    else groups.set(key, [entry]);
  }
  return [...groups].flatMap(([platform, entries]) => {
    const digests = digestsOf(entries);
    if (digests.length < 2 || digests.every((digest) => known.has(digest))) return [];
    return `the list ${quote(name)} has ${digests.length} images for ${platform}, of which tools take one: ${listDigests(digests)}`;
  });
}

function listDigests(digests: readonly Digest[]): string {
  const shown = digests.slice(0, shownDigests).join(", ");
  const more = digests.length - shownDigests;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** The second image of a platform is there on purpose where its layers are compressed with zstd. */
function isPlainImage(entry: Descriptor): boolean {
  const { platform } = entry;
  return platform !== undefined && platform.os !== "" && platform.os !== "unknown" && !isAttestation(entry) && !isZstdEntry(entry);
}

/** Returns what an entry's platform is told apart by: also the features that a choice may look at. */
export function platformKey({ platform }: Descriptor): string {
  if (platform === undefined) return "";
  const features = [...(platform["os.features"] ?? []), ...(platform.features ?? [])];
  return [formatPlatform(normalisePlatform(platform)), ...features].join(" ");
}
