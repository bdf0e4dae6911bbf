import { OciError, quote } from "../base/mod.ts";
import { isRemoved, type ListState, type StoredList } from "./list-record.ts";
import { hasList, type Shelf, shelfOf, withName, withoutList } from "./name-record.ts";
import { isUnreadable } from "./record.ts";
import { createId, type Shelves } from "./shelves.ts";

/** Options of {@linkcode createList}. */
export interface CreateListOptions {
  /** Whether a list that has the name loses it. @default false */
  readonly replace?: boolean;
  /** Ends the waiting for other processes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a list. Its record comes first, and does not count; the edit of its shelf then makes it a list and gives it the name.
 * Whenever somebody changes the shelf in between, the record is thrown away and made again under another ID: so a record
 * that was made before a shelf's newest generation and does not stand in it never will (see `sweep.ts`).
 */
export async function createList(shelves: Shelves, name: string, state: ListState, options: CreateListOptions = {}): Promise<StoredList> {
  const { hash, clock } = shelves.host;
  const shelf = shelfOf(hash, name);
  const now = clock.now();
  let made: StoredList | undefined;
  try {
    const follow = async (found: Shelf) => {
      const content = await withoutRemoved(shelves, found, name);
      const holder = content.names[name];
      if (holder !== undefined && options.replace !== true) throw nameTaken(name, holder);
      made = await writeFresh(shelves, { ...state, name, created: now, modified: now }, made);
      return withName(content, name, made.id);
    };
    await shelves.updateShelf(shelf, follow, options);
  } catch (error) {
    if (made) await abandon(shelves, shelf, made.id);
    throw error;
  }
  if (made === undefined) throw new TypeError("updateShelf() did not call its change");
  return made;
}

/** Who removed the list that has the name may have died before it took the name away. */
async function withoutRemoved(shelves: Shelves, content: Shelf, name: string): Promise<Shelf> {
  const holder = content.names[name];
  if (holder === undefined) return content;
  const list = await shelves.readList(holder).catch((error: unknown) => {
    if (isUnreadable(error)) return undefined;
    throw error;
  });
  return list && isRemoved(list) ? withoutList(content, holder) : content;
}

async function writeFresh(shelves: Shelves, list: Omit<StoredList, "id">, former: StoredList | undefined): Promise<StoredList> {
  if (former) await shelves.discardList(former.id);
  for (;;) {
    await shelves.prepare();
    const made = { ...list, id: createId(shelves.host) };
    if (await shelves.writeList(made)) return made;
  }
}

/** An error may come after the shelf was changed; then the list is there. Where that cannot be told, the record stays for a sweep. */
async function abandon(shelves: Shelves, shelf: string, id: string): Promise<void> {
  try {
    if (!hasList(await shelves.readShelf(shelf), id)) await shelves.discardList(id);
  } catch {
    // The first error is the one to report.
  }
}

function nameTaken(name: string, id: string): OciError {
  return new OciError("EXISTS", `image name ${quote(name)} is already associated with image ${quote(id)}: that name is already in use`);
}
