import { isOciError, mapAll, OciError, quote } from "../base/mod.ts";
import { isSameState, type ListRecord } from "../store/mod.ts";
import type { ListContext } from "./context.ts";

/** A local list, and what it takes. */
export interface ListedList extends ListRecord {
  /** Bytes of content that the store keeps for it; what lists share counts for each. */
  readonly kept: number;
}

/** The local lists, and what is wrong with those that cannot be read. */
export interface Listing {
  /** The lists, by name. */
  readonly lists: readonly ListedList[];
  /** Why others cannot be read, or not all that is kept for them. */
  readonly damaged: readonly OciError[];
}

/** Returns the local lists. */
export async function allLists(context: ListContext): Promise<Listing> {
  const { records, damaged } = await context.store.all();
  const sorted = [...records].sort((a, b) => (a.names[0] ?? a.id).localeCompare(b.names[0] ?? b.id, "en"));
  const measured = await mapAll(sorted, (record) => context.pool.run(() => withSize(context, record)), context.signal);
  const sized = measured.flatMap((each) => each ?? []);
  return { lists: sized.map(({ list }) => list), damaged: [...damaged, ...sized.flatMap(({ error }) => error ?? [])] };
}

interface Sized {
  readonly list: ListedList;
  readonly error?: OciError;
}

/** Returns undefined for a list that is gone by now. What cannot be read may have been freed by an edit: then the list is another by now. */
async function withSize(context: ListContext, record: ListRecord): Promise<Sized | undefined> {
  const { store } = context;
  try {
    return { list: { ...record, kept: await store.keptSize(record) } };
  } catch (cause) {
    if (!isOciError(cause)) throw cause;
    const now = await store.find(record.id);
    if (now === undefined) return undefined;
    if (!isSameState(now, record)) return withSize(context, now);
    const error = new OciError(cause.code, `Cannot tell what is kept for list ${quote(record.names[0] ?? record.id)}: ${cause.message}`, { cause });
    return { list: { ...record, kept: 0 }, error };
  }
}
