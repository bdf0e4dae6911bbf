import { createPool, isOciError, OciError, quote } from "../base/mod.ts";
import { isRemoved, type ListState, type StoredList } from "./list-record.ts";
import { normaliseListName } from "./name.ts";
import { hasList, namesOf, shelfOf } from "./name-record.ts";
import type { Shelves } from "./shelves.ts";

/** A local list. */
export interface ListRecord extends ListState {
  /** 64 hexadecimal digits, the same through all edits. */
  readonly id: string;
  /** Full names, sorted; none when its name went to another list. */
  readonly names: readonly string[];
  /** When it was made, in milliseconds since 1970. */
  readonly created: number;
  /** When it was last changed. */
  readonly modified: number;
}

/** Everything in a store. */
export interface StoredLists {
  /** The lists, oldest first. */
  readonly records: readonly ListRecord[];
  /** Why others cannot be read. */
  readonly damaged: readonly OciError[];
}

/** How many records are read at once. */
const concurrency = 16;

/** Tells whether `text` is an ID in full. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Returns the list as callers see it. */
export function recordOf({ id, created, modified, index, sources, features }: StoredList, names: readonly string[]): ListRecord {
  return { id, names, created, modified, index, sources, features };
}

/** Returns the list `id` if it is there. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
export async function readRecord(shelves: Shelves, id: string): Promise<ListRecord | undefined> {
  const list = await shelves.readList(id);
  if (list === undefined || isRemoved(list)) return undefined;
  const shelf = await shelves.readShelf(shelfOf(shelves.host.hash, list.name));
  return hasList(shelf, id) ? recordOf(list, namesOf(shelf, id)) : undefined;
}

/** Returns the list that `text` names, see `ListStore.find`. */
export async function findRecord(shelves: Shelves, text: string): Promise<ListRecord | undefined> {
  const digits = text.replace(/^sha256:(?=[0-9a-f]{64}$)/, "");
  const named = (isId(digits) && (await readRecord(shelves, digits))) || (await findNamed(shelves, text));
  if (named) return named;
  if (!/^[0-9a-f]{3,63}$/.test(text)) return undefined;
  const ids = (await shelves.ids()).filter((id) => id.startsWith(text));
  const found = await readEach(shelves, ids);
  const [first, ...others] = found;
  if (others.length > 0)
    throw ambiguous(
      text,
      found.map(({ id }) => id),
    );
  if (first && "error" in first) throw first.error;
  return first?.record;
}

async function findNamed(shelves: Shelves, text: string): Promise<ListRecord | undefined> {
  const name = tryNormalise(text);
  if (name === undefined) return undefined;
  const shelf = await shelves.readShelf(shelfOf(shelves.host.hash, name));
  const id = shelf.names[name];
  return id === undefined ? undefined : readRecord(shelves, id);
}

function tryNormalise(text: string): string | undefined {
  try {
    return normaliseListName(text);
  } catch (error) {
    if (isOciError(error, "INVALID")) return undefined;
    throw error;
  }
}

function ambiguous(text: string, ids: readonly string[]): OciError {
  return new OciError("INVALID", `Cannot find list ${quote(text)}: ${ids.length} IDs begin like that: ${ids.join(", ")}`);
}

type Found = { readonly id: string; readonly record: ListRecord } | { readonly id: string; readonly error: OciError };

/** Returns those of the lists that count, or why they cannot be read. */
async function readEach(shelves: Shelves, ids: readonly string[]): Promise<readonly Found[]> {
  const pool = createPool(concurrency);
  const found = await Promise.all(
    ids.map((id) =>
      pool.run(async (): Promise<Found | undefined> => {
        try {
          const record = await readRecord(shelves, id);
          return record && { id, record };
        } catch (error) {
          if (isOciError(error)) return { id, error };
          throw error;
        }
      }),
    ),
  );
  return found.flatMap((one) => one ?? []);
}

/** Returns every list that is there. */
export async function readAllRecords(shelves: Shelves): Promise<StoredLists> {
  const found = await readEach(shelves, await shelves.ids());
  const records = found.flatMap((one) => ("record" in one ? one.record : []));
  const order = (a: ListRecord, b: ListRecord) => a.created - b.created || (a.id < b.id ? -1 : 1);
  return { records: records.sort(order), damaged: found.flatMap((one) => ("error" in one ? one.error : [])) };
}

/** Returns the error that says that a list is not there. */
export function unknownList(verb: string, text: string): OciError {
  return new OciError("NOT_FOUND", `Cannot ${verb} list ${quote(text)}: there is no such list`);
}
