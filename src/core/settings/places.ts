import type { Environment, FileSystem } from "../port/mod.ts";

/** What settings take of a host. */
export interface SettingsHost {
  /** Files. */
  readonly files: FileSystem;
  /** Variables, home and user. */
  readonly environment: Environment;
}

/** Where the distribution, the administrator and the user keep settings of containers, the weakest first. */
export interface SettingsPlaces {
  /** Comes with the system. */
  readonly vendor: string;
  /** The administrator's. */
  readonly system: string;
  /** The user's, where there is a home. */
  readonly user?: string;
}

/** Returns the directories in which settings of containers lie. */
export function settingsPlaces({ files, environment }: SettingsHost): SettingsPlaces {
  const { home } = environment;
  const config = environment.get("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : files.join(home, ".config"));
  return { vendor: "/usr/share/containers", system: "/etc/containers", ...(config !== undefined && { user: files.join(config, "containers") }) };
}

/**
 * Returns the names of the directories that belong to `name`, the weakest first: for everybody, for those who are or are not
 * root, for this user. `registries.conf` has `registries.conf.d`, `registries.rootless.conf.d` and a folder per user number in it.
 */
export function directoriesFor({ environment: { user } }: Pick<SettingsHost, "environment">, stem: string, ending: string): readonly string[] {
  const isRootless = user !== undefined && user > 0;
  const special = `${stem}.${isRootless ? "rootless" : "rootful"}${ending}`;
  return [`${stem}${ending}`, special, ...(isRootless ? [`${special}/${user}`] : [])];
}
