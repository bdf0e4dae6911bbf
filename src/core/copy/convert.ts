import { OciError, quote } from "../base/mod.ts";
import type { Loss } from "../index/mod.ts";
import { type Descriptor, type Digest, type ImageManifest, isConfigMediaType, isDockerMediaType, mediaTypes } from "../spec/mod.ts";
import { dockerLayerType, ociLayerType } from "./layer-type.ts";
import { annotationLosses, descriptorLosses, fieldLosses, lossesOf } from "./loss.ts";

/** Format of an image: OCI, or docker's image manifest version 2, schema 2. */
export type ImageFormat = "oci" | "v2s2";

/** An image manifest in another format, and what it could not take along. */
export interface ConvertedImage {
  /** The manifest in the new format. */
  readonly manifest: ImageManifest;
  /** What was left out. */
  readonly lost: readonly Loss[];
}

/**
 * Returns `manifest` in `format`: media types change, config and layers stay what they are. What is in that format already is
 * returned as it is. `digest` names the image in what is lost and in errors; without it, its config does.
 * @throws {OciError} `UNSUPPORTED` for what docker has no type for: an artifact, a zstd layer
 * @example Make a docker image manifest
 * ```ts
 * import assert from "node:assert/strict";
 * import { convertImage } from "ocidex/copy";
 * import { emptyDescriptor, mediaTypes } from "ocidex/spec";
 *
 * const config = { ...emptyDescriptor, mediaType: mediaTypes.ociConfig };
 * const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [], annotations: { title: "app" } } as const;
 * const { manifest, lost } = convertImage(image, "v2s2");
 * assert.equal(manifest.mediaType, mediaTypes.dockerManifest);
 * assert.equal(manifest.config.digest, config.digest);
 * assert.deepEqual(lost.map((loss) => loss.field), ["annotations.title", "config.data"]);
 * ```
 */
export function convertImage(manifest: ImageManifest, format: ImageFormat, digest: Digest = manifest.config.digest): ConvertedImage {
  if (isDockerMediaType(manifest.mediaType) === (format === "v2s2")) return { manifest, lost: [] };
  return format === "v2s2" ? convertToDocker(manifest, digest) : { manifest: convertToOci(manifest), lost: [] };
}

function convertToOci(manifest: ImageManifest): ImageManifest {
  const { config, layers } = manifest;
  return {
    ...manifest,
    mediaType: mediaTypes.ociManifest,
    config: isConfigMediaType(config.mediaType) ? { ...config, mediaType: mediaTypes.ociConfig } : config,
    layers: layers.map((layer) => ({ ...layer, mediaType: ociLayerType(layer.mediaType) })),
  };
}

function convertToDocker(manifest: ImageManifest, digest: Digest): ConvertedImage {
  const { annotations, subject, artifactType, config, layers, ...rest } = manifest;
  if (!isConfigMediaType(config.mediaType)) throw unsupported(digest, `its config is ${quote(config.mediaType)}, which makes it an artifact`);
  const converted = {
    ...rest,
    mediaType: mediaTypes.dockerManifest,
    config: dockerDescriptor(config, mediaTypes.dockerConfig),
    layers: layers.map((layer) => dockerDescriptor(layer, requireDockerLayer(layer, digest))),
  };
  const lost = [
    ...annotationLosses("annotations", annotations),
    ...fieldLosses({ subject: subject?.digest, artifactType }),
    ...descriptorLosses("config", withoutUrls(config)),
    ...layers.flatMap((layer, at) => descriptorLosses(`layers.${at}`, withoutUrls(layer))),
  ];
  return { manifest: converted, lost: lossesOf(digest, lost) };
}

/** Docker's descriptors have them too. */
function withoutUrls({ urls: _, ...rest }: Descriptor): Omit<Descriptor, "urls"> {
  return rest;
}

function requireDockerLayer(layer: Descriptor, digest: Digest): string {
  const mediaType = dockerLayerType(layer.mediaType);
  if (mediaType === undefined) throw unsupported(digest, `layer ${layer.digest} is ${quote(layer.mediaType)}`);
  return mediaType;
}

function unsupported(digest: Digest, seen: string): OciError {
  return new OciError("UNSUPPORTED", `Cannot convert image "${digest}" to v2s2: ${seen}, and docker has no type for that; oci has`);
}

function dockerDescriptor(descriptor: Descriptor, mediaType: string): Descriptor {
  const { annotations: _annotations, data: _data, platform: _platform, artifactType: _type, ...rest } = descriptor;
  return { ...rest, mediaType };
}
