/** Directories as skopeo writes them: `dir:DIR`. */
export * from "./dir-place.ts";
