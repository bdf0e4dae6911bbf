/** One use case per verb of `ocidex manifest`. Each takes a context, returns data and prints nothing. */
export { type AddResult, addToList, type AddToListOptions } from "./add.ts";
export { allLists, type Listing } from "./all.ts";
export { annotateList, annotateListEntries, type AnnotateOptions, type EntryChange, type IndexChange } from "./annotate.ts";
export type { ListResult } from "./change.ts";
export { type ListContext, type ListOptions, openLists } from "./context.ts";
export { createList, type CreateListOptions } from "./create.ts";
export { listExists } from "./exists.ts";
export { type Format, parseFormat } from "./format.ts";
export type { ImageSelection } from "./image.ts";
export { type Inspection, inspectList } from "./inspect.ts";
export { type EntryAnnotations, type LevelAnnotations, parseLevelAnnotations, readAnnotationFile } from "./levels.ts";
export { pushList, type PushListOptions, type PushResult } from "./push.ts";
export { removeFromList, type RemoveOptions, type RemoveResult } from "./remove.ts";
export { deleteList, deleteLists, type DeleteListsOptions, type Deletion } from "./rm.ts";
