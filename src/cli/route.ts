import { quote } from "../core/base/mod.ts";
import { type Command, type Group, isGroup } from "./command.ts";
import { type Flag, findPositionals, readFlags, usageError } from "./flags.ts";

/** Where a command line leads. */
export interface Route {
  /** Names from the program to the command, as they are in the tree. */
  readonly path: readonly string[];
  /** What was arrived at. */
  readonly command: Command;
  /** The command line without the names. */
  readonly rest: readonly string[];
}

/**
 * Returns the command that `argv` names below `root`; `globals` may stand anywhere before, between and behind the names.
 * @throws {OciError} `INVALID` for a name that is not there, with what may have been meant
 */
export function findRoute(root: Group, globals: readonly Flag[], argv: readonly string[]): Route {
  const used = new Set<number>();
  const path = [root.name];
  let command: Command = root;
  for (const at of findPositionals(globals, argv)) {
    if (!isGroup(command)) break;
    const word: string = argv[at] ?? "";
    const next: Command | undefined = command.commands.find((child) => child.name === word || (!isGroup(child) && child.aliases?.includes(word)));
    if (next === undefined) {
      readFlags(globals, argv.slice(0, at));
      throw usageError(`unknown command ${quote(word)} for "${path.join(" ")}". ${hint(command, word, path)}`);
    }
    used.add(at);
    path.push(next.name);
    command = next;
  }
  return { path, command, rest: argv.filter((_, at) => !used.has(at)) };
}

function hint(group: Group, word: string, path: readonly string[]): string {
  const names = group.commands.map((child) => child.name);
  const deeper = group.commands.flatMap((child) =>
    isGroup(child) ? child.commands.filter(({ name }) => name === word).map(({ name }) => `${child.name} ${name}`) : [],
  );
  const close = names.filter(
    (name) => distance(name, word.toLowerCase()) <= Math.min(2, word.length / 2) || (word.length > 1 && name.startsWith(word.toLowerCase())),
  );
  const meant = [...deeper, ...close];
  return meant.length === 0 ? `See '${path.join(" ")} --help'` : `Did you mean this? ${meant.join(", ")}`;
}

/** Returns how many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein), as cobra measures it. */
function distance(a: string, b: string): number {
  if (b.length > a.length + 2) return b.length;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
