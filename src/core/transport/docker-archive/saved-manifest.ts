import * as v from "valibot";
import { isOciError, OciError, parseJson, quote } from "../../base/mod.ts";
import { readTreeFile, type Tree } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../spec/mod.ts";

/** One image in `manifest.json` of an archive (docker image-spec v1.2, "Combined Image JSON + Filesystem Changeset Format"). */
export interface SavedImage {
  /** Name of the config in the archive. */
  readonly Config: string;
  /** Names of the image. */
  readonly RepoTags?: readonly string[] | null | undefined;
  /** Names of the layers in the archive, base first. */
  readonly Layers?: readonly string[] | null | undefined;
}

/** Name of the file that lists the images. */
export const savedManifestName = "manifest.json";
const limit = 4 * 1024 * 1024;
const mostImages = 10_000;
const strings = v.nullish(v.array(v.string()));
const SavedSchema: v.GenericSchema<unknown, readonly SavedImage[]> = v.array(v.object({ Config: v.string(), RepoTags: strings, Layers: strings }));

/** Returns the images an archive says it holds. @throws {OciError} `INVALID` for an archive of another kind */
export async function readSavedManifest(tree: Tree, options: ContentOptions = {}): Promise<readonly SavedImage[]> {
  const what = `${savedManifestName} of ${tree.what}`;
  const bytes = await readTreeFile(tree, { parts: [savedManifestName], what }, { ...options, limit });
  if (bytes !== undefined) return requireFew(parseJson(SavedSchema, bytes, what), what);
  const isLayout = (await tree.size({ parts: ["oci-layout"], what: tree.what })) !== undefined;
  const seen = isLayout ? "it holds an OCI layout, expected oci-archive: before its name" : "docker save has written none since version 1.10 without";
  throw new OciError("INVALID", `Cannot read ${tree.what}: the archive has no ${savedManifestName}, ${seen}`);
}

/** Each has a config of up to 4 MiB to be read. */
function requireFew(images: readonly SavedImage[], what: string): readonly SavedImage[] {
  if (images.length <= mostImages) return images;
  throw new OciError("LIMIT", `Cannot read ${what}: it lists ${images.length} images, more than ${mostImages}`);
}

/** Which image of an archive is meant. */
export interface SavedName {
  /** The archive in words, for messages, in quotes. */
  readonly what: string;
  /** Its name and tag. */
  readonly reference?: Reference;
  /** Its place, from 0. */
  readonly position?: number;
}

/** Returns the image that `name` means. @throws {OciError} `NOT_FOUND`, `INVALID` if no name was given and there are several */
export function chooseSaved(images: readonly SavedImage[], { what, reference, position }: SavedName): SavedImage {
  const there = `the archive has ${listNames(images)}`;
  if (reference === undefined && position === undefined && images.length > 1)
    throw new OciError(
      "INVALID",
      `Cannot choose an image of ${what}: ${there}; expected a name (docker-archive:FILE:NAME) or a place (docker-archive:FILE:@0)`,
    );
  const found = reference === undefined ? images[position ?? 0] : images.find((image) => hasName(image, formatReference(reference)));
  if (found === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: there is no such image, ${there}`);
  return found;
}

function hasName({ RepoTags }: SavedImage, name: string): boolean {
  return (RepoTags ?? []).some((tag) => normalise(tag) === name);
}

function normalise(tag: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseReference(tag)));
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}

const namesShown = 10;

function listNames(images: readonly SavedImage[]): string {
  const shown = images.slice(0, namesShown).map(({ RepoTags }) => (RepoTags?.[0] === undefined ? "one without a name" : quote(RepoTags[0])));
  const more = images.length - shown.length;
  const count = images.length === 1 ? "1 image" : `${images.length} images`;
  return shown.length === 0 ? "no images" : `${count}: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
