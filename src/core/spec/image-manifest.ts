import type { RawMember } from "../base/mod.ts";
import type { Annotations } from "./annotation.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ManifestMediaType } from "./media-type.ts";

/** An OCI or docker image manifest: one image for one platform, or an artifact (image-spec manifest.md). */
export interface ImageManifest {
  /** Always 2. */
  readonly schemaVersion: 2;
  /** OCI or docker. */
  readonly mediaType: ManifestMediaType;
  /** Type of the artifact, when it is one. */
  readonly artifactType?: string;
  /** The image config, or what an artifact has instead. */
  readonly config: Descriptor;
  /** The layers, base first. */
  readonly layers: readonly Descriptor[];
  /** The manifest this one refers to. */
  readonly subject?: Descriptor;
  /** Annotations of the image. */
  readonly annotations?: Annotations;
  /** Members the specification does not name, as written. */
  readonly unknown?: readonly RawMember[];
}
