import { stringify } from "smol-toml";
import { type Bytes, encodeUtf8, quote } from "../base/mod.ts";
import { parseReference, type Reference } from "../spec/mod.ts";
import { readIfThere } from "./load-registries-conf.ts";
import { parseRegistriesConf } from "./parse-registries-conf.ts";
import type { SettingsHost } from "./places.ts";
import { emptyRegistriesConf, type RegistriesConf, type ShortNameMode } from "./registries-conf.ts";

/** What a name without host may mean. */
export interface ShortName {
  /** The meanings, the one to try first first; none where nothing is settled. */
  readonly references: readonly Reference[];
  /** How to treat several meanings. */
  readonly mode: ShortNameMode;
  /** The file that names the registries to look in. */
  readonly file?: string;
}

/** Returns the file that programs note in what a person chose for a short name, where this user has a place for it. */
export function aliasFile({ files, environment }: SettingsHost): string | undefined {
  const { user, home } = environment;
  const cache = user === 0 ? "/var/cache" : (environment.get("XDG_CACHE_HOME") ?? (home === undefined ? undefined : files.join(home, ".cache")));
  return cache === undefined ? undefined : files.join(cache, "containers", "short-name-aliases.conf");
}

/** Returns what `name` may mean: what was chosen before, else an alias, else a name in each of the registries that are searched. @throws {OciError} `INVALID` */
export async function findShortName(host: SettingsHost, conf: RegistriesConf, named: NotedName): Promise<ShortName> {
  const mode = conf.mode ?? "permissive";
  const alias = await findAlias(host, conf, named);
  if (alias) return { references: [alias], mode };
  const references = (conf.search?.domains ?? []).map((domain) => parseReference(`${domain}/${named.name}`));
  return { references, mode, ...(conf.search && { file: conf.search.file }) };
}

/**
 * Returns what an image called `name` may be called in container storage, the likeliest first: its alias, the name it has when it was
 * built here, its names in the registries that are searched, and that on Docker Hub. @throws {OciError} `INVALID`
 */
export async function findLocalNames(host: SettingsHost, conf: RegistriesConf, named: NotedName): Promise<readonly Reference[]> {
  const alias = await findAlias(host, conf, named);
  const domains = ["localhost", ...(conf.search?.domains ?? [])];
  return [...(alias ? [alias] : []), ...domains.map((domain) => parseReference(`${domain}/${named.name}`)), parseReference(named.name)];
}

async function findAlias(host: SettingsHost, conf: RegistriesConf, { name, file }: NotedName): Promise<Reference | undefined> {
  const { short, rest } = splitShortName(name);
  const noted = (file === undefined ? undefined : await readIfThere(host, file)) ?? emptyRegistriesConf;
  const alias = noted.aliases.get(short) ?? conf.aliases.get(short);
  return alias && alias.name !== "" ? parseReference(`${alias.name}${rest}`) : undefined;
}

/** A short name, and where choices are noted. */
export interface NotedName {
  /** The name, with or without tag and digest. */
  readonly name: string;
  /** File of choices. */
  readonly file: string | undefined;
}

/** Returns the content of a file of choices beside what it says already; undefined is no file. @throws {OciError} `INVALID` for one that cannot be read */
export function noteChoice(current: Bytes | undefined, { name, reference, file }: Choice): Bytes {
  const before = current === undefined ? emptyRegistriesConf : parseRegistriesConf(current, file);
  const aliases = Object.fromEntries([...before.aliases].map(([short, alias]) => [short, alias.name]));
  const { short } = splitShortName(name);
  return encodeUtf8(stringify({ aliases: { ...aliases, [short]: `${reference.domain}/${reference.repository}` } }));
}

/** What a person chose. */
export interface Choice {
  /** The short name, with or without tag and digest. */
  readonly name: string;
  /** What it means. */
  readonly reference: Reference;
  /** Where it is noted. */
  readonly file: string;
}

/** Splits tag and digest off, which an alias does not have. @throws {OciError} `INVALID` for what is no name */
function splitShortName(name: string): { readonly short: string; readonly rest: string } {
  const { tag, digest } = parseReference(name);
  const rest = `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  if (!name.endsWith(rest)) throw new TypeError(`${quote(name)} does not end with ${quote(rest)}`);
  return { short: name.slice(0, name.length - rest.length), rest };
}
