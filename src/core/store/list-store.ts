import { OciError, quote } from "../base/mod.ts";
import { type ContentFiles, type ContentReader, openContentFiles } from "../content/mod.ts";
import { type CreateListOptions, createList } from "./create.ts";
import { editList } from "./edit.ts";
import { type ContentKeeper, keepContent } from "./keep.ts";
import type { ListState } from "./list-record.ts";
import { normaliseListName } from "./name.ts";
import { findRecord, isId, type ListRecord, readAllRecords, readRecord, recordOf, type StoredLists } from "./read.ts";
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
}

/** Options of {@linkcode openListStore}. */
export interface ListStoreOptions {
  /** The store is the folder `ocidex` in this directory. @default $OCIDEX_ROOT itself, else `ocidex` in the user's data directory */
  readonly root?: string;
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
 */
export function openListStore(host: StoreHost, options: ListStoreOptions = {}): ListStore {
  let opened: { readonly shelves: Shelves; readonly content: ContentFiles } | undefined;
  // Without a home directory only who uses the store needs to hear of it.
  const open = () => {
    if (opened) return opened;
    const root = findStoreRoot(host, options.root);
    const shelves = openShelves(host, root);
    opened = { shelves, content: openContent(host, root, shelves) };
    return opened;
  };
  return {
    get content() {
      return open().content;
    },
    async create(name, state, createOptions) {
      const { shelves } = open();
      const full = normaliseListName(name);
      if (isId(name) && (await readRecord(shelves, name))) throw new OciError("INVALID", `Cannot create list ${quote(name)}: it is the ID of a list`);
      const list = await createList(shelves, full, state, createOptions);
      if (host.random.number() * sweepInterval < 1) await sweep(shelves).catch(() => {});
      return recordOf(list, [full]);
    },
    find: (text) => findRecord(open().shelves, text),
    edit: (id, change, editOptions) => editList(open().shelves, id, { ...editOptions, change }),
    remove: (id, removeOptions) => removeList(open().shelves, id, removeOptions),
    untag: (name, untagOptions) => untagList(open().shelves, normaliseListName(name), untagOptions),
    all: () => readAllRecords(open().shelves),
    keep: (task) => keepContent(open().content, task),
  };
}

/** Whoever writes first, the store's directory is for its owner only. */
function openContent(host: StoreHost, root: string, shelves: Shelves): ContentFiles {
  const content = openContentFiles(host, host.files.join(root, "content"));
  return {
    ...content,
    async put(...parameters) {
      await shelves.prepare();
      return content.put(...parameters);
    },
  };
}
