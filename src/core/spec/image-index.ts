import type { RawMember } from "../base/mod.ts";
import type { Annotations } from "./annotation.ts";
import type { Descriptor } from "./descriptor.ts";
import type { IndexMediaType } from "./media-type.ts";

/**
 * An OCI image index (image-spec image-index.md), or, by its media type, a docker manifest list. A list keeps the same
 * members; `annotations`, `artifactType` and `subject` have no meaning there, see `convert` in `./index`.
 */
export interface ImageIndex {
  /** Always 2. */
  readonly schemaVersion: 2;
  /** Which of the two it is. */
  readonly mediaType: IndexMediaType;
  /** Type of the artifact, when the index is one. */
  readonly artifactType?: string;
  /** The entries, in order of preference. */
  readonly manifests: readonly Descriptor[];
  /** The manifest this index refers to. */
  readonly subject?: Descriptor;
  /** Annotations of the index itself: what registries show of a multi-arch image. */
  readonly annotations?: Annotations;
  /** Members the specification does not name, as written. */
  readonly unknown?: readonly RawMember[];
}
