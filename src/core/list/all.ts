import type { OciError } from "../base/mod.ts";
import type { ListRecord } from "../store/mod.ts";
import type { ListContext } from "./context.ts";

/** The local lists, and what is wrong with those that cannot be read. */
export interface Listing {
  /** The lists, by name. */
  readonly lists: readonly ListRecord[];
  /** Why others cannot be read. */
  readonly damaged: readonly OciError[];
}

/** Returns the local lists. */
export async function allLists(context: ListContext): Promise<Listing> {
  const { records, damaged } = await context.store.all();
  return { lists: [...records].sort((a, b) => (a.names[0] ?? a.id).localeCompare(b.names[0] ?? b.id, "en")), damaged };
}
