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
  NetworkError,
  OciError,
  type OciErrorOptions,
  type Pool,
  type RegistryAnswer,
  RegistryError,
} from "./core/base/mod.ts";
export type { ContentReader, Promised, PutContentOptions } from "./core/content/mod.ts";
export * from "./core/index/mod.ts";
export {
  type AddResult,
  type AddToListOptions,
  type AnnotateOptions,
  addToList,
  allLists,
  annotateList,
  annotateListEntries,
  type CreateListOptions,
  createList,
  type DeleteListsOptions,
  type Deletion,
  deleteList,
  deleteLists,
  type EntryAnnotations,
  type EntryChange,
  type Format,
  type ImageSelection,
  type IndexChange,
  type Inspection,
  type InspectOptions,
  inspectList,
  type LevelAnnotations,
  type ListContext,
  type ListedList,
  type Listing,
  type ListOptions,
  type ListResult,
  listExists,
  openLists,
  type PlannedWrite,
  type PushListOptions,
  type PushResult,
  parseFormat,
  parseLevelAnnotations,
  pushList,
  type RemoveOptions,
  type RemoveResult,
  readAnnotationFile,
  removeFromList,
} from "./core/list/mod.ts";
export type * from "./core/port/mod.ts";
export * from "./core/spec/mod.ts";
export {
  type ContentKeeper,
  type EntrySource,
  type Features,
  featuresKey,
  type ListRecord,
  type ListState,
  type ListStore,
  type ListStoreOptions,
  normaliseListName,
  openListStore,
  type StoredLists,
  type StoreHost,
} from "./core/store/mod.ts";
