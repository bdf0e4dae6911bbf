import * as v from "valibot";
import { type ConfFile, type ConfKind, readConfFiles } from "./conf-files.ts";
import { type SettingsHost, settingsPlaces } from "./places.ts";
import { parseToml } from "./toml-file.ts";

/** Where the user's container storage is said to be. */
export interface StorageSettings {
  /** Directories that may be it, the likeliest first. */
  readonly roots: readonly string[];
  /** Driver that is chosen. @default the one whose files are there */
  readonly driver?: string;
  /** Further directories whose images it has. */
  readonly imageStores: readonly string[];
}

const kind: ConfKind = { stem: "storage", variable: "CONTAINERS_STORAGE_CONF" };
const systemRoot = "/var/lib/containers/storage";
const text = v.optional(v.string(), "");
const FileSchema = v.object({
  storage: v.optional(
    v.object({
      driver: text,
      graphroot: text,
      rootless_storage_path: text,
      imagestore: text,
      options: v.optional(v.object({ additionalimagestores: v.optional(v.array(v.unknown()), []) }), {}),
    }),
    {},
  ),
});

/** What one file says; what it does not say is empty. */
interface StorageFile {
  readonly driver: string;
  readonly root: string;
  readonly rootlessRoot: string;
  readonly imageStores: readonly string[];
  /** Whether the file is this user's and nobody else's. */
  readonly isOwn: boolean;
}

/**
 * Returns where the user's container storage is, as containers-storage.conf(5) and the variables say. Programs of different age
 * disagree on whether the `graphroot` of the system is meant for users other than root, so it comes last for them.
 * @throws {OciError} `INVALID`
 */
export async function findStorage(host: SettingsHost): Promise<StorageSettings> {
  const files = (await readConfFiles(host, kind)).map((file) => readStorageFile(host, file)).reverse();
  const own = files.filter(({ isOwn }) => isOwn);
  const others = files.filter(({ isOwn }) => !isOwn);
  const first = (values: readonly string[]): string | undefined => values.find((value) => value !== "");
  const rootOf = (some: readonly StorageFile[]): string | undefined => first(some.map(({ root }) => root));
  const roots = isRootless(host)
    ? [rootOf(own), first(files.map(({ rootlessRoot }) => rootlessRoot)), userRoot(host), rootOf(others)]
    : [rootOf(files) ?? systemRoot];
  const driver = host.environment.get("STORAGE_DRIVER") ?? first(files.map((file) => file.driver));
  const stores = imageStoresOf(host.environment.get("STORAGE_OPTS")?.split(",") ?? []);
  return {
    roots: [...new Set(roots.flatMap((root) => root ?? []))],
    ...(driver !== undefined && { driver: driver === "overlay2" ? "overlay" : driver }),
    imageStores: [...new Set([...files.flatMap(({ imageStores }) => imageStores), ...stores])],
  };
}

/** Returns the directories of images that options of a driver name. */
export function imageStoresOf(options: readonly string[]): readonly string[] {
  return options.flatMap((option) => /^(?:\w+\.)?(?:additional)?imagestore=(.+)$/.exec(option)?.[1] ?? []);
}

function readStorageFile(host: SettingsHost, { bytes, path }: ConfFile): StorageFile {
  const { user } = settingsPlaces(host);
  const { storage } = parseToml({ bytes, file: path, about: "storage" }, FileSchema).value;
  const expand = (value: string) => expandVariables(host, value);
  const stores = [storage.imagestore, ...storage.options.additionalimagestores].filter((store) => typeof store === "string" && store !== "");
  return {
    driver: storage.driver,
    root: expand(storage.graphroot),
    rootlessRoot: expand(storage.rootless_storage_path),
    imageStores: stores.map((store) => expand(String(store))),
    isOwn: path === host.environment.get(kind.variable) || (user !== undefined && path.startsWith(user)),
  };
}

/** In the user namespace that podman and buildah make, root is the user. */
function rootlessUser({ environment }: SettingsHost): number | undefined {
  const outside = environment.get("_CONTAINERS_ROOTLESS_UID");
  return outside !== undefined && /^\d+$/.test(outside) ? Number(outside) : environment.user;
}

function isRootless(host: SettingsHost): boolean {
  return (rootlessUser(host) ?? 0) > 0;
}

function userRoot({ environment, files }: SettingsHost): string | undefined {
  const data = environment.get("XDG_DATA_HOME") ?? (environment.home === undefined ? undefined : files.join(environment.home, ".local", "share"));
  return data && files.join(data, "containers", "storage");
}

function expandVariables(host: SettingsHost, path: string): string {
  const { environment } = host;
  const value = (name: string): string =>
    name === "UID" ? String(rootlessUser(host) ?? "") : name === "HOME" ? (environment.home ?? "") : (environment.get(name) ?? "");
  return path.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, plain: string | undefined) => value(braced ?? plain ?? ""));
}
