import type { Annotations } from "./annotation.ts";
import { type Descriptor, emptyDescriptor } from "./descriptor.ts";
import type { ImageManifest } from "./image-manifest.ts";
import { mediaTypes, parseMediaType } from "./media-type.ts";

/** Annotation of a layer that says what a file of its content is called (image-spec annotations.md). */
export const titleKey = "org.opencontainers.image.title";

/** The type of an artifact that nobody told the type of, as buildah and oras have it. */
export const unknownArtifactType = "application/vnd.unknown.artifact.v1";

/** What {@linkcode createArtifactManifest} may be told; everything has a default. */
export interface ArtifactInit {
  /** Type of the artifact; an empty one is left out. @default "application/vnd.unknown.artifact.v1" */
  readonly artifactType?: string;
  /** The config. @default the empty descriptor */
  readonly config?: Descriptor;
  /** The files. @default the empty descriptor, since there must be one */
  readonly layers?: readonly Descriptor[];
  /** The manifest the artifact refers to. */
  readonly subject?: Descriptor;
  /** Annotations of the artifact. @default none */
  readonly annotations?: Annotations;
}

/**
 * Returns the manifest of an artifact (image-spec manifest.md, "Guidelines for Artifact Usage").
 * @throws {OciError} `INVALID` for what is no media type
 * @example An artifact of one file
 * ```ts
 * import assert from "node:assert/strict";
 * import { createArtifactManifest, emptyDescriptor } from "ocidex/spec";
 *
 * const file = { ...emptyDescriptor, mediaType: "application/json", annotations: { "org.opencontainers.image.title": "empty.json" } };
 * const manifest = createArtifactManifest({ artifactType: "application/vnd.example.sbom", layers: [file] });
 * assert.deepEqual(manifest.config, emptyDescriptor);
 * assert.deepEqual(manifest.layers, [file]);
 * ```
 */
export function createArtifactManifest(init: ArtifactInit = {}): ImageManifest {
  const { artifactType = unknownArtifactType, config = emptyDescriptor, layers = [], subject, annotations = {} } = init;
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType !== "" && { artifactType: parseMediaType(artifactType) }),
    config,
    layers: layers.length === 0 ? [emptyDescriptor] : layers,
    ...(subject && { subject }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}
