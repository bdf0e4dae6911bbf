import { OciError, quote } from "../core/base/mod.ts";
import { closest, didYouMean } from "./suggest.ts";
import { type FlagTable, type FlagToken, readTokens, tableOf } from "./tokens.ts";
import { readDuration, readNumber, readSwitch } from "./values.ts";

/** What a flag takes: nothing (`flag`), one text, several whole texts (`texts`), texts split at commas (`list`), a count, a Go duration. */
export type FlagType = "flag" | "text" | "texts" | "list" | "number" | "duration";

/** One flag as data: read by the parser, shown by the help, described to the router. */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  /** What it takes. */
  readonly type: FlagType;
  /** What it does, for the help. */
  readonly description: string;
  /** One letter. */
  readonly short?: string;
  /** Further long names, not shown. */
  readonly aliases?: readonly string[];
  /** What the value is called in the help. */
  readonly value?: string;
  /** What holds when the flag is not given; of a duration in milliseconds. @default false, undefined or none */
  readonly default?: string | number | boolean;
  /** What it is set to when no value is joined to it with `=`; the word behind it is then none of its business, as with `NoOptDefVal` of pflag. */
  readonly bare?: string;
  /** The only values a text may have. */
  readonly choices?: readonly string[];
  /** Heading in the help. @default "Flags" */
  readonly group?: string;
  /** Whether the help leaves it out. @default false */
  readonly hidden?: boolean;
  /** Flags that must not stand beside it. */
  readonly excludes?: readonly string[];
  /** Why using it is an error for now. */
  readonly notYet?: string;
}

/** A command line that was understood. Asking for a flag that was not declared with that type is a `TypeError`. */
export interface Args {
  /** What is no flag, in order. */
  readonly positionals: readonly string[];
  /** Returns the positional at `at`, which the command's count has promised. */
  positional(at: number): string;
  /** Tells whether the flag was typed, whatever it was set to. */
  has(name: string): boolean;
  /** Tells whether the command has such a flag at all. */
  knows(name: string): boolean;
  /** Returns what a switch is set to. */
  flag(name: string): boolean;
  /** Returns the last text given, else the default. */
  text(name: string): string | undefined;
  /** Returns every text given. */
  texts(name: string): readonly string[];
  /** Returns the last number given, else the default. */
  number(name: string): number | undefined;
  /** Returns the last duration given in milliseconds, else the default. */
  duration(name: string): number | undefined;
}

/** Returns an error about the command line, in the words of pflag and cobra that scripts match. */
export function usageError(message: string): OciError {
  return new OciError("INVALID", message);
}

type Value = string | number | boolean | readonly string[];

/**
 * Returns `argv` understood as pflag does: repeats are kept or the last wins, `--` ends flags, flags and positionals mix.
 * @throws {OciError} `INVALID` in pflag's words
 */
export function readFlags(flags: readonly Flag[], argv: readonly string[]): Args {
  const table = tableOf(flags);
  const positionals: string[] = [];
  const values = new Map<Flag, Value>();
  for (const token of readTokens(table, argv)) {
    if (token.kind === "positional") positionals.push(token.value);
    else {
      const flag = token.flag ?? fail(unknown(token, table));
      const value = token.value ?? flag.bare ?? (flag.type === "flag" ? "true" : fail(lacking(flag, token)));
      values.set(flag, readValue(flag, value, values.get(flag)));
    }
  }
  refuseExclusions(flags, values);
  return argsOf(table, values, positionals);
}

/** Returns where in `argv` the positionals stand, for finding the command before its flags are known. */
export function findPositionals(flags: readonly Flag[], argv: readonly string[]): readonly number[] {
  return readTokens(tableOf(flags), argv).flatMap((token) => (token.kind === "positional" ? [token.at] : []));
}

/** @throws {OciError} `UNSUPPORTED` for a flag that was used and is declared {@linkcode Flag.notYet}; a switch set to what holds anyway passes */
export function refuseNotYet(flags: readonly Flag[], args: Args): void {
  for (const flag of flags) {
    if (flag.notYet === undefined || !args.has(flag.name)) continue;
    if (flag.type === "flag" && args.flag(flag.name) === (flag.default ?? false)) continue;
    throw new OciError("UNSUPPORTED", `--${flag.name} is not supported yet: ${flag.notYet}`);
  }
}

function lacking(flag: Flag, { typed }: FlagToken): string {
  return `flag needs an argument: ${typed.startsWith("--") ? typed : `'${flag.short}' in ${typed}`}`;
}

function unknown({ typed }: FlagToken, table: FlagTable): string {
  if (!typed.startsWith("--")) return `unknown shorthand flag: '${[...typed][1]}' in ${typed}`;
  if (/^--[-=]/.test(typed)) return `bad flag syntax: ${typed}`;
  return `unknown flag: ${typed}${didYouMean(closest(typed.slice(2), shownNames(table)).map((name) => `--${name}`))}`;
}

function shownNames(table: FlagTable): readonly string[] {
  return [...table].flatMap(([name, flag]) => (name === `--${flag.name}` && flag.hidden !== true ? [flag.name] : []));
}

function fail(message: string): never {
  throw usageError(message);
}

function readValue(flag: Flag, text: string, before: Value | undefined): Value {
  const earlier = typeof before === "object" ? before : [];
  if (flag.type === "texts") return [...earlier, text];
  if (flag.type === "list") return [...earlier, ...(text === "" ? [] : text.split(","))];
  if (flag.type === "flag") return readSwitch(text) ?? refuse(flag, text, `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
  if (flag.type === "number") return readNumber(text) ?? refuse(flag, text, `strconv.ParseUint: parsing ${quote(text)}: invalid syntax`);
  if (flag.type === "duration")
    return readDuration(text) ?? refuse(flag, text, `time: invalid duration ${quote(text)}, expected for example 500ms, 4s or 1m30s`);
  if (flag.choices !== undefined && !flag.choices.includes(text)) refuse(flag, text, `must be one of ${flag.choices.join(", ")}`);
  return text;
}

function refuse(flag: Flag, text: string, why: string): never {
  const names = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  return fail(`invalid argument ${quote(text)} for "${names}" flag: ${why}`);
}

function refuseExclusions(flags: readonly Flag[], values: ReadonlyMap<Flag, Value>): void {
  for (const flag of values.keys()) {
    const other = flags.find((candidate) => flag.excludes?.includes(candidate.name) && values.has(candidate));
    if (other !== undefined) fail(`--${flag.name} may not be used with --${other.name}`);
  }
}

function argsOf(table: FlagTable, values: ReadonlyMap<Flag, Value>, positionals: readonly string[]): Args {
  const flagOf = (name: string, ...types: readonly FlagType[]): Flag => {
    const flag = table.get(`--${name}`);
    if (flag === undefined || !types.includes(flag.type)) throw new TypeError(`the command declares no flag --${name} of type ${types.join(" or ")}`);
    return flag;
  };
  const settingOf = (name: string, ...types: readonly FlagType[]): Value | undefined => {
    const flag = flagOf(name, ...types);
    return values.get(flag) ?? flag.default;
  };
  const number = (name: string, type: FlagType): number | undefined => {
    const value = settingOf(name, type);
    return typeof value === "number" ? value : undefined;
  };
  return {
    positionals,
    positional: (at) => positionals[at] ?? fail(`requires at least ${at + 1} arg(s), only received ${positionals.length}`),
    has: (name) => {
      const flag = table.get(`--${name}`);
      return flag !== undefined && values.has(flag);
    },
    knows: (name) => table.has(`--${name}`),
    flag: (name) => settingOf(name, "flag") === true,
    text: (name) => {
      const value = settingOf(name, "text");
      return typeof value === "string" ? value : undefined;
    },
    texts: (name) => {
      const value = settingOf(name, "texts", "list");
      return typeof value === "object" ? value : [];
    },
    number: (name) => number(name, "number"),
    duration: (name) => number(name, "duration"),
  };
}
