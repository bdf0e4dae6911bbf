import { OciError, quote } from "../../base/mod.ts";
import type { Host } from "../../port/mod.ts";
import { formatLocation, hasDomain, type Platform, parseReference, type Reference, type StorageLocation } from "../../spec/mod.ts";
import { type FoundStorage, type StorageOptions, type StorageSearch, searchStorage } from "./found-storage.ts";
import { matchStored } from "./match-stored.ts";
import { listStored, readStoredImages, type StoredImage } from "./stored-images.ts";
import { hasPlatforms } from "./stored-manifest.ts";

/** What finding images needs of a host. */
export type LocatingHost = Pick<Host, "files" | "hash" | "environment">;

/** An image that was found. */
export interface Stored {
  /** The image. */
  readonly image: StoredImage;
  /** The storage it is in. */
  readonly storage: FoundStorage;
  /** Where it lies, with its whole ID and what is needed to find the same storage again. */
  readonly location: StorageLocation;
}

/** Which storage is meant by default, and what names mean there. */
export interface LocatingOptions {
  /** Which one. @default the user's own */
  readonly storage?: StorageOptions | undefined;
  /** Returns what an image with a name without host may be called there, the likeliest first. */
  readonly localNames: (name: string) => Promise<readonly Reference[]>;
}

/** Finds images by what the storage says of them; no program is run. */
export interface Locating {
  /** Returns the image at `location`. @throws {OciError} `NOT_FOUND`, `INVALID` where several are as good */
  at(location: StorageLocation): Promise<Stored>;
  /** Returns the image that a name without transport means, or undefined where there is none with these platforms. @throws {OciError} `INVALID` where several are as good */
  named(name: string, platforms: readonly Platform[]): Promise<Stored | undefined>;
  /** Returns the image of a storage that has a manifest of this digest. */
  withDigest(storage: FoundStorage, digest: string): Promise<Stored | undefined>;
}

/** Returns what finds images; nothing is looked at before it is needed. */
export function openLocating(host: LocatingHost, { storage: options, localNames }: LocatingOptions): Locating {
  let searched: Promise<StorageSearch> | undefined;
  const own = () => (searched ??= searchStorage(host, options));
  return {
    async at(location) {
      const { specifier, id, name } = location;
      const { found: storage, roots } = await (specifier === undefined ? own() : searchStorage(host, specifier));
      const what = quote(formatLocation(location));
      if (storage === undefined) throw noStorage(what, roots);
      const images = await readStoredImages(host.files, storage.lists);
      const references = id !== undefined || name === undefined ? [] : [parseReference(name), ...(hasDomain(name) ? [] : await localNames(name))];
      const image = matchStored(images, { what, id, name, references });
      if (image) return storedOf(storage, image, name);
      throw new OciError("NOT_FOUND", `Cannot read ${what}: container storage ${quote(storage.root)} has no such image, it has ${listStored(images)}`);
    },
    async named(name, platforms) {
      // A digest is that of a registry: the layers lie here in another form.
      const { found: storage } = name.includes("@") ? {} : await own();
      const images = storage ? await readStoredImages(host.files, storage.lists) : [];
      if (storage === undefined || images.length === 0) return undefined;
      const references = hasDomain(name) ? [parseReference(name)] : await localNames(name);
      const image = matchStored(images, { what: quote(name), name, references });
      return image && (await hasPlatforms(host, image, platforms)) ? storedOf(storage, image, name) : undefined;
    },
    async withDigest(storage, digest) {
      const image = (await readStoredImages(host.files, storage.lists)).find(({ digests }) => digests.includes(digest));
      return image && storedOf(storage, image, image.names[0]);
    },
  };
}

/** An IPv6 address at the beginning of a name would be taken for a specifier. */
function storedOf(storage: FoundStorage, image: StoredImage, name = ""): Stored {
  const { specifier } = storage;
  const isName = name !== "" && !name.startsWith("[") && !image.id.startsWith(name.replace("sha256:", ""));
  return { image, storage, location: { transport: "containers-storage", ...(specifier && { specifier }), ...(isName && { name }), id: image.id } };
}

function noStorage(what: string, roots: readonly string[]): OciError {
  const where = roots.map(quote).join(" or ");
  return new OciError(
    "NOT_FOUND",
    `Cannot read ${what}: there is no container storage in ${where}, or none that may be read, expected containers-storage:[DRIVER@DIR]NAME for another`,
  );
}
