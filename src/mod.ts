/**
 * Builds, annotates, inspects and pushes OCI image indexes: the library's front door.
 *
 * @module
 */
export {
  type ErrorCode,
  explain,
  isOciError,
  MismatchError,
  OciError,
  type OciErrorOptions,
  type Pool,
  type RegistryAnswer,
  RegistryError,
} from "./core/base/mod.ts";
export * from "./core/index/mod.ts";
export * from "./core/list/mod.ts";
export type * from "./core/port/mod.ts";
export * from "./core/spec/mod.ts";
export {
  type EntrySource,
  type ListRecord,
  type ListState,
  type ListStore,
  type ListStoreOptions,
  normaliseListName,
  openListStore,
  type StoredLists,
  type StoreHost,
} from "./core/store/mod.ts";
