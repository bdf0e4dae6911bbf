import { createSecrets, type Secrets } from "../core/base/mod.ts";
import type { Host } from "../core/port/mod.ts";
import { checkCount, type Group, type Verb } from "./command.ts";
import { reportError } from "./errors.ts";
import { type Args, type Flag, readFlags, refuseNotYet } from "./flags.ts";
import { globalFlags, readGlobals } from "./global.ts";
import { renderHelp } from "./help.ts";
import { createOutput, type Output } from "./output.ts";
import { createReport } from "./progress.ts";
import { findRoute, type Route } from "./route.ts";
import { version } from "./version.ts";

/** What {@linkcode runProgram} works with. */
export interface ProgramOptions {
  /** The outside world. */
  readonly host: Host;
  /** The program's commands, under its name. */
  readonly root: Group;
  /** Fires when the user interrupts. @default never */
  readonly signal?: AbortSignal;
}

/** Runs the command that `argv` (without runtime and script) names and returns the exit status; every failure is reported, none is thrown. */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<number> {
  const secrets = createSecrets();
  const signal = options.signal ?? new AbortController().signal;
  const { environment, terminal } = options.host;
  // Messages hold words of others, and they may hold what those were sent; results are passed on as they are.
  const hide = (text: string): string => secrets.hide(text);
  let output = createOutput(terminal, environment, { hide });
  let status = 0;
  try {
    const route = await findRoute(options.root, globalFlags, argv);
    const flags = flagsOf(route);
    const args = readFlags(flags, route.rest);
    output = createOutput(terminal, environment, { level: readGlobals(args).logLevel, hide });
    if (!(await answered(args, { route, root: options.root, host: options.host, output }))) {
      refuseNotYet(flags, args);
      if (args.has("signature-policy")) output.warn("--signature-policy is ignored: no signature policy is enforced");
      const exit = (code: number): void => {
        status = code;
      };
      const run = (verb: Verb): Promise<void> => runVerb(verb, args, { host: options.host, output, signal, secrets, exit, path: route.path });
      // What answers without a verb need not load the router.
      const { runRouted } = await import("./router.ts");
      await runRouted(options.root, route.path.slice(1), run);
    }
    await output.flush();
  } catch (error) {
    status = reportError(error, output, signal);
    await output.flush().catch(() => {});
  }
  return status;
}

/** A verb's own flags stand before the global ones, so a shorthand of its own wins. */
function flagsOf({ command }: Route): readonly Flag[] {
  return "flags" in command ? [...command.flags, ...globalFlags] : [...globalFlags, rootVersion];
}

/** `-v` is the version only before a verb, as in buildah. */
const rootVersion: Flag = { name: "short-version", short: "v", type: "flag", description: "show the version", hidden: true };

interface Asked {
  readonly route: Route;
  readonly root: Group;
  readonly host: Host;
  readonly output: Output;
}

/** Answers what needs no verb to run: `--help`, `--version`, a group without a verb. */
async function answered(args: Args, { route, root, host, output }: Asked): Promise<boolean> {
  if (args.flag("version") || (args.knows("short-version") && args.flag("short-version"))) {
    output.line(`${root.name} version ${version}`);
    return true;
  }
  if ("flags" in route.command && !args.flag("help") && !route.asksHelp) return false;
  const columns = host.terminal.outputIsTerminal ? host.terminal.columns() : 100;
  output.print(await renderHelp(route.command, { path: route.path, globals: globalFlags, columns, styled: output.isStyled }));
  return true;
}

interface Running {
  readonly host: Host;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly secrets: Secrets;
  readonly path: readonly string[];
  exit(status: number): void;
}

async function runVerb(verb: Verb, args: Args, running: Running): Promise<void> {
  checkCount(verb, args.positionals.length, running.path);
  running.signal.throwIfAborted();
  const { host, output } = running;
  const quiet = verb.progress !== true || (args.knows("quiet") && args.flag("quiet"));
  const report = createReport(output, { clock: host.clock, quiet });
  const ends: (() => Promise<void>)[] = [];
  const atEnd = (task: () => Promise<void>) => void ends.push(task);
  try {
    await verb.run({ ...running, report, globals: readGlobals(args), environment: host.environment, atEnd }, args);
  } finally {
    for (const end of ends) await end();
  }
}
