import type { StorageOptions } from "../core/transport/mod.ts";
import type { Args, Flag } from "./flags.ts";
import { type LogLevel, logLevels } from "./output.ts";

/** What the global flags say. */
export interface Globals {
  /** Directory of `--root`. */
  readonly root?: string;
  /** What `--root` and the flags of container storage say. */
  readonly storage: StorageOptions;
  /** File of `--registries-conf`. */
  readonly registriesConf?: string;
  /** Directory of `--registries-conf-dir`. */
  readonly registriesConfDirectory?: string;
  /** File of `--short-name-alias-conf`. */
  readonly shortNameAliases?: string;
  /** How much goes to standard error. */
  readonly logLevel: LogLevel;
}

const group = "Global flags";

const shown: readonly Flag[] = [
  {
    name: "root",
    type: "text",
    value: "DIR",
    description: "keep local lists in DIR/ocidex, and find container storage in DIR (default $OCIDEX_ROOT or the data directory, and the user's storage)",
    group,
  },
  {
    name: "log-level",
    type: "text",
    value: "LEVEL",
    default: "warn",
    description: "what goes to standard error: error, warn, info or debug",
    choices: [...logLevels.keys()],
    group,
  },
  { name: "help", short: "h", type: "flag", description: "show this help", group },
  { name: "version", type: "flag", description: "show the version", group },
  {
    name: "registries-conf",
    type: "text",
    value: "FILE",
    description: "mirrors, aliases, blocked and insecure registries from FILE (default the user's registries.conf, or the system's)",
    group,
  },
  {
    name: "registries-conf-dir",
    type: "text",
    value: "DIR",
    description: "the files *.conf in DIR, read after registries.conf (default registries.conf.d beside it)",
    group,
  },
  { name: "short-name-alias-conf", type: "text", value: "FILE", description: "note in FILE what was chosen for a short name", group },
];

/** Flags of buildah that say which container storage is meant, besides `--root`. */
const storage: readonly Flag[] = [
  { name: "runroot", type: "text", value: "DIR", description: "run directory of the container storage", hidden: true },
  { name: "storage-driver", type: "text", value: "NAME", description: "driver of the container storage", hidden: true },
  { name: "storage-opt", type: "texts", value: "KEY=VALUE", description: "option of the driver of the container storage", hidden: true },
  { name: "imagestore", type: "text", value: "DIR", description: "further directory of images in the container storage", hidden: true },
];

/** Flags of buildah that wrappers pass and that mean nothing here: they are about containers. */
const ignored: readonly Flag[] = [
  ...["cgroup-manager", "default-mounts-file", "cpu-profile", "memory-profile"].map(
    (name): Flag => ({ name, type: "text", description: "ignored", hidden: true }),
  ),
  ...["userns-uid-map", "userns-gid-map"].map((name): Flag => ({ name, type: "texts", description: "ignored", hidden: true })),
  { name: "transient-store", type: "flag", description: "ignored", hidden: true },
];

const policy: readonly Flag[] = [
  { name: "debug", type: "flag", description: "the same as --log-level debug", hidden: true },
  { name: "signature-policy", type: "text", description: "accepted with a notice: no policy is enforced", hidden: true },
  { name: "sign-by", type: "text", description: "refused", hidden: true, notYet: "sign what was pushed with `cosign sign --recursive`" },
];

/** Flags that every command takes, before or behind its name. */
export const globalFlags: readonly Flag[] = [...shown, ...storage, ...ignored, ...policy];

/** Returns what the global flags in `args` say. */
export function readGlobals(args: Args): Globals {
  const root = args.text("root");
  const level = logLevels.get(args.text("log-level") ?? "warn") ?? "warn";
  const [conf, directory, aliases] = [args.text("registries-conf"), args.text("registries-conf-dir"), args.text("short-name-alias-conf")];
  return {
    ...(root !== undefined && { root }),
    storage: readStorage(args),
    ...(conf !== undefined && { registriesConf: conf }),
    ...(directory !== undefined && { registriesConfDirectory: directory }),
    ...(aliases !== undefined && { shortNameAliases: aliases }),
    logLevel: args.flag("debug") ? "debug" : level,
  };
}

function readStorage(args: Args): StorageOptions {
  const [root, runRoot, driver, imageStore] = [args.text("root"), args.text("runroot"), args.text("storage-driver"), args.text("imagestore")];
  const options = args.texts("storage-opt").flatMap((option) => option.split(","));
  return {
    ...(root !== undefined && { root }),
    ...(runRoot !== undefined && { runRoot }),
    ...(driver !== undefined && { driver }),
    ...(options.length > 0 && { options }),
    ...(imageStore !== undefined && { imageStore }),
  };
}
