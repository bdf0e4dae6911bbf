import { OciError } from "../core/base/mod.ts";
import { accountFlags, openAccountsOf } from "./account.ts";
import { defineVerb, type Verb } from "./command.ts";
import { usageError } from "./flags.ts";

/** `ocidex logout`. */
export const logout: Verb = defineVerb({
  name: "logout",
  description: "Log out of a registry: forget the credentials that are kept for it",
  usage: ["REGISTRY[/NAMESPACE]", "--all"],
  arguments: { max: 1, names: [{ name: "REGISTRY", description: "what was logged in to" }] },
  flags: [{ name: "all", short: "a", type: "flag", description: "forget the credentials for all registries in the file" }, ...accountFlags],
  examples: ["ocidex logout ghcr.io", "ocidex logout --all", "ocidex logout --compat-auth-file ~/.docker/config.json docker.io"],
  async run(context, args) {
    const { output } = context;
    const [registry] = args.positionals;
    const accounts = openAccountsOf(context, args);
    if (args.flag("all")) {
      if (registry !== undefined) throw usageError("--all takes no arguments");
      await accounts.logoutAll();
      return output.line("Removed login credentials for all registries");
    }
    if (registry === undefined) throw usageError("registry must be given");
    const key = accounts.keyOf(registry);
    if (await accounts.logout(registry)) return output.line(`Removed login credentials for ${key}`);
    if ((await accounts.find(registry)) === undefined) throw new OciError("NOT_FOUND", `not logged into ${key}`);
    output.line(`Not logged into ${key} with current tool. Existing credentials were established via docker login. Please use docker logout instead.`);
  },
});
