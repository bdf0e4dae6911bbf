import { isOciError, OciError, quote } from "../base/mod.ts";
import type { ContentReader } from "../content/mod.ts";
import type { Report } from "../port/mod.ts";
import { type CreateListOptions, createList } from "./create.ts";
import { editList } from "./edit.ts";
import { freeContent, hasLeft } from "./free.ts";
import { type ContentKeeper, keepContent } from "./keep.ts";
import { type KeptFiles, openKeptFiles } from "./kept-files.ts";
import type { ListState } from "./list-record.ts";
import { normaliseListName } from "./name.ts";
import { findRecord, isId, type ListRecord, readAllRecords, readRecord, recordOf, type StoredLists } from "./read.ts";
import { dropsContent, keptSize } from "./references.ts";
import type { UpdateOptions } from "./register.ts";
import { type RemoveListOptions, removeList, untagList } from "./remove.ts";
import { findStoreRoot } from "./root.ts";
import { openShelves, type Shelves, type StoreHost } from "./shelves.ts";
import { sweep } from "./sweep.ts";

/**
 * The local lists. Any number of processes may use them at once: no edit that was acknowledged is lost, and a process may
 * die anywhere without leaving half of one. Reading takes no lock and writes nothing.
 *
 * A record that cannot be read is never replaced: whatever needs it fails with `DAMAGED` and names the file; one that a
 * later version wrote fails with `UNSUPPORTED`.
 */
export interface ListStore {
  /** Makes a list, all of it or nothing; with `replace`, a list that has the name stays without it. @throws {OciError} `EXISTS`, `INVALID` for what is no name */
  create(name: string, state: ListState, options?: CreateListOptions): Promise<ListRecord>;
  /** Returns the list with this ID, this name, or as the only one an ID that begins like this (3 digits at least). @throws {OciError} `INVALID` if several do */
  find(text: string): Promise<ListRecord | undefined>;
  /** Replaces a list's state by what `change` makes of it, called again whenever somebody was faster; the same state writes nothing. @throws {OciError} `NOT_FOUND` */
  edit(id: string, change: (state: ListState) => ListState, options?: UpdateOptions): Promise<ListRecord>;
  /** Removes a list, damaged or not, and its names: every edit that was acknowledged came before. @throws {OciError} `NOT_FOUND`, `CONFLICT` if it does not hold what is expected */
  remove(id: string, options?: RemoveListOptions): Promise<void>;
  /** Takes a name away, and with its last name the list. @throws {OciError} `NOT_FOUND` */
  untag(name: string, options?: UpdateOptions): Promise<{ readonly removed: boolean; readonly id: string }>;
  /** Returns all lists. */
  all(): Promise<StoredLists>;
  /** Content that lists refer to and nobody else keeps, for reading. */
  readonly content: ContentReader;
  /**
   * Runs `task`, which puts content into the store and then edits lists so that they refer to it (see {@linkcode EntrySource.kept}). What
   * was put counts only by such a reference; every piece of it is there when this returns, whatever others free meanwhile.
   */
  keep<T>(task: (keeper: ContentKeeper) => Promise<T>): Promise<T>;
  /** Returns how many bytes of content the store keeps for a list; what several lists share counts for each. @throws {OciError} `NOT_FOUND` for a manifest that is gone */
  keptSize(list: ListState): Promise<number>;
}

/** Options of {@linkcode openListStore}. */
export interface ListStoreOptions {
  /** The store is the folder `ocidex` in this directory. @default $OCIDEX_ROOT itself, else `ocidex` in the user's data directory */
  readonly root?: string;
  /** Is told when content that no list refers to cannot be freed. @default nothing is reported */
  readonly report?: Report;
}

/** One in so many new lists looks for what dead processes left. */
const sweepInterval = 32;

/**
 * Returns the local lists; nothing is read or made before it is needed.
 * @example Make a list, add to it, read it
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex, openListStore } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const store = openListStore(memoryHost(), { root: "/data" });
 * const { id } = await store.create("app", { index: createIndex(), sources: {}, features: {} });
 * await store.edit(id, (state) => ({ ...state, index: { ...state.index, annotations: { from: "ci" } } }));
 * const list = await store.find("app");
 * assert.deepEqual(list?.names, ["localhost/app:latest"]);
 * assert.deepEqual(list?.index.annotations, { from: "ci" });
 * ```
 * @example Keep what nobody else keeps, as long as a list refers to it
 * ```ts
 * import assert from "node:assert/strict";
 * import { addEntry, createIndex, openListStore } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const host = memoryHost();
 * const store = openListStore(host, { root: "/data" });
 * const { id } = await store.create("app", { index: createIndex(), sources: {}, features: {} });
 * const bytes = new TextEncoder().encode("hello");
 * const hasher = host.hash("sha256");
 * hasher.update(bytes);
 * const entry = { mediaType: "text/plain", digest: `sha256:${hasher.digest()}`, size: bytes.length } as const;
 * await store.keep(async (keeper) => {
 *   await keeper.put(entry, async () => new Blob([bytes]).stream());
 *   const sources = { [entry.digest]: { location: "dir:/gone", kept: "all" } } as const;
 *   await store.edit(id, (state) => ({ ...state, index: addEntry(state.index, entry), sources }));
 * });
 * assert.deepEqual(await store.content.readSmall(entry), bytes);
 * await store.remove(id);
 * assert.equal(await store.content.has(entry.digest), false);
 * ```
 */
export function openListStore(host: StoreHost, options: ListStoreOptions = {}): ListStore {
  let opened: Opened | undefined;
  // Without a home directory only who uses the store needs to hear of it.
  const open = (): Opened => (opened ??= openAt(host, findStoreRoot(host, options.root)));
  /** The edit is done: content that stays takes room, and the next who frees some tries again. */
  const free = async () => {
    try {
      await freeContent(open().shelves, open().kept);
    } catch (error) {
      if (!isOciError(error)) throw error;
      options.report?.({ type: "warning", message: `content that no list refers to any more stays in the store: ${error.message}` });
    }
  };
  return {
    get content() {
      return open().kept.reader;
    },
    async create(name, state, createOptions) {
      const { shelves, kept } = open();
      const full = normaliseListName(name);
      if (isId(name) && (await readRecord(shelves, name))) throw new OciError("INVALID", `Cannot create list ${quote(name)}: it is the ID of a list`);
      const list = await createList(shelves, full, state, createOptions);
      if (host.random.number() * sweepInterval < 1) {
        await sweep(shelves).catch(() => {});
        await freeContent(shelves, kept).catch(() => {});
      }
      return recordOf(list, [full]);
    },
    find: (text) => findRecord(open().shelves, text),
    async edit(id, change, editOptions) {
      let before: ListState | undefined;
      const follow = (state: ListState) => {
        before = state;
        return change(state);
      };
      const record = await editList(open().shelves, id, { ...editOptions, change: follow });
      if (before && dropsContent(before, record)) await free();
      return record;
    },
    async remove(id, removeOptions) {
      const { state } = await removeList(open().shelves, id, removeOptions);
      if (dropsContent(state)) await free();
    },
    async untag(name, untagOptions) {
      const { id, state } = await untagList(open().shelves, normaliseListName(name), untagOptions);
      if (dropsContent(state)) await free();
      return { removed: true, id };
    },
    all: () => readAllRecords(open().shelves),
    async keep(task) {
      const { shelves, kept } = open();
      if (await hasLeft(kept)) await freeContent(shelves, kept).catch(() => {});
      return keepContent(shelves, kept, task);
    },
    keptSize: (list) => keptSize(open().kept.reader, list),
  };
}

interface Opened {
  readonly shelves: Shelves;
  readonly kept: KeptFiles;
}

function openAt(host: StoreHost, root: string): Opened {
  const shelves = openShelves(host, root);
  return { shelves, kept: openKeptFiles(host, root, shelves.prepare) };
}
