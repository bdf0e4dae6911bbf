/** Pure edits of an image index: every function returns a new index and leaves the one it was given as it is. */
export * from "./add.ts";
export * from "./annotate.ts";
export * from "./attestation.ts";
export * from "./convert.ts";
export * from "./create.ts";
export * from "./find.ts";
export * from "./remove.ts";
export * from "./rewrite.ts";
export * from "./select.ts";
