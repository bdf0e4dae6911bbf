import type { WorkFiles } from "../../content/mod.ts";
import type { ContentSource, Host, Report } from "../../port/mod.ts";
import { formatLocation, type Platform, type StorageLocation } from "../../spec/mod.ts";
import { type LocatingOptions, openLocating } from "./locate-stored.ts";
import { readStorageList, type StorageList } from "./storage-list.ts";
import { openStorageSource, type StorageReading } from "./storage-source.ts";
import { openStorageTool } from "./storage-tool.ts";
import { openWorkingCopies } from "./working-copies.ts";

/** What container storage needs of a host. */
export type StorageHost = Pick<Host, "files" | "hash" | "environment" | "run">;

/** How container storage is used. */
export interface StorageUse extends LocatingOptions, Pick<StorageReading, "openDirectory"> {
  /** Where copies lie. */
  readonly work: WorkFiles;
  /** Is told of what is left behind. */
  readonly report?: Report | undefined;
}

/** The storage of podman, buildah and CRI-O, for reading. It is looked at, and never made where there is none. */
export interface ContainersStorage {
  /**
   * Returns where the image lies that a name without transport means, with its whole ID; undefined where there is none of that name
   * which has these platforms, or no storage. A name with a digest means a registry. @throws {OciError} `INVALID` where several are as good
   */
  find(name: string, platforms?: readonly Platform[]): Promise<StorageLocation | undefined>;
  /** Returns `location` with the whole ID, and with what is needed to find the same storage again. @throws {OciError} `NOT_FOUND`, `INVALID` */
  resolve(location: StorageLocation): Promise<StorageLocation>;
  /** Returns the list that lies at `location`, or undefined for a single image. @throws {OciError} `NOT_FOUND`, `INVALID` */
  list(location: StorageLocation): Promise<StorageList | undefined>;
  /** Returns what lies at `location`. When an image is read first, the program that owns the storage copies it to a temporary directory. */
  source(location: StorageLocation): ContentSource;
  /** Returns when nothing is being copied any more. */
  settle(): Promise<void>;
}

/** Returns the container storage that `use` says; nothing is looked at before it is needed. */
export function openContainersStorage(host: StorageHost, use: StorageUse): ContainersStorage {
  const { openDirectory, report = () => {} } = use;
  const copies = openWorkingCopies(use.work);
  const locating = openLocating(host, use);
  const reading: StorageReading = { host, locate: locating.at, copyStored: openStorageTool(host), copies, openDirectory, report };
  const sources = new Map<string, ContentSource>();
  return {
    find: async (name, platforms = []) => (await locating.named(name, platforms))?.location,
    resolve: async (location) => (await locating.at(location)).location,
    list: async (location) => readStorageList(host, locating, await locating.at(location)),
    source(location) {
      const name = formatLocation(location);
      const source = sources.get(name) ?? openStorageSource(reading, location);
      sources.set(name, source);
      return source;
    },
    settle: () => copies.settle(),
  };
}
