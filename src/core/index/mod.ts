/** Pure edits of an image index: every function returns a new index and leaves the one it was given as it is. */
export * from "./add.ts";
export {
  type AnnotationPatch,
  annotateEntries,
  annotateEntry,
  annotateIndex,
  type EntryField,
  type EntryPatch,
  entryFields,
  type IndexField,
  type IndexPatch,
  indexFields,
  type PlatformPatch,
} from "./annotate.ts";
export * from "./attestation.ts";
export type * from "./choice.ts";
export * from "./convert.ts";
export * from "./create.ts";
export * from "./find.ts";
export * from "./remove.ts";
export * from "./rewrite.ts";
export * from "./select.ts";
export * from "./variant.ts";
