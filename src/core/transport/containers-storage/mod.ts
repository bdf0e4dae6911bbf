/** The storage of podman and buildah: `containers-storage:NAME`. */
export * from "./containers-storage.ts";
export type { StorageOptions } from "./found-storage.ts";
export type { StorageList } from "./storage-list.ts";
