import { isOciError, OciError, quote } from "../base/mod.ts";
import { parseRegistriesConf } from "./parse-registries-conf.ts";
import { directoriesFor, type SettingsHost, settingsPlaces } from "./places.ts";
import { emptyRegistriesConf, mergeRegistriesConf, type RegistriesConf } from "./registries-conf.ts";

/** Which files settle how registries are used. */
export interface RegistriesConfOptions {
  /** The main file. @default `$CONTAINERS_REGISTRIES_CONF` and no other, else the user's, else the system's */
  readonly registriesConf?: string;
  /** Directory of the files that are read after the main one. @default `registries.conf.d` of vendor, system and user together */
  readonly registriesConfDirectory?: string;
}

const maximumSize = 4 * 1024 * 1024;
const variable = "CONTAINERS_REGISTRIES_CONF";

/** Returns what the user's files say, merged in the order in which containers-registries.conf(5) has them. @throws {OciError} `INVALID`, `NOT_FOUND` for a file that was named */
export async function loadRegistriesConf(host: SettingsHost, options: RegistriesConfOptions = {}): Promise<RegistriesConf> {
  const { environment } = host;
  const only = options.registriesConf === undefined ? environment.get(variable) : undefined;
  const override = options.registriesConfDirectory === undefined ? environment.get(`${variable}_OVERRIDE`) : undefined;
  const named = options.registriesConf ?? only;
  const main = named === undefined ? await readFirst(host) : await readNamed(host, named);
  const isAlone = only !== undefined && options.registriesConfDirectory === undefined;
  const paths = isAlone ? [] : await dropIns(host, options.registriesConfDirectory);
  const more = await Promise.all(paths.map((path) => readIfThere(host, path)));
  const last = override === undefined ? undefined : await readNamed(host, override);
  const read = [main, ...more, last].flatMap((conf) => (conf ? [conf] : []));
  return read.reduce(mergeRegistriesConf, emptyRegistriesConf);
}

async function readNamed(host: SettingsHost, path: string): Promise<RegistriesConf> {
  const conf = await readIfThere(host, path);
  if (conf === undefined) throw new OciError("NOT_FOUND", `Cannot use registries configuration ${quote(path)}: no such file`);
  return conf;
}

/** Returns what `path` says, or undefined where there is no such file. */
export async function readIfThere({ files }: Pick<SettingsHost, "files">, path: string): Promise<RegistriesConf | undefined> {
  try {
    return parseRegistriesConf(await files.readFile(path, maximumSize), path);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The strongest of the main files counts alone. */
async function readFirst(host: SettingsHost): Promise<RegistriesConf | undefined> {
  const { user, system, vendor } = settingsPlaces(host);
  for (const directory of [...(user === undefined ? [] : [user]), system, vendor]) {
    const conf = await readIfThere(host, host.files.join(directory, "registries.conf"));
    if (conf) return conf;
  }
  return undefined;
}

/** Returns the files beside the main one in the order of their names; of two with one name the user's replaces the system's. */
async function dropIns(host: SettingsHost, directory: string | undefined): Promise<readonly string[]> {
  const { user, system, vendor } = settingsPlaces(host);
  const inBoth = directoriesFor(host, "registries", ".conf.d");
  const own = user === undefined ? [] : [host.files.join(user, "registries.conf.d")];
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
