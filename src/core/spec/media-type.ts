import { OciError, quote } from "../base/mod.ts";

/** Media types of the OCI image specification 1.1 and of docker's image manifest version 2, schema 2. */
export const mediaTypes = {
  /** OCI image index. */
  ociIndex: "application/vnd.oci.image.index.v1+json",
  /** OCI image manifest. */
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  /** OCI image config. */
  ociConfig: "application/vnd.oci.image.config.v1+json",
  /** OCI empty descriptor. */
  ociEmpty: "application/vnd.oci.empty.v1+json",
  /** OCI layer, uncompressed. */
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  /** OCI layer, gzip. */
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  /** OCI layer, zstd. */
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  /** Docker manifest list. */
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  /** Docker image manifest. */
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  /** Docker image config. */
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  /** Docker layer, gzip. */
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  /** Docker layer, zstd. Docker names no such type; buildx writes it for zstd layers when it is told to stay with docker's types. */
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  /** Docker layer, uncompressed. */
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  /** Docker layer that lies elsewhere, gzip. */
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
} as const;

/** Media types of a list of manifests. */
export type IndexMediaType = typeof mediaTypes.ociIndex | typeof mediaTypes.dockerList;
/** Media types of one image's manifest. */
export type ManifestMediaType = typeof mediaTypes.ociManifest | typeof mediaTypes.dockerManifest;

/** Every type of manifest this library reads, the order in which they are asked for. */
export const manifestMediaTypes: readonly (IndexMediaType | ManifestMediaType)[] = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerList,
  mediaTypes.dockerManifest,
];

/** Tells whether `mediaType` is that of an OCI image index or docker manifest list. */
export function isIndexMediaType(mediaType: string): mediaType is IndexMediaType {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** Tells whether `mediaType` is that of an OCI or docker image manifest. */
export function isManifestMediaType(mediaType: string): mediaType is ManifestMediaType {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** Tells whether `descriptor` points to a manifest of any kind: an image index, manifest list or image manifest. */
export function isManifestDescriptor({ mediaType }: { readonly mediaType: string }): boolean {
  return isIndexMediaType(mediaType) || isManifestMediaType(mediaType);
}

/** Tells whether `mediaType` is that of an OCI or docker image config, which records a platform. */
export function isConfigMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** Tells whether `mediaType` belongs to docker's image format. */
export function isDockerMediaType(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.");
}

/**
 * Returns `text` if it has the form of a media type, `type/subtype` (RFC 6838 section 4.2).
 * @throws {OciError} `INVALID`
 */
export function parseMediaType(text: string): string {
  const name = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
  const [type, subtype, ...more] = text.split("/");
  if (more.length === 0 && name.test(type ?? "") && name.test(subtype ?? "")) return text;
  throw new OciError("INVALID", `Cannot read media type ${quote(text)}: expected type/subtype, for example application/vnd.example.sbom`);
}

/** Returns `mediaType` in lower case without parameters (`; charset=utf-8`), as types are compared (RFC 9110 section 8.3.1). */
export function normaliseMediaType(mediaType: string): string {
  return (mediaType.split(";", 1)[0] ?? "").trim().toLowerCase();
}
