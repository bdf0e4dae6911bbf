import { type Command, type Group, isGroup, loadCommands, type Verb } from "./command.ts";
import type { Flag } from "./flags.ts";

/** What the help text needs to know beside the command. */
export interface HelpOptions {
  /** Names from the program to the command. */
  readonly path: readonly string[];
  /** Flags every command takes. */
  readonly globals: readonly Flag[];
  /** Columns to stay within; at most 100 are used. */
  readonly columns: number;
  /** Whether headings are bold. @default false */
  readonly styled?: boolean;
}

/** Returns the help of `command`: description, usage, what it takes, every flag by group, examples. */
export async function renderHelp(command: Command, options: HelpOptions): Promise<string> {
  const width = Math.max(40, Math.min(options.columns, 100));
  const name = options.path.join(" ");
  const own = isGroup(command) ? await groupSections(command, name) : verbSections(command, name);
  const globals: Section = { title: "Global flags", rows: flagRows(options.globals) };
  const examples: Section = { title: "Examples", lines: command.examples };
  const sections = [...own, globals, examples].filter(({ rows, lines }) => (rows ?? lines ?? []).length > 0);
  const texts = sections.map((section) => renderSection(section, width, options.styled === true));
  return `${[wrap(`${command.description}.`, width, 0), ...texts].join("\n\n")}\n`;
}

interface Section {
  readonly title: string;
  /** Name and description, in two columns. */
  readonly rows?: readonly (readonly [left: string, right: string])[];
  /** Lines kept as they are. */
  readonly lines?: readonly string[];
  /** Running text. */
  readonly prose?: boolean;
}

async function groupSections(group: Group, name: string): Promise<readonly Section[]> {
  const rows = (await loadCommands(group)).map(
    (child) => [[child.name, ...(isGroup(child) ? [] : (child.aliases ?? []))].join(", "), child.description] as const,
  );
  return [
    { title: "Usage", lines: [`${name} COMMAND [flags] …`, `${name} COMMAND --help`] },
    { title: "Commands", rows },
  ];
}

function verbSections(verb: Verb, name: string): readonly Section[] {
  const works = verb.flags.filter((flag) => flag.hidden !== true && flag.notYet === undefined);
  const later = verb.flags.filter((flag) => flag.hidden !== true && flag.notYet !== undefined);
  const titles = [...new Set(works.map((flag) => flag.group ?? "Flags"))];
  return [
    { title: "Usage", lines: verb.usage.map((form) => `${name} [flags] ${form}`.trimEnd()) },
    { title: "Arguments", rows: verb.arguments.names.map((argument) => [argument.name, argument.description] as const) },
    ...titles.map((title) => ({ title, rows: flagRows(works.filter((flag) => (flag.group ?? "Flags") === title)) })),
    { title: "Not supported yet", lines: later.length === 0 ? [] : [later.map((flag) => `--${flag.name}`).join(", ")], prose: true },
  ];
}

function flagRows(flags: readonly Flag[]): readonly (readonly [string, string])[] {
  return flags.filter((flag) => flag.hidden !== true && flag.notYet === undefined).map((flag) => [leftOf(flag), rightOf(flag)] as const);
}

function leftOf(flag: Flag): string {
  const name = `${flag.short === undefined ? "    " : `-${flag.short}, `}--${flag.name}`;
  if (flag.type === "flag") return flag.default === true ? `${name}[=false]` : name;
  const value = flag.value ?? { text: "TEXT", texts: "TEXT", list: "LIST", number: "N", duration: "TIME" }[flag.type];
  return flag.bare === undefined ? `${name} ${value}` : `${name}[=${value}]`;
}

function rightOf(flag: Flag): string {
  const repeat = flag.type === "texts" ? " (repeatable)" : "";
  const value = flag.type === "duration" && typeof flag.default === "number" ? `${flag.default / 1000}s` : flag.default;
  const standard = value === undefined || value === false || value === "" || value === true ? "" : ` (default ${value})`;
  return `${flag.description}${repeat}${standard}`;
}

function renderSection({ title, rows, lines, prose }: Section, width: number, styled: boolean): string {
  const heading = styled ? `\u001b[1m${title}:\u001b[22m` : `${title}:`;
  if (lines !== undefined) return [heading, ...lines.map((line) => (prose === true ? wrap(line, width, 2) : `  ${line}`))].join("\n");
  const longest = Math.max(...(rows ?? []).map(([left]) => left.length));
  const column = Math.min(longest + 4, Math.floor(width * 0.42));
  return [heading, ...(rows ?? []).map(([left, right]) => renderRow(left, right, { column, width }))].join("\n");
}

function renderRow(left: string, right: string, { column, width }: { readonly column: number; readonly width: number }): string {
  const text = wrap(right, width, column);
  return left.length + 4 <= column ? `  ${left}`.padEnd(column) + text.trimStart() : `  ${left}\n${text}`;
}

/** Returns `text` in lines of at most `width` columns, each behind `indent` spaces; a longer word stays whole. */
function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each).join("\n");
}
