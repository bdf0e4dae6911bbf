import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** One import, export-from or dynamic import of a module. */
export interface ModuleImport {
  /** The text between the quotes; undefined where a dynamic import computes it. */
  readonly specifier: string | undefined;
  /** Whether only types cross: `import type`, `export type`. */
  readonly typeOnly: boolean;
  /** Line of the statement, from 1. */
  readonly line: number;
}

/** Returns the paths of all files under `folder` of `root` that `accept` takes, relative to `root`, with `/`, sorted. */
export function listFiles(root: string, folder: string, accept: (path: string) => boolean = (path) => path.endsWith(".ts")): readonly string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else found.push(relative(root, path).split(sep).join("/"));
    }
  };
  try {
    visit(join(root, folder));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  return found.filter(accept).sort();
}

type Kind = "comment" | "text" | "regex";

const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<regex>(?<=(?:^|[(,=:[!&|?{};+*%~^<>-]|=>|\breturn|\btypeof|\bcase)\s*)\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)|[`{}]/gm;

/** Returns `code` with every comment, string, template text and regular expression of `kinds` overwritten by spaces; positions stay. */
export function blank(code: string, kinds: ReadonlySet<Kind>): string {
  const out = code.split("");
  const wipe = (from: number, to: number): void => {
    for (let at = from; at < to; at++) if (out[at] !== "\n") out[at] = " ";
  };
  const depths: number[] = [];
  let depth = 0;
  token.lastIndex = 0;
  for (let match = token.exec(code); match; match = token.exec(code)) {
    const end = token.lastIndex;
    const kind = kindOf(match);
    if (kind) {
      if (kinds.has(kind)) wipe(kind === "text" ? match.index + 1 : match.index, kind === "text" ? end - 1 : end);
      continue;
    }
    if (match[0] === "{") depth++;
    const opensTemplate = match[0] === "`" || (match[0] === "}" && depths.length > 0 && depths.at(-1) === depth);
    if (match[0] === "}") depth--;
    if (!opensTemplate) continue;
    if (match[0] === "}") depths.pop();
    const { stop, hole } = endOfTemplateText(code, end);
    if (kinds.has("text")) wipe(end, stop);
    if (hole) depths.push(++depth);
    token.lastIndex = stop + (hole ? 2 : 1);
  }
  return out.join("");
}

function kindOf(match: RegExpExecArray): Kind | undefined {
  if (match.groups?.comment !== undefined) return "comment";
  if (match.groups?.text !== undefined) return "text";
  return match.groups?.regex === undefined ? undefined : "regex";
}

function endOfTemplateText(code: string, from: number): { readonly stop: number; readonly hole: boolean } {
  for (let at = from; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") return { stop: at, hole: false };
    else if (code[at] === "$" && code[at + 1] === "{") return { stop: at, hole: true };
  }
  return { stop: code.length, hole: false };
}

/** Returns the modules that TypeScript `code` names, in order. */
export function importsOf(code: string): readonly ModuleImport[] {
  const shape = blank(code, new Set(["comment", "text", "regex"]));
  const found: ModuleImport[] = [];
  const statement = /(?:^|[;}])[ \t]*(?:(?:import|export)\s+(type\s)?[\w\s{},*$]*?from\s*|import\s*(?=["']))(["'])|\bimport\s*\(\s*(["'`]?)/gm;
  for (const match of shape.matchAll(statement)) {
    const quote = match[2] ?? match[3] ?? "";
    const start = match.index + match[0].length;
    const end = quote === "" ? -1 : shape.indexOf(quote, start);
    const line = code.slice(0, start).split("\n").length;
    found.push({ specifier: end < 0 ? undefined : code.slice(start, end), typeOnly: match[1] !== undefined, line });
  }
  return found;
}
