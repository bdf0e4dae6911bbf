import { attestationsOf, removeEntries } from "../index/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { type ListResult, resultOf } from "./change.ts";
import type { ListContext } from "./context.ts";
import { findListEntry } from "./entry.ts";
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

/** Takes entries out of a list; their images stay where they are. @throws {OciError} `NOT_FOUND` that names the entries there are */
export async function removeFromList(context: ListContext, list: string, entries: readonly string[], options: RemoveOptions = {}): Promise<RemoveResult> {
  const place = await openListPlace(context, list);
  const view = await place.read();
  const removed: Digest[] = [];
  for (const entry of entries) removed.push((await findListEntry(context, view, entry)).digest);
  const all = (state: ListState) => [
    ...removed,
    ...(options.attestations === true ? removed.flatMap((digest) => attestationsOf(state.index, digest).map((entry) => entry.digest)) : []),
  ];
  const written = await place.edit(view, (state) => without(state, [...new Set(all(state))]));
  return { ...resultOf(written, [...new Set(all(view.state))]), removed };
}

function without(state: ListState, digests: readonly Digest[]): ListState {
  const gone = new Set<string>(digests);
  const keep = <T>(map: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(map).filter(([digest]) => !gone.has(digest)));
  return { index: removeEntries(state.index, digests), sources: keep(state.sources), features: keep(state.features) };
}
