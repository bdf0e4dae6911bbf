import { mapAll } from "../base/mod.ts";
import { annotateIndex, type EntryPatch } from "../index/mod.ts";
import type { Annotations, Digest } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { addFound, finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import { type ImageSelection, platformOverrides } from "./choose.ts";
import type { ListContext } from "./context.ts";
import type { Format } from "./format.ts";
import type { FoundImage } from "./found-image.ts";
import { findImages } from "./image.ts";
import { annotateLevels, type EntryAnnotations } from "./levels.ts";
import { type ManifestLevel, withManifestLevel } from "./manifest-level.ts";
import { openListPlace } from "./open-place.ts";
import { warnReservedKeys } from "./reserved.ts";
import { samePlatformWarnings } from "./same-platform.ts";

/** Options of {@linkcode addToList}. */
export interface AddToListOptions extends ImageSelection {
  /** Annotations of the entries. @default none */
  readonly annotations?: Annotations;
  /** Annotations of the index. @default none */
  readonly indexAnnotations?: Annotations;
  /** Annotations of entries by platform, after the images are in. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
  /** Annotations inside the manifests of images by platform, which get new digests by that. @default none */
  readonly manifestAnnotations?: readonly EntryAnnotations[];
  /** Overrides the version of the operating system. */
  readonly osVersion?: string;
  /** Overrides the features the operating system must have. */
  readonly osFeatures?: readonly string[];
  /** Overrides the CPU features, which only a docker list holds. */
  readonly features?: readonly string[];
  /** Converts the list, and agrees to what that drops. */
  readonly format?: Format;
}

/** Result of {@linkcode addToList}. */
export interface AddResult extends ListResult {
  /** First digest each image gave, in the order of the images. */
  readonly added: readonly Digest[];
}

/**
 * Adds images to a list, or puts them in the place of entries with the same digests, whose annotations and overrides stay.
 * @throws {OciError} `NOT_FOUND` for a list or image that is not there
 * @example Add from a layout on disk
 * ```ts
 * import assert from "node:assert/strict";
 * import { addToList, createList, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * await createList(lists, "app");
 * await assert.rejects(addToList(lists, "app", ["oci:/images:amd64"]), { code: "NOT_FOUND" });
 * ```
 */
export async function addToList(context: ListContext, list: string, images: readonly string[], options: AddToListOptions = {}): Promise<AddResult> {
  const place = await openListPlace(context, list);
  const view = await place.read();
  const found = await mapAll(images, (image) => findImages(context, image, options, place.foresee), context.signal);
  const all: EntryPatch = {
    ...(options.annotations && { annotations: options.annotations }),
    platform: {
      ...(options.osVersion !== undefined && { "os.version": options.osVersion }),
      ...(options.osFeatures && { "os.features": options.osFeatures }),
      ...(options.features && { features: options.features }),
    },
  };
  const overrides = { platform: platformOverrides(options) };
  const say = sayOnce(context);
  const finishing = { place, known: view.state.features, ...(options.format !== undefined && { format: options.format }) };
  const change = (state: ListState, images: readonly FoundImage[], level: ManifestLevel): ListState => {
    const added = addFound(state, images, { all, overrides });
    const index = annotateLevels(
      options.indexAnnotations ? annotateIndex(added.index, { annotations: options.indexAnnotations }) : added.index,
      options.entryAnnotations ?? [],
    );
    samePlatformWarnings(place.name, state.index, index).forEach(say);
    return finish(level.apply({ ...added, index }), finishing, say);
  };
  const { manifestAnnotations = [], entryAnnotations = [] } = options;
  const result = await place.hold(found.flat(), (images) =>
    withManifestLevel(context, { place, annotations: manifestAnnotations, say }, async (level) => {
      const written = await place.edit(view, (state) => change(state, images, level), { documents: level.documents });
      const digests = (group: readonly FoundImage[]) => group.map(({ entry }) => level.digestOf(entry.digest));
      return { ...resultOf(written, digests(images)), added: found.flatMap((group) => digests(group).slice(0, 1)) };
    }),
  );
  const levels = [...entryAnnotations, ...manifestAnnotations];
  warnReservedKeys(context, options.annotations, options.indexAnnotations, ...levels.map(({ annotations }) => annotations));
  return result;
}
