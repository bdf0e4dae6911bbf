/** Names of tables and places in arrays, from the outermost in. */
export type TomlPath = readonly (string | number)[];

/**
 * Returns the number of the line on which the member at `path` stands, from 1, or that of the innermost table around it that
 * can be found: the parser says only where the grammar is broken, and a person needs to know where a value is wrong.
 */
export function lineOf(text: string, path: TomlPath): number {
  const lines = text.split("\n");
  const names: string[] = [];
  let at = 0;
  for (const [depth, step] of path.entries()) {
    if (typeof step === "number") continue;
    names.push(step);
    const count = path[depth + 1];
    const name = names.join(".");
    const found = (typeof count === "number" ? findElement(lines, at, { name, count }) : findTable(lines, at, name)) ?? findMember(lines, at, step);
    if (found === undefined) return at + 1;
    at = found;
  }
  return at + 1;
}

/** Returns the name of the table that a line begins, if it does. */
function headerOf(line: string): string | undefined {
  return /^\s*\[{1,2}([^\]]*)\]/.exec(line)?.[1]?.replace(/[\s"']/g, "");
}

/** Returns the place of the header `[[name]]` that has `count` of the same before it. */
function findElement(lines: readonly string[], from: number, { name, count }: { readonly name: string; readonly count: number }): number | undefined {
  return lines.flatMap((line, at) => (at >= from && headerOf(line) === name ? [at] : []))[count];
}

/** Returns the place of the header `[name]`, or of one for a table in it. */
function findTable(lines: readonly string[], from: number, name: string): number | undefined {
  const found = lines.findIndex((line, at) => at >= from && `${headerOf(line) ?? ""}.`.startsWith(`${name}.`));
  return found < 0 ? undefined : found;
}

/** Returns the place of the first `name = …`, or of the first line that speaks of it. */
function findMember(lines: readonly string[], from: number, name: string): number | undefined {
  const isMember = (line: string) => line.trimStart().replace(/^["']/, "").startsWith(name) && line.includes("=");
  const own = lines.findIndex((line, at) => at >= from && isMember(line));
  const found = own >= 0 ? own : lines.findIndex((line, at) => at >= from && line.includes(name));
  return found < 0 ? undefined : found;
}
