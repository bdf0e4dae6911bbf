import { quote } from "../base/mod.ts";
import { isAttestation } from "../index/mod.ts";
import { type Descriptor, formatPlatform, type ImageIndex, normalisePlatform } from "../spec/mod.ts";
import { digestsOf } from "./change.ts";

/** Marks the second image of a platform that is there on purpose: its layers are compressed with zstd (containers/image). */
const zstdKey = "io.github.containers.compression.zstd";

/**
 * Returns a sentence for every platform for which `after` has images of different content and `before` had not all of them:
 * tools take one of them, and the others are never seen.
 */
export function samePlatformWarnings(name: string, before: ImageIndex, after: ImageIndex): readonly string[] {
  const known = new Set(digestsOf(before.manifests));
  const groups = new Map<string, Descriptor[]>();
  for (const entry of after.manifests.filter(isPlainImage)) groups.set(platformKey(entry), [...(groups.get(platformKey(entry)) ?? []), entry]);
  return [...groups].flatMap(([platform, entries]) => {
    const digests = digestsOf(entries);
    if (digests.length < 2 || digests.every((digest) => known.has(digest))) return [];
    return `the list ${quote(name)} has ${digests.length} images for ${platform}, of which tools take one: ${digests.join(", ")}`;
  });
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
