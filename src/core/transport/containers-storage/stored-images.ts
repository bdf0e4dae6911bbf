import * as v from "valibot";
import { OciError, parseJson, quote } from "../../base/mod.ts";
import { readPlainFile } from "../../content/mod.ts";
import type { FileSystem } from "../../port/mod.ts";

/** An image that a container storage lists. */
export interface StoredImage {
  /** Its ID. */
  readonly id: string;
  /** Its names, with host and with tag or digest. */
  readonly names: readonly string[];
  /** Digests of its manifests: as it lies there, and as it was pulled. */
  readonly digests: readonly string[];
  /** Whether signatures of its manifests are kept with it. */
  readonly isSigned: boolean;
  /** Directory of its manifest and config. */
  readonly directory: string;
}

const fileName = "images.json";
const limit = 64 * 1024 * 1024;
const manifestName = /^manifest(?:-|$)/;

const ImageSchema = v.object({
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  names: v.nullish(v.array(v.string())),
  digest: v.optional(v.string()),
  "big-data-digests": v.optional(v.record(v.string(), v.string()), {}),
  "big-data-sizes": v.optional(v.record(v.string(), v.number()), {}),
});
const FileSchema = v.nullable(v.array(ImageSchema));

/**
 * Returns the images that the files in `lists` list, of the first file first. They are written whole, so that they can be read while
 * another program writes. @throws {OciError} `INVALID` for a damaged one
 */
export async function readStoredImages(files: FileSystem, lists: readonly string[]): Promise<readonly StoredImage[]> {
  const read = async (directory: string): Promise<readonly StoredImage[]> => {
    const what = `images of container storage ${quote(files.join(directory, fileName))}`;
    const bytes = await readPlainFile(files, { directory, parts: [fileName], what }, limit);
    if (bytes === undefined || bytes.length === 0) return [];
    return (parseJson(FileSchema, bytes, what) ?? []).map((image) => imageOf(files, directory, image));
  };
  return (await Promise.all(lists.map(read))).flat();
}

function imageOf(files: FileSystem, directory: string, image: v.InferOutput<typeof ImageSchema>): StoredImage {
  const { id, names, digest } = image;
  const digests = Object.entries(image["big-data-digests"]).flatMap(([name, value]) => (manifestName.test(name) ? [value] : []));
  const isSigned = Object.entries(image["big-data-sizes"]).some(([name, size]) => name.startsWith("signature") && size > 0);
  return {
    id,
    names: names ?? [],
    digests: [...new Set([...digests, ...(digest === undefined ? [] : [digest])])],
    isSigned,
    directory: files.join(directory, id),
  };
}

/** Returns what a storage has, for messages: names, or IDs of images without one. */
export function listStored(images: readonly StoredImage[]): string {
  const shown = images.slice(0, 10).map(({ id, names: [name] }) => (name === undefined ? id.slice(0, 12) : quote(name)));
  const more = images.length - shown.length;
  return images.length === 0 ? "no images" : `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Makes the error for a name that several images have. */
export function severalStored(what: string, images: readonly StoredImage[]): OciError {
  return new OciError("INVALID", `Cannot choose an image for ${what}: container storage has ${listStored(images)}, expected the whole name of one`);
}
