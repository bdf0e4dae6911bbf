import { isOciError, OciError, quote } from "../../base/mod.ts";
import type { ContentOptions, ContentSource, Host, Report } from "../../port/mod.ts";
import { formatLocation, isIndexDocument, type ManifestDocument, type StorageLocation } from "../../spec/mod.ts";
import type { Stored } from "./locate-stored.ts";
import type { CopyStored, StorageCopy } from "./storage-tool.ts";
import { readStoredManifest } from "./stored-manifest.ts";
import type { WorkingCopies } from "./working-copies.ts";

/** What reading an image takes. */
export interface StorageReading {
  /** Files and digests. */
  readonly host: Pick<Host, "files" | "hash">;
  /** Finds the image. */
  readonly locate: (location: StorageLocation) => Promise<Stored>;
  /** Copies it. */
  readonly copyStored: CopyStored;
  /** Where copies lie. */
  readonly copies: WorkingCopies;
  /** Opens a directory as skopeo writes it. */
  readonly openDirectory: (path: string) => Promise<ContentSource>;
  /** Is told of what is left behind. */
  readonly report: Report;
}

/** Returns what lies at `location`: an image is copied when something of it is needed first, a list lies there as it is. */
export function openStorageSource(reading: StorageReading, location: StorageLocation): ContentSource {
  const name = formatLocation(location);
  let opened: Promise<ContentSource> | undefined;
  const open = (options: ContentOptions = {}): Promise<ContentSource> => {
    options.signal?.throwIfAborted();
    const source = opened ?? openStored(reading, location, options);
    opened = source;
    source.catch(() => {
      if (opened === source) opened = undefined;
    });
    return source;
  };
  return {
    name,
    isTemporary: true,
    resolve: async (options) => (await open(options)).resolve(options),
    describe: async (options) => (await open(options)).describe(options),
    manifest: async (descriptor, options) => (await open(options)).manifest(descriptor, options),
    smallBlob: async (descriptor, options) => (await open(options)).smallBlob(descriptor, options),
    blob: async (descriptor, options) => (await open(options)).blob(descriptor, options),
  };
}

async function openStored(reading: StorageReading, location: StorageLocation, options: ContentOptions): Promise<ContentSource> {
  const { host, copies, openDirectory, report } = reading;
  const { image, storage } = await reading.locate(location);
  const what = quote(formatLocation(location));
  const stored = await readStoredManifest(host, image);
  if (stored !== undefined && isIndexDocument(stored)) return listSource(stored, what);
  const { specifier } = storage;
  const copy: Omit<StorageCopy, "directory"> = { what, id: image.id, ...(specifier && { specifier }), ...options };
  const directory = await copies.open(`${storage.root}\0${storage.driver}\0${image.id}`, (path) => copyWhole(reading, { ...copy, directory: path }));
  if (image.isSigned) report({ type: "warning", message: `${what} is signed in the storage, as it lies there uncompressed: the signatures stay behind` });
  return openDirectory(directory);
}

/** A program that ends well may have written nothing. */
async function copyWhole({ copyStored, openDirectory }: StorageReading, copy: StorageCopy): Promise<void> {
  const { what, directory, signal } = copy;
  await copyStored(copy);
  const source = await openDirectory(directory);
  const wrong = (cause?: unknown) => new OciError("INVALID", `Cannot read ${what}: what was copied from container storage is no image`, { cause });
  const document = await source.resolve(signal ? { signal } : {}).catch((cause: unknown) => {
    throw isOciError(cause) ? wrong(cause) : cause;
  });
  if (isIndexDocument(document)) throw wrong();
}

/** A list says where its images lie; they do not lie in it. */
function listSource(document: ManifestDocument, what: string): ContentSource {
  const none = () =>
    Promise.reject(new OciError("NOT_FOUND", `Cannot read an image of ${what}: it is a list of container storage, whose images lie elsewhere`));
  return { name: what, resolve: async () => document, describe: async () => document.descriptor, manifest: none, smallBlob: none, blob: none };
}
