import { decodeUtf8, escapeControls, isOciError, OciError } from "../core/base/mod.ts";
import type { Accounts, Credentials } from "../core/transport/mod.ts";
import { accountFlags, openAccountsOf, trustFlags } from "./account.ts";
import { defineVerb, type Verb, type VerbContext } from "./command.ts";
import { type Args, usageError } from "./flags.ts";

const maximumPassword = 64 * 1024;

/** `ocidex login`. */
export const login: Verb = defineVerb({
  name: "login",
  description: "Log in to a registry: ask it whether it takes the credentials, and keep them where buildah and podman find them",
  usage: ["REGISTRY[/NAMESPACE]"],
  arguments: { max: 1, names: [{ name: "REGISTRY", description: "HOST[:PORT], or a part of it: HOST[:PORT]/NAMESPACE" }] },
  flags: [
    { name: "username", short: "u", type: "text", value: "NAME", description: "user name (default: asked for)" },
    { name: "password-stdin", type: "flag", description: "read the password from standard input" },
    {
      name: "password",
      short: "p",
      type: "text",
      value: "TEXT",
      description: "password, which everybody on the machine can see (default: asked for)",
      excludes: ["password-stdin"],
    },
    { name: "get-login", type: "flag", description: "print who is logged in, and change nothing" },
    { name: "verbose", short: "v", type: "flag", description: "say where the login is kept" },
    ...accountFlags,
    ...trustFlags,
  ],
  examples: [
    'echo "$TOKEN" | ocidex login --username me --password-stdin ghcr.io',
    "ocidex login quay.io/my-team",
    "ocidex login --get-login ghcr.io",
    "ocidex login --compat-auth-file ~/.docker/config.json docker.io",
  ],
  async run(context, args) {
    const [registry] = args.positionals;
    if (registry === undefined) throw usageError("please specify a registry to login to");
    const accounts = openAccountsOf(context, args);
    const key = accounts.keyOf(registry);
    if (args.flag("get-login")) return await printLogin(context, { accounts, registry, key });
    const credentials = await findCredentials(context, args, { accounts, registry, key });
    if (credentials === undefined) return;
    const { kept } = await accounts.login(registry, credentials);
    if (args.flag("verbose")) context.output.line(`Used:  ${kept}`);
    context.output.line("Login Succeeded!");
  },
});

interface Target {
  readonly accounts: Accounts;
  readonly registry: string;
  readonly key: string;
}

async function printLogin({ output }: VerbContext, { accounts, registry, key }: Target): Promise<void> {
  const known = await accounts.find(registry);
  const name = known?.username || (known?.identityToken === undefined ? undefined : "<token>");
  if (name === undefined) throw new OciError("NOT_FOUND", `not logged into ${key}`);
  output.line(name);
}

/** Returns what to log in with, or undefined if the login that is kept is good. */
async function findCredentials(context: VerbContext, args: Args, target: Target): Promise<Credentials | undefined> {
  const given = await readGiven(context, args);
  const known = given.username === undefined ? await target.accounts.find(target.registry) : undefined;
  if (known && given.username === undefined && given.password === undefined && (await isGood(context, known, target))) return undefined;
  const username = given.username ?? (await askName(context, known?.username));
  const password = given.password ?? (await ask(context, "Password: ", "--password-stdin"));
  context.secrets.add(password);
  return { username, password };
}

interface Given {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Returns what the command line says; an empty text says nothing, as for buildah. */
async function readGiven({ host, output }: VerbContext, args: Args): Promise<Given> {
  const [username, password] = [args.text("username")?.trim() || undefined, args.text("password") || undefined];
  if (password !== undefined) output.warn("--password can be seen by everybody who lists the processes of this machine, --password-stdin cannot");
  if (!args.flag("password-stdin")) return { username, password };
  if (username === undefined) throw usageError("must provide --username with --password-stdin");
  const typed = decodeUtf8(await host.terminal.readInput(maximumPassword), "the password on standard input").replace(/\r?\n$/, "");
  if (typed === "") throw usageError("the password on standard input is empty");
  return { username, password: typed };
}

/** Tells whether the registry takes the login that is kept. */
async function isGood({ output }: VerbContext, known: Credentials, { accounts, registry, key }: Target): Promise<boolean> {
  if (known.identityToken !== undefined) throw new OciError("EXISTS", "currently logged in, auth file contains an Identity token");
  output.line(`Authenticating with existing credentials for ${key}`);
  try {
    await accounts.verify(registry, known);
  } catch (error) {
    if (!isOciError(error, "DENIED")) throw error;
    output.line("Existing credentials are invalid, please enter valid username and password");
    return false;
  }
  output.line(`Existing credentials are valid. Already logged in to ${key}`);
  return true;
}

/** Asks for the user name; an empty line means the one that is known. */
async function askName(context: VerbContext, known: string | undefined): Promise<string> {
  const question = known ? `Username (${escapeControls(known)}): ` : "Username: ";
  return (await ask(context, question, "--username")).trim() || (known ?? "");
}

async function ask({ host, output, signal }: VerbContext, question: string, flag: string): Promise<string> {
  await output.flush();
  const answer = await host.terminal.ask(question, { isSecret: flag === "--password-stdin", signal });
  if (answer === undefined) throw usageError(`Cannot ask for "${question.split(/[ :]/)[0]}": nobody answers at a terminal, ${flag} says it without one`);
  return answer;
}
