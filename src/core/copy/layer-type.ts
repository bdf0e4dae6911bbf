import type { CompressionFormat } from "../port/mod.ts";
import { type Descriptor, isDockerMediaType, mediaTypes } from "../spec/mod.ts";

/** How a layer is compressed; `none` is a tar archive as it is. */
export type LayerCompression = CompressionFormat | "none";

const compressions: ReadonlyMap<string, LayerCompression> = new Map([
  [mediaTypes.ociLayer, "none"],
  [mediaTypes.ociLayerGzip, "gzip"],
  [mediaTypes.ociLayerZstd, "zstd"],
  [mediaTypes.dockerLayer, "none"],
  [mediaTypes.dockerLayerGzip, "gzip"],
  [mediaTypes.dockerLayerZstd, "zstd"],
]);

/** Returns how a layer of this type is compressed, or undefined where it cannot be compressed anew: it is encrypted, must not be handed on, or nothing is known of its type. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return compressions.get(mediaType);
}

/** Returns the type that a layer of type `mediaType` has once it is compressed as `format`; docker has none for zstd. */
export function compressedLayerType(mediaType: string, format: CompressionFormat): string {
  if (format === "zstd") return mediaTypes.ociLayerZstd;
  return isDockerMediaType(mediaType) ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip;
}

/** The same layer in the words of both formats; the OCI ones come from image-spec layer.md, docker's from containers/image `manifest/manifest.go`. */
const pairs: readonly (readonly [oci: string, docker: string])[] = [
  [mediaTypes.ociLayer, mediaTypes.dockerLayer],
  [mediaTypes.ociLayerGzip, mediaTypes.dockerLayerGzip],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", mediaTypes.dockerForeignLayerGzip],
];

const ociNondistributable = "application/vnd.oci.image.layer.nondistributable.";
const dockerForeign = "application/vnd.docker.image.rootfs.foreign.";

/** Returns docker's type of an OCI layer, or undefined where docker has none (zstd, and what is no layer of an image). */
export function dockerLayerType(mediaType: string): string | undefined {
  return pairs.find(([oci, docker]) => mediaType === oci || mediaType === docker)?.[1];
}

/** Returns the OCI type of a docker layer; OCI allows any type, so an unknown one stays. */
export function ociLayerType(mediaType: string): string {
  if (mediaType === mediaTypes.dockerLayerZstd) return mediaTypes.ociLayerZstd;
  return pairs.find(([, docker]) => mediaType === docker)?.[0] ?? mediaType;
}

/** Tells whether a layer of this type must not be handed on. */
export function isRestrictedLayerType(mediaType: string): boolean {
  return mediaType.startsWith(ociNondistributable) || mediaType.startsWith(dockerForeign);
}

/** Tells whether a layer must not be uploaded: its type says so, and it says where else it lies. */
export function isForeignLayer(layer: Descriptor): boolean {
  return isRestrictedLayerType(layer.mediaType) && layer.urls !== undefined && layer.urls.length > 0;
}
