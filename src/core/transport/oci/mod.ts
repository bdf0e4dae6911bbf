/** OCI image layouts in a directory: `oci:DIR[:reference]`. */
export * from "./layout-place.ts";
