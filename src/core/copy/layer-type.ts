import { type Descriptor, mediaTypes } from "../spec/mod.ts";

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

/** Tells whether a layer must not be uploaded: its type says so, and it says where else it lies. */
export function isForeignLayer(layer: Descriptor): boolean {
  const isRestricted = layer.mediaType.startsWith(ociNondistributable) || layer.mediaType.startsWith(dockerForeign);
  return isRestricted && layer.urls !== undefined && layer.urls.length > 0;
}
