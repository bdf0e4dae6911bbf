/** One use case per verb of `ocidex manifest`. Each takes a context, returns data and prints nothing. */

export type { PlannedWrite } from "../copy/mod.ts";
export { type AddToListOptions, addToList } from "./add.ts";
export { type AddArtifactOptions, addArtifactToList } from "./add-artifact.ts";
export type { AddedEntryOptions, AddResult } from "./add-found.ts";
export { allLists, type ListedList, type Listing } from "./all.ts";
export { type AnnotateOptions, annotateList, annotateListEntries, type EntryChange, type IndexChange } from "./annotate.ts";
export type { ArtifactDescription } from "./artifact.ts";
export type { ListResult } from "./change.ts";
export type { ImageSelection } from "./choose.ts";
export { type PushCompression, parseCompressionFormat } from "./compression.ts";
export { type ListContext, type ListOptions, openLists } from "./context.ts";
export { type CreateListOptions, createList } from "./create.ts";
export { listExists } from "./exists.ts";
export { type Format, parseFormat } from "./format.ts";
export { isShortName, registryDomains, splitPlatform } from "./image-name.ts";
export { type Inspection, type InspectOptions, inspectList } from "./inspect.ts";
export { type EntryAnnotations, type LevelAnnotations, parseLevelAnnotations, readAnnotationFile } from "./levels.ts";
export { type PushListOptions, type PushResult, pushList } from "./push.ts";
export { type RemoveOptions, type RemoveResult, removeFromList } from "./remove.ts";
export { type DeleteListsOptions, type Deletion, deleteList, deleteLists } from "./rm.ts";
