import { attestationsOf, removeEntries } from "../index/mod.ts";
import type { Descriptor, Digest, ImageIndex } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { digestsOf, type ListResult, resultOf } from "./change.ts";
import type { ListContext } from "./context.ts";
import { entriesFinder } from "./entry.ts";
import { openListPlace } from "./open-place.ts";

/** Options of {@linkcode removeFromList}. */
export interface RemoveOptions {
  /** Removes the attestations of the images too. @default false */
  readonly attestations?: boolean;
}

/** Result of {@linkcode removeFromList}. */
export interface RemoveResult extends ListResult {
  /** The digests that were named, in order. */
  readonly removed: readonly Digest[];
}

/**
 * Takes entries out of a list; their images stay where they are.
 * @throws {OciError} `NOT_FOUND` that names the entries there are
 * @example There is nothing for a platform
 * ```ts
 * import assert from "node:assert/strict";
 * import { createList, openLists, removeFromList } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * await createList(lists, "app");
 * await assert.rejects(removeFromList(lists, "app", ["linux/s390x"]), { code: "NOT_FOUND" });
 * ```
 */
export async function removeFromList(context: ListContext, list: string, entries: readonly string[], options: RemoveOptions = {}): Promise<RemoveResult> {
  const place = await openListPlace(context, list);
  const view = await place.read();
  const find = await entriesFinder(context, { place, view }, entries);
  let removed: readonly Descriptor[] = [];
  let gone: readonly Descriptor[] = [];
  const written = await place.edit(view, (state) => {
    removed = find(state.index);
    gone = options.attestations === true ? [...removed, ...orphansOf(state.index, removed)] : removed;
    return without(state, gone);
  });
  return { ...resultOf(written, digestsOf(gone)), removed: digestsOf(removed) };
}

/** Returns the attestations of images that no entry points to any more once `removed` are out. */
function orphansOf(index: ImageIndex, removed: readonly Descriptor[]): readonly Descriptor[] {
  const left = new Set(removeEntries(index, removed).manifests.map(({ digest }) => digest));
  return digestsOf(removed).flatMap((digest) => (left.has(digest) ? [] : attestationsOf(index, digest)));
}

function without(state: ListState, gone: readonly Descriptor[]): ListState {
  const index = removeEntries(state.index, gone);
  const left = new Set<string>(index.manifests.map(({ digest }) => digest));
  const lost = new Set<string>(digestsOf(gone).filter((digest) => !left.has(digest)));
  return { ...state, index, sources: Object.fromEntries(Object.entries(state.sources).filter(([digest]) => !lost.has(digest))) };
}
