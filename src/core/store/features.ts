import { type Descriptor, formatPlatform, type ImageIndex, normalisePlatform } from "../spec/mod.ts";

/** The CPU features of entries, by {@linkcode featuresKey}. */
export type Features = Readonly<Record<string, readonly string[]>>;

/**
 * Returns the key of an entry's features: its digest and, behind a space, its platform, as one image may stand in a list for several.
 * @example Find the features a list's record keeps of an entry
 * ```ts
 * import assert from "node:assert/strict";
 * import { featuresKey } from "ocidex";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const entry = { ...emptyDescriptor, platform: { os: "linux", architecture: "x86_64" } };
 * assert.equal(featuresKey(entry), `${emptyDescriptor.digest} linux/amd64`);
 * ```
 */
export function featuresKey({ digest, platform }: Pick<Descriptor, "digest" | "platform">): string {
  return `${digest} ${platform === undefined ? "" : formatPlatform(normalisePlatform(platform))}`;
}

/** Returns `features` by the keys of today, where a record of version 1 has them by digest. */
export function keyedFeatures(index: ImageIndex, features: Features): Features {
  return Object.fromEntries(
    index.manifests.flatMap((entry) => {
      const own = features[entry.digest];
      return own === undefined ? [] : [[featuresKey(entry), own] as const];
    }),
  );
}
