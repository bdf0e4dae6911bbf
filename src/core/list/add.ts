import { mapAll } from "../base/mod.ts";
import { type AddedEntryOptions, type AddResult, addToPlace } from "./add-found.ts";
import type { ImageSelection } from "./choose.ts";
import type { ListContext } from "./context.ts";
import { findImages } from "./image.ts";
import { openListPlace } from "./open-place.ts";

/** Options of {@linkcode addToList}. */
export interface AddToListOptions extends ImageSelection, AddedEntryOptions {}

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
  const found = await mapAll(images, (image, signal) => findImages({ ...context, signal }, image, options, place.foresee), context.signal);
  return addToPlace(context, { place, view, found }, options);
}
