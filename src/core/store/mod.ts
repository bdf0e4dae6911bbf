/** The local lists. */
export type { CreateListOptions } from "./create.ts";
export { type Features, featuresKey } from "./features.ts";
export type { ContentKeeper } from "./keep.ts";
export { type EntrySource, isSameState, type ListState } from "./list-record.ts";
export { type ListStore, type ListStoreOptions, openListStore } from "./list-store.ts";
export { normaliseListName } from "./name.ts";
export type { ListRecord, StoredLists } from "./read.ts";
export type { UpdateOptions } from "./register.ts";
export type { RemoveListOptions } from "./remove.ts";
export { findStoreRoot } from "./root.ts";
export type { StoreHost } from "./shelves.ts";
