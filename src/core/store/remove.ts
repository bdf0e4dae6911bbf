import { endList } from "./end.ts";
import type { ListState } from "./list-record.ts";
import { hasList, type Shelf, shelfOf, withoutList } from "./name-record.ts";
import { isId, unknownList } from "./read.ts";
import { isUnreadable } from "./record.ts";
import type { UpdateOptions } from "./register.ts";
import type { Shelves } from "./shelves.ts";

/** Options of {@linkcode removeList}. */
export interface RemoveListOptions extends UpdateOptions {
  /** What the list must still hold just before it is removed. @default anything */
  readonly expected?: ListState | undefined;
}

/** A list that is gone. */
export interface GoneList {
  readonly id: string;
  /** What it held; absent where its record could not be read. */
  readonly state?: ListState;
}

/** Removes a list, damaged or not, and its name. */
export async function removeList(shelves: Shelves, id: string, options: RemoveListOptions = {}): Promise<GoneList> {
  if (!isId(id)) throw unknownList("remove", id);
  const isWhole = options.expected !== undefined || (await look(shelves, id)) !== "unreadable";
  if (!isWhole) {
    await removeDamaged(shelves, id, options);
    return { id };
  }
  const state = await endList(shelves, { ...options, id });
  if (state === undefined) throw unknownList("remove", id);
  return { id, state };
}

/** Takes a name away, see `ListStore.untag`. A list has one name at most, so the list goes too, damaged or not. */
export async function untagList(shelves: Shelves, name: string, options?: UpdateOptions): Promise<GoneList> {
  const shelf = shelfOf(shelves.host.hash, name);
  // Where the list does not end, the name was taken away from it in between.
  for (;;) {
    const id = (await shelves.readShelf(shelf)).names[name];
    if (id === undefined) throw unknownList("untag", name);
    const stands = (content: Shelf) => content.names[name] === id;
    if ((await look(shelves, id)) === "there") {
      const state = await endList(shelves, { ...options, id, stands });
      if (state) return { id, state };
    } else if (await dropDamaged(shelves, { ...options, id, shelf, stands })) return { id };
  }
}

/** Tells what is kept under an ID. */
async function look(shelves: Shelves, id: string): Promise<"there" | "absent" | "unreadable"> {
  try {
    return (await shelves.readList(id)) ? "there" : "absent";
  } catch (error) {
    if (isUnreadable(error)) return "unreadable";
    throw error;
  }
}

/** A record that cannot be read cannot be edited either; no edit can be lost with it. Nor does it say its name: the shelf is searched for. */
async function removeDamaged(shelves: Shelves, id: string, options: UpdateOptions): Promise<void> {
  const stands = (content: Shelf) => hasList(content, id);
  for (const shelf of await shelves.shelves()) {
    if (!stands(await readOrSkip(shelves, shelf))) continue;
    if (!(await dropDamaged(shelves, { ...options, id, shelf, stands }))) throw unknownList("remove", id);
    return;
  }
  await shelves.discardList(id);
}

interface Dropping extends UpdateOptions {
  readonly id: string;
  readonly shelf: string;
  readonly stands: (content: Shelf) => boolean;
}

async function dropDamaged(shelves: Shelves, { id, shelf, stands, signal }: Dropping): Promise<boolean> {
  let isDropped = false;
  const without = async (content: Shelf) => {
    isDropped = stands(content);
    return isDropped ? withoutList(content, id) : undefined;
  };
  await shelves.updateShelf(shelf, without, { signal });
  if (isDropped) await shelves.discardList(id).catch(() => {});
  return isDropped;
}

async function readOrSkip(shelves: Shelves, shelf: string): Promise<Shelf> {
  try {
    return await shelves.readShelf(shelf);
  } catch (error) {
    if (isUnreadable(error)) return { names: {}, nameless: [] };
    throw error;
  }
}
