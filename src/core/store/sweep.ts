import { isOciError } from "../base/mod.ts";
import { clearAway } from "./end.ts";
import { isRemoved } from "./list-record.ts";
import { hasList, shelfOf } from "./name-record.ts";
import type { Shelves } from "./shelves.ts";
import { isYoung } from "./young.ts";

/**
 * Removes what processes that died have left: records of lists that never came to count or do no more, names of lists that
 * were removed, and what lies in the workshop. What cannot be read stays.
 *
 * A record that stands in no shelf may belong to a list being made, so its shelf is written anew first: the maker, who opened
 * its slot and read the shelf before it made the record, now fails to publish and starts again with another record.
 */
export async function sweep(shelves: Shelves): Promise<void> {
  const { files } = shelves.host;
  for (const id of await shelves.ids()) {
    if (await isYoung(shelves.host, shelves.listPath(id))) continue;
    const list = await shelves.readList(id).catch((error: unknown) => {
      if (isOciError(error)) return undefined;
      throw error;
    });
    if (list === undefined) continue;
    if (isRemoved(list)) await clearAway(shelves, list);
    else if (await isFencedOff(shelves, shelfOf(shelves.host.hash, list.name), id)) await shelves.discardList(id);
  }
  for (const name of (await files.status(shelves.workshop)) ? await files.list(shelves.workshop) : []) {
    const path = files.join(shelves.workshop, name);
    if (name.endsWith(".dead")) await files.remove(path);
    else if (!(await isYoung(shelves.host, path))) await shelves.registers.discard(path);
  }
}

/** Makes sure that the list `id` does not count and never will; tells whether that is so. */
async function isFencedOff(shelves: Shelves, shelf: string, id: string): Promise<boolean> {
  if (hasList(await shelves.readShelf(shelf), id)) return false;
  let counts = false;
  await shelves.updateShelf(shelf, async (content) => {
    counts = hasList(content, id);
    return counts ? undefined : content;
  });
  return !counts;
}
