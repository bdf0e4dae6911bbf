/** OCI image layouts in a directory or in one file: `oci:DIR[:reference]`, `oci-archive:FILE[:reference]`. */
export * from "./archive-place.ts";
export * from "./layout-place.ts";
