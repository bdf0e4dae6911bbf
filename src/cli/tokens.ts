import type { Flag } from "./flags.ts";

/** One piece of a command line. */
export type Token = PositionalToken | FlagToken;

/** What is no flag. */
export interface PositionalToken {
  readonly kind: "positional";
  /** Where it stands on the command line. */
  readonly at: number;
  readonly value: string;
}

/** A flag as it was typed. */
export interface FlagToken {
  readonly kind: "flag";
  /** Which flag it is; absent for one that is not declared. */
  readonly flag?: Flag;
  /** `--name`, or of a shorthand what is left of its group: `-abc`. */
  readonly typed: string;
  /** What it is set to; absent where nothing is. */
  readonly value?: string;
}

/** Flags under every name they answer to, dashes included. */
export type FlagTable = ReadonlyMap<string, Flag>;

/** Returns `flags` by name; of two with one name the first counts. Loops in place of calls keep it short of being compiled, which takes longer than it. */
export function tableOf(flags: readonly Flag[]): FlagTable {
  const table = new Map<string, Flag>();
  for (const flag of flags) {
    for (const name of [flag.name, ...(flag.aliases ?? [])]) if (!table.has(`--${name}`)) table.set(`--${name}`, flag);
    if (flag.short !== undefined && !table.has(`-${flag.short}`)) table.set(`-${flag.short}`, flag);
  }
  return table;
}

/**
 * Returns the pieces of `argv` as pflag reads them (`FlagSet.parseArgs` in spf13/pflag `flag.go`): flags and positionals mix, `--`
 * ends flags, a switch takes a value only behind `=`. It fails for nothing: a flag that is not declared takes no value.
 *
 * `parseArgs` of `node:util` reads groups of letters in another way, and loading it takes longer than all else at the start of the program.
 */
export function readTokens(table: FlagTable, argv: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < argv.length; at++) {
    const text = argv[at] ?? "";
    if (text === "--") {
      tokens.push(...argv.slice(at + 1).map((value, more) => positional(at + 1 + more, value)));
      break;
    }
    if (!text.startsWith("-") || text === "-") tokens.push(positional(at, text));
    else {
      const read = text.startsWith("--") ? [readLong(table, text)] : readGroup(table, text);
      const last = read.at(-1);
      const isOpen = last?.flag !== undefined && last.value === undefined && takesNext(last.flag) && at + 1 < argv.length;
      tokens.push(...(isOpen ? [...read.slice(0, -1), { ...last, value: argv[++at] ?? "" }] : read));
    }
  }
  return tokens;
}

function positional(at: number, value: string): PositionalToken {
  return { kind: "positional", at, value };
}

function takesNext(flag: Flag): boolean {
  return flag.type !== "flag" && flag.bare === undefined;
}

function readLong(table: FlagTable, text: string): FlagToken {
  const equals = /^--[-=]/.test(text) ? -1 : text.indexOf("=");
  const typed = equals < 0 ? text : text.slice(0, equals);
  return flagToken(table.get(typed), typed, equals < 0 ? undefined : text.slice(equals + 1));
}

/** Letters stand together up to the first that takes what is behind it; a lone `=` behind a letter is its value. */
function readGroup(table: FlagTable, text: string): readonly FlagToken[] {
  const tokens: FlagToken[] = [];
  for (let rest = text.slice(1); rest !== ""; ) {
    const [letter = ""] = rest;
    const flag = table.get(`-${letter}`);
    const behind = rest.slice(letter.length);
    const isSet = behind.length > 1 && behind.startsWith("=");
    const isTaken = flag === undefined || isSet || (takesNext(flag) && behind !== "");
    const value = isSet ? behind.slice(1) : behind;
    tokens.push(flagToken(flag, `-${rest}`, flag !== undefined && isTaken ? value : undefined));
    rest = isTaken ? "" : behind;
  }
  return tokens;
}

function flagToken(flag: Flag | undefined, typed: string, value: string | undefined): FlagToken {
  return { kind: "flag", typed, ...(flag && { flag }), ...(value !== undefined && { value }) };
}
