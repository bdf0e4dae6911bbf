import { escapeControls } from "../core/base/mod.ts";
import type { Environment, Terminal } from "../core/port/mod.ts";

/** How much goes to standard error. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** What `--log-level` takes: our words and those of logrus, which wrappers of buildah pass. */
export const logLevels: ReadonlyMap<string, LogLevel> = new Map([
  ["error", "error"],
  ["warn", "warn"],
  ["info", "info"],
  ["debug", "debug"],
  ["panic", "error"],
  ["fatal", "error"],
  ["warning", "warn"],
  ["trace", "debug"],
]);

const order: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** Where a command's words go. Nothing waits: lines leave in the order they came, {@linkcode Output.flush} waits for them. */
export interface Output {
  /** Prints one line of the result; control characters are made visible. */
  line(text: string): void;
  /** Prints a text of many lines as it is; on a terminal, control characters but line ends are made visible. */
  text(text: string): void;
  /** Prints a text of our own, styles and line ends included. */
  print(text: string): void;
  /** Prints `value` as one line of JSON. */
  json(value: unknown): void;
  /** Says something on standard error that stays. */
  note(text: string): void;
  /** Says `Warning: …` on standard error, unless `--log-level error`. */
  warn(text: string): void;
  /** Says something on standard error when the level is at least `level`. */
  log(level: LogLevel, text: string): void;
  /** Replaces the lines at the bottom of the terminal that show what goes on; nothing to do where standard error is no terminal. */
  live(lines: readonly string[]): void;
  /** Columns to stay within. */
  columns(): number;
  /** Whether standard error is a terminal on which lines can be drawn anew. */
  readonly isLive: boolean;
  /** Whether standard output may be styled. */
  readonly isStyled: boolean;
  /** Whether causes of errors are shown. */
  readonly isDebug: boolean;
  /** Returns when everything has been written. @throws {OciError} `IO`, once, if the result could not be (a full disk) */
  flush(): Promise<void>;
}

/** How an output differs from the usual. */
export interface OutputOptions {
  /** How much goes to standard error. @default warn */
  readonly level?: LogLevel;
  /** Returns what goes to standard error without what must not be shown. @default everything is */
  readonly hide?: (text: string) => string;
}

/** Returns an output over `terminal`. When the reader of standard output has gone (`| head`), results are dropped quietly. */
export function createOutput(terminal: Terminal, environment: Environment, options: OutputOptions = {}): Output {
  const { level = "warn", hide = (text) => text } = options;
  const isDumb = () => environment.get("TERM") === "dumb";
  const isLive = () => terminal.errorsAreTerminal && !isDumb();
  let queue = Promise.resolve();
  let gone = false;
  let failure: { readonly error: unknown } | undefined;
  let drawn: readonly string[] = [];
  const enqueue = (write: () => Promise<void>, onFailure: (error: unknown) => void = () => {}): void => {
    queue = queue.then(write).catch(onFailure);
  };
  const erase = (): string => (drawn.length === 0 ? "" : `\u001b[${drawn.length}A\r\u001b[J`);
  const draw = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
  const complain = (text: string): void => {
    const written = `${erase()}${escapeControls(text)}\n${draw(drawn)}`;
    enqueue(() => terminal.writeError(hide(written)));
  };
  const print = (text: string): void => {
    if (drawn.length > 0) live([]);
    const write = async (): Promise<void> => {
      if (!gone) gone = !(await terminal.write(text));
    };
    enqueue(write, (error) => {
      gone = true;
      failure = { error };
    });
  };
  const live = (lines: readonly string[]): void => {
    if ((lines.length === 0 && drawn.length === 0) || !isLive()) return;
    const written = `${erase()}${draw(lines)}`;
    drawn = lines;
    enqueue(() => terminal.writeError(hide(written)));
  };
  const log = (least: LogLevel, text: string): void => {
    if (order.indexOf(least) <= order.indexOf(level)) complain(text);
  };
  return {
    line: (text) => print(`${escapeControls(text)}\n`),
    text: (text) => print(terminal.outputIsTerminal ? text.split("\n").map(escapeControls).join("\n") : text),
    print,
    json: (value) => print(`${escapeJson(JSON.stringify(value))}\n`),
    note: complain,
    warn: (text) => log("warn", `Warning: ${text}`),
    log,
    live,
    columns: () => Math.max(20, terminal.columns()),
    get isLive() {
      return isLive();
    },
    get isStyled() {
      return terminal.outputIsTerminal && !isDumb() && environment.get("NO_COLOR") === undefined;
    },
    isDebug: level === "debug",
    flush: async () => {
      live([]);
      await queue;
      const seen = failure;
      failure = undefined;
      if (seen !== undefined) throw seen.error;
    },
  };
}

/** Returns JSON text with control and format characters escaped in JSON's own way, so that it stays the same value. */
function escapeJson(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
