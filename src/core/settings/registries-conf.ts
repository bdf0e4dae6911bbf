/** Which names a mirror is asked for. */
export type PullFromMirror = "all" | "digest-only" | "tag-only";

/** Another place with the content of a registry. */
export interface Mirror {
  /** Host with or without path that takes the place of the prefix. */
  readonly location: string;
  /** Whether certificates need not be valid there, and plain http will do. */
  readonly isInsecure: boolean;
  /** What it is to answer for, where it stands for several registries (distribution-spec "Registry Proxying"). */
  readonly namespace?: string;
  /** Which names it is asked for. */
  readonly pulls: PullFromMirror;
}

/** What is settled for the names that begin with a prefix: an element of `[[registry]]`. */
export interface RegistryEntry {
  /** Begin of names: a host, a host and path, or `*.host` for the hosts below it. */
  readonly prefix: string;
  /** What takes the place of the prefix where content is read; absent where names stay as they are. */
  readonly location?: string;
  /** Whether certificates need not be valid, and plain http will do. */
  readonly isInsecure: boolean;
  /** What the location is to answer for, where it stands for several registries (distribution-spec "Registry Proxying"). */
  readonly namespace?: string;
  /** Whether the registry must not be asked. */
  readonly isBlocked: boolean;
  /** Places that are asked first, in order. */
  readonly mirrors: readonly Mirror[];
  /** File that says so. */
  readonly file: string;
}

/** How a short name that several registries may have is treated. */
export type ShortNameMode = "enforcing" | "permissive" | "disabled";

/** What a short name stands for. */
export interface Alias {
  /** Domain and repository; empty where an alias of another file is taken back. */
  readonly name: string;
  /** File that says so. */
  readonly file: string;
}

/** An element of `credential-helpers`. */
export interface CredentialKeeper {
  /** Name behind `docker-credential-`, or `containers-auth.json` for the auth files. */
  readonly name: string;
  /** File that says so. */
  readonly file: string;
}

/** What a registries.conf says, or several together (containers-registries.conf(5), version 2). */
export interface RegistriesConf {
  /** What is settled, by prefix. */
  readonly entries: ReadonlyMap<string, RegistryEntry>;
  /** Registries that short names are looked up in, and the file that names them. */
  readonly search?: { readonly domains: readonly string[]; readonly file: string };
  /** How short names are treated. */
  readonly mode?: ShortNameMode;
  /** Where credentials are kept, the place to ask first first. */
  readonly keepers?: readonly CredentialKeeper[];
  /** What short names stand for. */
  readonly aliases: ReadonlyMap<string, Alias>;
}

/** What holds where nobody has settled anything. */
export const emptyRegistriesConf: RegistriesConf = { entries: new Map(), aliases: new Map() };

/** Returns what both say; where they differ, `later` wins: a prefix and an alias as a whole, a list of registries too. */
export function mergeRegistriesConf(earlier: RegistriesConf, later: RegistriesConf): RegistriesConf {
  return {
    ...earlier,
    ...later,
    entries: new Map([...earlier.entries, ...later.entries]),
    aliases: new Map([...earlier.aliases, ...later.aliases]),
  };
}
