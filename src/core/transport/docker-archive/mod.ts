/** Archives as `docker save` writes them: `docker-archive:FILE[:reference]`. */
export * from "./docker-archive-place.ts";
