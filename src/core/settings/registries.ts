import { OciError, quote } from "../base/mod.ts";
import type { Reference } from "../spec/mod.ts";
import { type Endpoint, readingEndpoints, writingEndpoint } from "./endpoint.ts";
import { loadRegistriesConf, type RegistriesConfOptions } from "./load-registries-conf.ts";
import type { SettingsHost } from "./places.ts";
import type { CredentialKeeper, RegistriesConf } from "./registries-conf.ts";
import { aliasFile, findLocalNames, findShortName, type ShortName } from "./short-name.ts";

/** Options of {@linkcode openRegistries}. */
export interface RegistriesOptions extends RegistriesConfOptions {
  /** File in which choices for short names are noted. @default `containers/short-name-aliases.conf` in the user's cache */
  readonly shortNameAliases?: string;
}

/** What the user has settled for registries; nothing is read before something is asked. */
export interface Registries {
  /** Returns the ways to read what `reference` names, the one to try first first. @throws {OciError} `INVALID` */
  reading(reference: Reference): Promise<readonly Endpoint[]>;
  /** Returns the way to write it. @throws {OciError} `INVALID` */
  writing(reference: Reference): Promise<Endpoint>;
  /** Returns where credentials are kept, the place to ask first first; none where nothing is settled. @throws {OciError} `INVALID` */
  credentialKeepers(): Promise<readonly CredentialKeeper[]>;
  /** Returns what a name without host may mean. @throws {OciError} `INVALID` */
  shortName(name: string): Promise<ShortName>;
  /** Returns what an image with a name without host may be called in container storage, the likeliest first. @throws {OciError} `INVALID` */
  localNames(name: string): Promise<readonly Reference[]>;
  /** Returns the file in which choices for short names are noted, see {@linkcode noteChoice}, or undefined where this user has no place for it. */
  choices(): string | undefined;
}

/** Returns what the user of `host` has settled for registries. */
export function openRegistries(host: SettingsHost, options: RegistriesOptions = {}): Registries {
  let loaded: Promise<RegistriesConf> | undefined;
  const load = () => (loaded ??= loadRegistriesConf(host, options));
  const choices = () => options.shortNameAliases ?? aliasFile(host);
  return {
    reading: async (reference) => readingEndpoints(await load(), reference),
    writing: async (reference) => writingEndpoint(await load(), reference),
    credentialKeepers: async () => (await load()).keepers ?? [],
    shortName: async (name) => findShortName(host, await load(), { name, file: choices() }),
    localNames: async (name) => findLocalNames(host, await load(), { name, file: choices() }),
    choices,
  };
}

/** Returns the error for a short name that nothing is settled for; `sought` says where it was looked for before. */
export function unknownShortName(name: string, { file }: Pick<ShortName, "file">, sought: string): OciError {
  const seen =
    file === undefined
      ? `${sought}, and no alias and no unqualified-search-registries are configured for short names`
      : `${sought}, it is no alias, and ${quote(file)} names no unqualified-search-registries`;
  return new OciError(
    "NOT_FOUND",
    `Cannot find image ${quote(name)}: ${seen}, expected docker://docker.io/library/${quote(name).slice(1, -1)} or another location`,
  );
}
