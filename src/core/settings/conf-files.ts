import { type Bytes, isOciError, OciError, quote } from "../base/mod.ts";
import { directoriesFor, type SettingsHost, settingsPlaces } from "./places.ts";

/** A kind of settings: `registries.conf` or `storage.conf`, with what belongs to it. */
export interface ConfKind {
  /** Name of the main file without `.conf`. */
  readonly stem: "registries" | "storage";
  /** Variable that names the only file; with `_OVERRIDE` behind it, the one that is read last. */
  readonly variable: string;
}

/** Which files of a kind to read. */
export interface ConfFilesOptions {
  /** The main file. @default what the variable says and no other, else the user's, else the system's */
  readonly file?: string;
  /** Directory of the files that are read after the main one. @default the drop-in directories of vendor, system and user together */
  readonly directory?: string;
}

/** A file of settings that was read. */
export interface ConfFile {
  /** Its path. */
  readonly path: string;
  /** What it holds. */
  readonly bytes: Bytes;
}

const maximumSize = 4 * 1024 * 1024;

/** Returns the files of a kind in the order in which they count, the weakest first. @throws {OciError} `NOT_FOUND` for a file that was named, `LIMIT`, `IO` */
export async function readConfFiles(host: SettingsHost, kind: ConfKind, options: ConfFilesOptions = {}): Promise<readonly ConfFile[]> {
  const { environment } = host;
  const only = options.file === undefined ? environment.get(kind.variable) : undefined;
  const override = options.directory === undefined ? environment.get(`${kind.variable}_OVERRIDE`) : undefined;
  const named = options.file ?? only;
  const main = named === undefined ? await readFirst(host, kind) : await readNamed(host, kind, named);
  const isAlone = only !== undefined && options.directory === undefined;
  const paths = isAlone ? [] : await dropIns(host, kind, options.directory);
  const more = await Promise.all(paths.map((path) => readConfFile(host, path)));
  const last = override === undefined ? undefined : await readNamed(host, kind, override);
  return [main, ...more, last].flatMap((file) => (file ? [file] : []));
}

async function readNamed(host: SettingsHost, { stem }: ConfKind, path: string): Promise<ConfFile> {
  const file = await readConfFile(host, path);
  if (file === undefined) throw new OciError("NOT_FOUND", `Cannot use ${stem} configuration ${quote(path)}: no such file`);
  return file;
}

/** Returns the file at `path`, or undefined where there is none. @throws {OciError} `LIMIT`, `IO` */
export async function readConfFile({ files }: Pick<SettingsHost, "files">, path: string): Promise<ConfFile | undefined> {
  try {
    return { path, bytes: await files.readFile(path, maximumSize) };
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The strongest of the main files counts alone. */
async function readFirst(host: SettingsHost, { stem }: ConfKind): Promise<ConfFile | undefined> {
  const { user, system, vendor } = settingsPlaces(host);
  for (const directory of [...(user === undefined ? [] : [user]), system, vendor]) {
    const file = await readConfFile(host, host.files.join(directory, `${stem}.conf`));
    if (file) return file;
  }
  return undefined;
}

/** Returns the files beside the main one in the order of their names; of two with one name the user's replaces the system's. */
async function dropIns(host: SettingsHost, { stem }: ConfKind, directory: string | undefined): Promise<readonly string[]> {
  const { user, system, vendor } = settingsPlaces(host);
  const inBoth = directoriesFor(host, stem, ".conf.d");
  const own = user === undefined ? [] : [host.files.join(user, `${stem}.conf.d`)];
  const defaults = [...[vendor, system].flatMap((place) => inBoth.map((name) => host.files.join(place, name))), ...own];
  const found = new Map<string, string>();
  for (const place of directory === undefined ? defaults : [directory])
    for (const name of await namesIn(host, place)) if (name.endsWith(".conf")) found.set(name, host.files.join(place, name));
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, path]) => path);
}

async function namesIn({ files }: SettingsHost, directory: string): Promise<readonly string[]> {
  try {
    return await files.list(directory);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return [];
    throw error;
  }
}
