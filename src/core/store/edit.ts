import type { Generation } from "./generation.ts";
import { decodeList, encodeList, isRemoved, type ListState } from "./list-record.ts";
import { hasList, namesOf, shelfOf } from "./name-record.ts";
import { isId, type ListRecord, recordOf, unknownList } from "./read.ts";
import type { UpdateOptions } from "./register.ts";
import { type Shelves, stamp } from "./shelves.ts";

/** What {@linkcode editList} does. */
export interface ListEdit extends UpdateOptions {
  /** Returns what becomes of the state. */
  readonly change: (state: ListState) => ListState;
}

/** Replaces a list's state by what `change` makes of it, see `ListStore.edit`. */
export async function editList(shelves: Shelves, id: string, { change, signal }: ListEdit): Promise<ListRecord> {
  const { host, registers } = shelves;
  if (!isId(id)) throw unknownList("edit", id);
  let result: ListRecord | undefined;
  const follow = async (newest: Generation) => {
    const list = decodeList(host.hash, id, newest);
    if (isRemoved(list)) throw unknownList("edit", id);
    const shelf = await shelves.readShelf(shelfOf(host.hash, list.name));
    if (!hasList(shelf, id)) throw unknownList("edit", id);
    const state: ListState = { index: list.index, sources: list.sources, features: list.features };
    const next = change(state);
    const { index, sources, features } = next;
    const changed = next === state ? list : { ...list, index, sources, features, modified: Math.max(host.clock.now(), list.modified) };
    result = recordOf(changed, namesOf(shelf, id));
    return changed === list ? undefined : encodeList(host.hash, changed, stamp(host, newest.number + 1));
  };
  const outcome = await registers.update(shelves.listPath(id), follow, { signal });
  if (result === undefined || outcome === "absent") throw unknownList("edit", id);
  return result;
}
