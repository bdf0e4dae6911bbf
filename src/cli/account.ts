import { type Accounts, openAccounts } from "../core/transport/mod.ts";
import type { VerbContext } from "./command.ts";
import type { Args, Flag } from "./flags.ts";
import { accessFlags, readTrust } from "./shared.ts";
import { version } from "./version.ts";

const group = "Where logins are kept";

/** Flags that name the file of `login` and `logout`. */
export const accountFlags: readonly Flag[] = [
  {
    name: "authfile",
    type: "text",
    value: "FILE",
    description: "use FILE and nothing else (default $REGISTRY_AUTH_FILE, else config.json in $DOCKER_CONFIG, else containers/auth.json in $XDG_RUNTIME_DIR)",
    group,
  },
  {
    name: "compat-auth-file",
    type: "text",
    value: "FILE",
    description: "use FILE in docker's way, for example ~/.docker/config.json",
    group,
    excludes: ["authfile"],
  },
];

/** Flags that say how to trust the registry, and how long to wait for it. */
export const trustFlags: readonly Flag[] = accessFlags.filter(({ name }) => ["cert-dir", "tls-verify", "insecure", "timeout"].includes(name));

/** Returns the logins that the flags of {@linkcode accountFlags}, and of {@linkcode trustFlags} where the verb has them, lead to. */
export function openAccountsOf({ host, report, signal, secrets, globals }: VerbContext, args: Args): Accounts {
  const { root: _root, logLevel: _level, ...settings } = globals;
  const [authFile, dockerFile] = [args.text("authfile"), args.text("compat-auth-file")];
  return openAccounts(host, {
    ...settings,
    ...(authFile !== undefined && { authFile }),
    ...(dockerFile !== undefined && { dockerFile }),
    ...(args.knows("tls-verify") ? readTrust(args) : {}),
    userAgent: `ocidex/${version}`,
    report,
    signal,
    secrets,
  });
}
