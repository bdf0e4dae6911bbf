/** Bytes with a promise attached: verified streams and documents, files published whole or swapped, content-addressed files. */
export * from "./archive.ts";
export * from "./cache.ts";
export * from "./content-files.ts";
export * from "./content-reader.ts";
export * from "./directories.ts";
export * from "./document.ts";
export * from "./graph.ts";
export * from "./held.ts";
export * from "./overlay.ts";
export * from "./plain-file.ts";
export * from "./publish.ts";
export * from "./stage.ts";
export * from "./swap-file.ts";
export * from "./tar-members.ts";
export * from "./tar-writer.ts";
export * from "./tree.ts";
export * from "./verify.ts";
