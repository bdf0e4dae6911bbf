import { type ImageIndex, mediaTypes } from "../spec/mod.ts";

/** What {@linkcode createIndex} may be told; everything has a default. */
export type IndexInit = Partial<Omit<ImageIndex, "schemaVersion">>;

/**
 * Returns an index without entries, or with what `init` says; it is an OCI image index unless `mediaType` says otherwise.
 * @example Make an index that says what it is
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex } from "ocidex/index";
 * import { encodeImageIndex } from "ocidex/spec";
 *
 * const index = createIndex({ annotations: { "org.opencontainers.image.title": "app" } });
 * assert.equal(
 *   new TextDecoder().decode(encodeImageIndex(index)),
 *   `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"annotations":{"org.opencontainers.image.title":"app"}}`,
 * );
 * ```
 */
export function createIndex(init: IndexInit = {}): ImageIndex {
  return { mediaType: mediaTypes.ociIndex, manifests: [], ...init, schemaVersion: 2 };
}
