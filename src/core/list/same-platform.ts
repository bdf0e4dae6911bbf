import { quote } from "../base/mod.ts";
import { isAttestation } from "../index/mod.ts";
import { type Descriptor, type Digest, formatPlatform, type ImageIndex, normalisePlatform } from "../spec/mod.ts";
import { digestsOf } from "./change.ts";

/** Marks the second image of a platform that is there on purpose: its layers are compressed with zstd (containers/image). */
const zstdKey = "io.github.containers.compression.zstd";
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

function isPlainImage(entry: Descriptor): boolean {
  const { platform, annotations = {} } = entry;
  return platform !== undefined && platform.os !== "" && platform.os !== "unknown" && !isAttestation(entry) && !Object.hasOwn(annotations, zstdKey);
}

function platformKey({ platform }: Descriptor): string {
  if (platform === undefined) return "";
  const features = [...(platform["os.features"] ?? []), ...(platform.features ?? [])];
  return [formatPlatform(normalisePlatform(platform)), ...features].join(" ");
}
