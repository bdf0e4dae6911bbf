import type { Descriptor, ImageIndex } from "../spec/mod.ts";
import { isAttestation } from "./attestation.ts";

/** Annotation of an entry whose image has layers compressed with zstd, so that who cannot read them takes another one (containers/image `internal/manifest/oci_index.go`). */
export const zstdKey = "io.github.containers.compression.zstd";

/** Tells whether `entry` says that its layers are compressed with zstd. */
export function isZstdEntry(entry: Descriptor): boolean {
  return entry.annotations?.[zstdKey] === "true";
}

/**
 * Returns `entry` saying whether its layers are compressed with zstd.
 * @example Mark an entry
 * ```ts
 * import assert from "node:assert/strict";
 * import { markZstd, zstdKey } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const marked = markZstd(emptyDescriptor, true);
 * assert.deepEqual(marked.annotations, { [zstdKey]: "true" });
 * assert.deepEqual(markZstd(marked, false), emptyDescriptor);
 * ```
 */
export function markZstd(entry: Descriptor, isZstd: boolean): Descriptor {
  const { annotations, ...rest } = entry;
  const { [zstdKey]: mark, ...others } = annotations ?? {};
  if (isZstd) return mark === "true" ? entry : { ...rest, annotations: { ...others, [zstdKey]: "true" } };
  if (mark === undefined) return entry;
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
}

/**
 * Returns `index` with `variants` at its end, images that it has already with layers compressed in another way. As in
 * containers/image, those with zstd come after all others, so that a tool which takes the first of a platform can read it.
 * @example Add an image with zstd layers beside one with gzip layers
 * ```ts
 * import assert from "node:assert/strict";
 * import { addVariants, createIndex, markZstd } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const index = createIndex({ manifests: [markZstd(emptyDescriptor, true)] });
 * assert.deepEqual(addVariants(index, [emptyDescriptor]).manifests, [emptyDescriptor, ...index.manifests]);
 * ```
 */
export function addVariants(index: ImageIndex, variants: readonly Descriptor[]): ImageIndex {
  const all = [...index.manifests, ...variants];
  // Where every image has zstd there is nothing to come after.
  const isMixed = all.some((entry) => !isZstdEntry(entry) && !isAttestation(entry));
  const manifests = isMixed ? [...all.filter((entry) => !isZstdEntry(entry)), ...all.filter(isZstdEntry)] : all;
  return manifests.every((entry, at) => entry === index.manifests[at]) ? index : { ...index, manifests };
}
