import { OciError, quote } from "../base/mod.ts";
import type { Generation } from "./generation.ts";
import { decodeList, encodeRemoval, isRemoved, isSameState, type ListState, type RemovedList, type StoredList } from "./list-record.ts";
import { hasList, type Shelf, shelfOf, withoutList } from "./name-record.ts";
import type { UpdateOptions } from "./register.ts";
import { type Shelves, stamp } from "./shelves.ts";

/** Which list {@linkcode endList} ends, and when. */
export interface Ending extends UpdateOptions {
  readonly id: string;
  /** What the list must still hold. @default anything */
  readonly expected?: ListState | undefined;
  /** Whether it stands in its shelf as it should. @default it has to stand in it */
  readonly stands?: (shelf: Shelf) => boolean;
}

/**
 * Ends a list: the last generation of its record says that it was removed. An edit is a generation of the same record, so it
 * came before, and `expected` tells of it, or it finds the list removed; none is acknowledged and then lost. Returns what it held,
 * or undefined if the list is not there or does not stand as it should.
 *
 * The name and the record go afterwards. Until then the name may be given to another list, and readers see none; what is left
 * is taken away by whoever comes next: who removes the list or its name, who makes a list of that name, a sweep.
 * @throws {OciError} `CONFLICT` if it does not hold what is expected; `DAMAGED`, `UNSUPPORTED`
 */
export async function endList(shelves: Shelves, { id, expected, stands = (shelf) => hasList(shelf, id), signal }: Ending): Promise<StoredList | undefined> {
  const { host, registers } = shelves;
  let found: StoredList | RemovedList | undefined;
  const follow = async (newest: Generation) => {
    const list = decodeList(host.hash, id, newest);
    found = list;
    if (isRemoved(list)) return undefined;
    if (!stands(await shelves.readShelf(shelfOf(host.hash, list.name)))) {
      found = undefined;
      return undefined;
    }
    if (expected && !isSameState(list, expected)) throw changedList(list.name);
    return encodeRemoval(host.hash, list, stamp(host, newest.number + 1));
  };
  const outcome = await registers.update(shelves.listPath(id), follow, { signal });
  if (found === undefined || outcome === "absent") return undefined;
  if (isRemoved(found)) {
    await clearAway(shelves, found, { signal });
    return undefined;
  }
  await clearAway(shelves, found, { signal }).catch(() => {});
  return found;
}

/** Takes away what is left of a list that was removed: its name, then its record, or the name would lead to nothing for good. */
export async function clearAway(shelves: Shelves, { id, name }: Pick<RemovedList, "id" | "name">, options?: UpdateOptions): Promise<void> {
  const without = async (content: Shelf) => (hasList(content, id) ? withoutList(content, id) : undefined);
  await shelves.updateShelf(shelfOf(shelves.host.hash, name), without, options);
  await shelves.discardList(id);
}

function changedList(name: string): OciError {
  return new OciError("CONFLICT", `Cannot remove list ${quote(name)}: it was edited in between, so it stays`);
}
