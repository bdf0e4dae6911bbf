import { encodeUtf8, formatBase64 } from "../../base/mod.ts";
import { openDocument, readPlainFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import { isConfigMediaType, isIndexDocument, type ManifestDocument, matchesPlatform, type Platform, parseConfigPlatform } from "../../spec/mod.ts";
import type { StoredImage } from "./stored-images.ts";

/** What looking at an image needs of a host. */
export type StoredHost = Pick<Host, "files" | "hash">;

const limit = 4 * 1024 * 1024;

/**
 * Returns the manifest of an image as it lies in the storage, or undefined where there is none: its layers are not compressed there,
 * so it is not the one that is read and pushed. @throws {OciError} `INVALID`
 */
export async function readStoredManifest({ files, hash }: StoredHost, { id, directory }: StoredImage): Promise<ManifestDocument | undefined> {
  const what = `manifest of image ${id} in container storage`;
  const bytes = await readPlainFile(files, { directory, parts: ["manifest"], what }, limit);
  return bytes && openDocument(hash, bytes, { what });
}

/** Tells whether an image has one of these platforms, as far as it says; a list of images may have any. */
export async function hasPlatforms(host: StoredHost, image: StoredImage, platforms: readonly Platform[]): Promise<boolean> {
  if (platforms.length === 0) return true;
  const document = await readStoredManifest(host, image);
  if (document === undefined || isIndexDocument(document) || !("config" in document.value) || !isConfigMediaType(document.value.config.mediaType)) return true;
  const { digest } = document.value.config;
  const what = `config ${digest} of image ${image.id} in container storage`;
  const bytes = await readPlainFile(host.files, { directory: image.directory, parts: [fileOf(digest)], what }, limit);
  if (bytes === undefined) return true;
  const platform = parseConfigPlatform(bytes, what);
  return platforms.every((wanted) => matchesPlatform(platform, wanted));
}

/** The storage library names a file by its key if that needs no escape, else by its base64 (`images.go` `makeBigDataBaseName`). */
function fileOf(key: string): string {
  return `=${formatBase64(encodeUtf8(key))}`;
}
