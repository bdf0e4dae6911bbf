import { isOciError, OciError } from "../base/mod.ts";
import { hasTransport, parseLocation } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { findName } from "./local-place.ts";
import { isMissing } from "./missing.ts";

/** What {@linkcode deleteList} did. */
export interface Deletion {
  /** The names that were taken away. */
  readonly untagged: readonly string[];
  /** ID of the local list that is gone; absent when it keeps other names, and at a location, where content stays. */
  readonly removed?: string;
}

/**
 * Takes the name away from a local list, and deletes the list with its last name; an ID deletes the list. At a location
 * only the name goes, never content by its digest.
 * @throws {OciError} `NOT_FOUND`; `INVALID` for the ID of a list with several names
 */
export async function deleteList(context: ListContext, list: string): Promise<Deletion> {
  if (hasTransport(list)) {
    const place = await context.transports.place(parseLocation(list));
    await place.removeName(signalOf(context));
    return { untagged: [list] };
  }
  const record = await context.store.find(list);
  if (record === undefined) throw new OciError("NOT_FOUND", `${list}: image not known`);
  const name = findName(record.names, list);
  if (name !== undefined) {
    const { removed } = await context.store.untag(name, signalOf(context));
    return { untagged: [name], ...(removed && { removed: record.id }) };
  }
  if (record.names.length > 1) {
    throw new OciError("INVALID", `unable to delete image "${record.id}" by ID with more than one tag (${record.names.join(", ")}): remove its names instead`);
  }
  await context.store.remove(record.id, signalOf(context));
  return { untagged: record.names, removed: record.id };
}

/** Options of {@linkcode deleteLists}. */
export interface DeleteListsOptions {
  /** Whether a list that is not there is no failure. @default false */
  readonly ignoreMissing?: boolean;
}

/** Deletes several lists, see {@linkcode deleteList}; a failure does not keep the others from being deleted. */
export async function deleteLists(
  context: ListContext,
  lists: readonly string[],
  options: DeleteListsOptions = {},
): Promise<{ readonly deletions: readonly Deletion[]; readonly failures: readonly OciError[] }> {
  const deletions: Deletion[] = [];
  const failures: OciError[] = [];
  for (const list of lists) {
    try {
      deletions.push(await deleteList(context, list));
    } catch (error) {
      if (!isOciError(error)) throw error;
      if (options.ignoreMissing !== true || !isMissing(error, list)) failures.push(error);
    }
  }
  return { deletions, failures };
}
