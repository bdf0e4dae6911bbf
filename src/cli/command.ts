import type { Secrets } from "../core/base/mod.ts";
import type { Environment, Host, Report } from "../core/port/mod.ts";
import { type Args, type Flag, usageError } from "./flags.ts";
import type { Globals } from "./global.ts";
import type { Output } from "./output.ts";

/** What a verb works with. */
export interface VerbContext {
  /** The outside world. */
  readonly host: Host;
  /** Where results and notices go. */
  readonly output: Output;
  /** Takes what must not be shown: it is hidden on standard error. */
  readonly secrets: Secrets;
  /** Shows a person what happens; progress only for verbs that declare {@linkcode Verb.progress}. */
  readonly report: Report;
  /** Fires when the user interrupts. */
  readonly signal: AbortSignal;
  /** Flags that hold for every verb. */
  readonly globals: Globals;
  /** Variables, user, platform. */
  readonly environment: Environment;
  /** Has `task` done when the verb has ended, however it ends. */
  atEnd(task: () => Promise<void>): void;
  /** Makes the program end with `status` when the verb returns, for verbs that answer no with 1. */
  exit(status: number): void;
}

/** One positional in the help. */
export interface Argument {
  /** How usage lines call it. */
  readonly name: string;
  /** What it is. */
  readonly description: string;
}

/** How many positionals a verb takes, and what they are. */
export interface Arguments {
  /** At least so many. @default 0 */
  readonly min?: number;
  /** At most so many. @default any number */
  readonly max?: number;
  /** What they are, in order. */
  readonly names: readonly Argument[];
}

/** One verb: everything about it but what it does is data. */
export interface Verb {
  /** Name typed. */
  readonly name: string;
  /** Other names. */
  readonly aliases?: readonly string[];
  /** One sentence. */
  readonly description: string;
  /** What stands behind name and flags in the usage line, a line per form. */
  readonly usage: readonly string[];
  /** Positionals. */
  readonly arguments: Arguments;
  /** Flags of its own; the global ones come on top. */
  readonly flags: readonly Flag[];
  /** Whole command lines; at least one. */
  readonly examples: readonly string[];
  /** Whether it reports progress. @default false */
  readonly progress?: boolean;
  /** Runs it. */
  run(context: VerbContext, args: Args): Promise<void>;
}

/** Commands under one name. */
export interface Group {
  /** Name typed. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** What loads each command, by every name it answers to: what a run does not need it does not load. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>;
  /** Whole command lines; at least one. */
  readonly examples: readonly string[];
}

/** A verb or a group of them. */
export type Command = Verb | Group;

/** Returns `verb`, checked by the compiler against {@linkcode Verb}. */
export function defineVerb(verb: Verb): Verb {
  return verb;
}

/** Returns what a group holds that loads with it. */
export function loadedCommands(...commands: readonly Command[]): Group["commands"] {
  const namesOf = (command: Command) => [command.name, ...(isGroup(command) ? [] : (command.aliases ?? []))];
  return Object.fromEntries(commands.flatMap((command) => namesOf(command).map((name) => [name, async () => command])));
}

/** Returns every command that `group` holds, once. */
export async function loadCommands(group: Group): Promise<readonly Command[]> {
  return [...new Set(await Promise.all(Object.values(group.commands).map((load) => load())))];
}

/** Tells whether `command` holds others. */
export function isGroup(command: Command): command is Group {
  return "commands" in command;
}

/** @throws {OciError} `INVALID` in cobra's words, with the usage, if the number of positionals is wrong */
export function checkCount(verb: Verb, received: number, path: readonly string[]): void {
  const { min = 0, max } = verb.arguments;
  if (received >= min && received <= (max ?? received)) return;
  throw usageError(`${wrongCount(min, max, received)}: ${verb.usage.map((form) => `${path.join(" ")} ${form}`.trimEnd()).join(" or ")}`);
}

function wrongCount(min: number, max: number | undefined, received: number): string {
  if (max === undefined) return `requires at least ${min} arg(s), only received ${received}`;
  if (max === min) return `accepts ${min} arg(s), received ${received}`;
  if (min === 0) return `accepts at most ${max} arg(s), received ${received}`;
  return `accepts between ${min} and ${max} arg(s), received ${received}`;
}
