import { isOciError, OciError, quote } from "../base/mod.ts";
import { isSameState, type ListState } from "./list-record.ts";
import { hasList, type Shelf, shelfOf, withoutList } from "./name-record.ts";
import { isId, unknownList } from "./read.ts";
import type { Shelves } from "./shelves.ts";

/** Options of {@linkcode removeList}. */
export interface RemoveListOptions {
  /** What the list must still hold just before it is removed. @default anything */
  readonly expected?: ListState | undefined;
}

/** Removes a list, damaged or not, and its name. The edit of its shelf is what removes it; its record is then waste. */
export async function removeList(shelves: Shelves, id: string, { expected }: RemoveListOptions = {}): Promise<void> {
  if (!isId(id)) throw unknownList("remove", id);
  const shelf = await findShelf(shelves, id);
  if (shelf === undefined || (shelf !== "unreadable" && !(await takeFrom(shelves, { shelf, id, expected })))) throw unknownList("remove", id);
  const discarding = shelves.discardList(id);
  await (shelf === "unreadable" ? discarding : discarding.catch(() => {}));
}

function changedList(name: string): OciError {
  return new OciError("CONFLICT", `Cannot remove list ${quote(name)}: it was edited in between, so it stays`);
}

/** Returns the shelf the list stands in: that of its name, or when its record cannot say, whichever has it, if one can be read. */
async function findShelf(shelves: Shelves, id: string): Promise<string | undefined> {
  try {
    const list = await shelves.readList(id);
    return list && shelfOf(shelves.host.hash, list.name);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  for (const shelf of await shelves.shelves()) if (hasList(await readOrSkip(shelves, shelf), id)) return shelf;
  return "unreadable";
}

async function readOrSkip(shelves: Shelves, shelf: string): Promise<Shelf> {
  try {
    return await shelves.readShelf(shelf);
  } catch (error) {
    if (isUnreadable(error)) return { names: {}, nameless: [] };
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return isOciError(error, "DAMAGED") || isOciError(error, "UNSUPPORTED");
}

interface Taking extends RemoveListOptions {
  readonly shelf: string;
  readonly id: string;
}

async function takeFrom(shelves: Shelves, { shelf, id, expected }: Taking): Promise<boolean> {
  let removed = false;
  await shelves.updateShelf(shelf, async (content) => {
    const list = expected && (await shelves.readList(id));
    if (expected && list && !isSameState(list, expected)) throw changedList(list.name);
    removed = hasList(content, id);
    return removed ? withoutList(content, id) : undefined;
  });
  return removed;
}

/** Takes a name away, see `ListStore.untag`. A list has one name at most, so the list goes too; its record is not asked. */
export async function untagList(shelves: Shelves, name: string): Promise<{ readonly removed: boolean; readonly id: string }> {
  let id: string | undefined;
  await shelves.updateShelf(shelfOf(shelves.host.hash, name), async (content) => {
    id = content.names[name];
    return id === undefined ? undefined : withoutList(content, id);
  });
  if (id === undefined) throw unknownList("untag", name);
  await shelves.discardList(id).catch(() => {});
  return { removed: true, id };
}
