/** The data of the image and distribution specifications: interfaces, schemas, and pairs of parsers and formatters. */
export * from "./annotation.ts";
export * from "./artifact.ts";
export { type DockerDaemonLocation, formatDaemon } from "./daemon-location.ts";
export * from "./descriptor.ts";
export * from "./digest.ts";
export * from "./encode.ts";
export * from "./file-type.ts";
export * from "./image-config.ts";
export * from "./image-index.ts";
export * from "./image-manifest.ts";
export * from "./location.ts";
export * from "./manifest.ts";
export * from "./media-type.ts";
export * from "./platform.ts";
export * from "./reference.ts";
export * from "./referrer-tag.ts";
export { sniffedBytes } from "./sniff.ts";
export { canFormatSpecifier, type StorageLocation, type StorageSpecifier, tryParseImageId } from "./storage-location.ts";
