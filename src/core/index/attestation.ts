import type { Descriptor, Digest, ImageIndex } from "../spec/mod.ts";

/** Annotation that says of which kind an entry is that speaks about another one (BuildKit, "Attestation storage"). */
export const referenceTypeKey = "vnd.docker.reference.type";
/** Annotation that names the entry spoken about. */
export const referenceDigestKey = "vnd.docker.reference.digest";

/** Tells whether `entry` is not an image but what BuildKit says about one: its provenance and bill of materials. */
export function isAttestation(entry: Descriptor): boolean {
  return entry.annotations?.[referenceTypeKey] === "attestation-manifest";
}

/**
 * Returns the attestations in `index` that speak about the entry `digest`.
 * @example Find what goes with an image
 * ```ts
 * import assert from "node:assert/strict";
 * import { attestationsOf, createIndex } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const image = `sha256:${"a".repeat(64)}` as const;
 * const annotations = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image };
 * const index = createIndex({ manifests: [{ ...emptyDescriptor, digest: image }, { ...emptyDescriptor, annotations }] });
 * assert.deepEqual(attestationsOf(index, image), [index.manifests[1]]);
 * ```
 */
export function attestationsOf(index: ImageIndex, digest: Digest): readonly Descriptor[] {
  return index.manifests.filter((entry) => isAttestation(entry) && entry.annotations?.[referenceDigestKey] === digest);
}
