import { isOciError } from "../../base/mod.ts";
import type { FileSystem } from "../../port/mod.ts";
import { findStorage, imageStoresOf, type SettingsHost } from "../../settings/mod.ts";
import type { StorageSpecifier } from "../../spec/mod.ts";

/** Which container storage to use; what is left out is the user's own. */
export interface StorageOptions extends Omit<StorageSpecifier, "root"> {
  /** Directory of images and layers (graph root). @default what storage.conf says, else `/var/lib/containers/storage` or `~/.local/share/containers/storage` */
  readonly root?: string;
  /** A further directory of images. @default what storage.conf says */
  readonly imageStore?: string;
}

/** A container storage that is there. */
export interface FoundStorage {
  /** Directory of images and layers. */
  readonly root: string;
  /** Its driver. */
  readonly driver: string;
  /** Directories with the file `images.json`, the first to look into first. */
  readonly lists: readonly string[];
  /** What a program must be told to use it; absent where it does so by itself. */
  readonly specifier?: StorageSpecifier;
}

/** Where a container storage was looked for. */
export interface StorageSearch {
  /** The storage, unless there is none. */
  readonly found?: FoundStorage;
  /** Directories that were looked at. */
  readonly roots: readonly string[];
}

/** Order in which the storage library takes the driver whose files it finds. */
const drivers = ["overlay", "aufs", "btrfs", "zfs", "vfs"];
const ending = "-images";

/** Looks for a container storage and makes none: directories are looked at, and no program is run. @throws {OciError} `INVALID` for a storage.conf that cannot be read */
export async function searchStorage(host: SettingsHost, options: StorageOptions = {}): Promise<StorageSearch> {
  const { files } = host;
  const isOwn = Object.values(options).every((option) => option === undefined);
  const settings = isOwn || options.root === undefined ? await findStorage(host) : { roots: [], imageStores: [] };
  const roots = options.root === undefined ? settings.roots : [files.absolute(options.root)];
  const wanted = options.driver ?? settings.driver;
  for (const root of roots) {
    const driver = await driverIn(files, root, wanted);
    if (driver === undefined) continue;
    const specifier = isOwn ? undefined : specifierOf(options, root, driver);
    const stores = specifier === undefined ? settings.imageStores : imageStoresOf(specifier.options ?? []);
    const lists = [root, ...stores].map((store) => files.join(store, `${driver}${ending}`));
    return { roots, found: { root, driver, lists, ...(specifier && { specifier }) } };
  }
  return { roots };
}

/** Returns the driver whose images lie in `root`, or undefined where there are none that may be read. */
async function driverIn(files: FileSystem, root: string, wanted: string | undefined): Promise<string | undefined> {
  const names = await files.list(root).catch((error: unknown) => {
    if (isOciError(error)) return [];
    throw error;
  });
  const there = names.flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
  return wanted === undefined ? (drivers.find((driver) => there.includes(driver)) ?? there[0]) : there.find((driver) => driver === wanted);
}

/** A directory of images is an option of the driver too, which programs of every age know. */
function specifierOf({ runRoot, options = [], imageStore }: StorageOptions, root: string, driver: string): StorageSpecifier {
  const all = [...options, ...(imageStore === undefined ? [] : [`${driver}.imagestore=${imageStore}`])];
  return { driver, root, ...(runRoot !== undefined && { runRoot }), ...(all.length > 0 && { options: all }) };
}
