import { type ConfKind, readConfFile, readConfFiles } from "./conf-files.ts";
import { parseRegistriesConf } from "./parse-registries-conf.ts";
import type { SettingsHost } from "./places.ts";
import { emptyRegistriesConf, mergeRegistriesConf, type RegistriesConf } from "./registries-conf.ts";

/** Which files settle how registries are used. */
export interface RegistriesConfOptions {
  /** The main file. @default `$CONTAINERS_REGISTRIES_CONF` and no other, else the user's, else the system's */
  readonly registriesConf?: string;
  /** Directory of the files that are read after the main one. @default `registries.conf.d` of vendor, system and user together */
  readonly registriesConfDirectory?: string;
}

const kind: ConfKind = { stem: "registries", variable: "CONTAINERS_REGISTRIES_CONF" };

/** Returns what the user's files say, merged in the order in which containers-registries.conf(5) has them. @throws {OciError} `INVALID`, `NOT_FOUND` for a file that was named */
export async function loadRegistriesConf(host: SettingsHost, options: RegistriesConfOptions = {}): Promise<RegistriesConf> {
  const { registriesConf: file, registriesConfDirectory: directory } = options;
  const files = await readConfFiles(host, kind, { ...(file !== undefined && { file }), ...(directory !== undefined && { directory }) });
  return files.map(({ bytes, path }) => parseRegistriesConf(bytes, path)).reduce(mergeRegistriesConf, emptyRegistriesConf);
}

/** Returns what `path` says, or undefined where there is no such file. */
export async function readIfThere(host: Pick<SettingsHost, "files">, path: string): Promise<RegistriesConf | undefined> {
  const file = await readConfFile(host, path);
  return file && parseRegistriesConf(file.bytes, file.path);
}
