import { quote } from "../core/base/mod.ts";
import { type Command, type Group, isGroup, loadCommands } from "./command.ts";
import { type Flag, findPositionals, readFlags, usageError } from "./flags.ts";
import { closest, didYouMean } from "./suggest.ts";

/** Where a command line leads. */
export interface Route {
  /** Names from the program to the command, as they are in the tree. */
  readonly path: readonly string[];
  /** What was arrived at. */
  readonly command: Command;
  /** The command line without the names. */
  readonly rest: readonly string[];
  /** Whether `help` stood before a command's name. */
  readonly asksHelp: boolean;
}

/**
 * Returns the command that `argv` names below `root`; `globals` may stand anywhere before, between and behind the names.
 * @throws {OciError} `INVALID` for a name that is not there, with what may have been meant
 */
export async function findRoute(root: Group, globals: readonly Flag[], argv: readonly string[]): Promise<Route> {
  const used = new Set<number>();
  const path = [root.name];
  let asksHelp = false;
  let command: Command = root;
  for (const at of findPositionals(globals, argv)) {
    if (!isGroup(command)) break;
    const word: string = argv[at] ?? "";
    if (word === "help") {
      used.add(at);
      asksHelp = true;
      continue;
    }
    const load: (() => Promise<Command>) | undefined = Object.hasOwn(command.commands, word) ? command.commands[word] : undefined;
    if (load === undefined) {
      readFlags(globals, argv.slice(0, at));
      throw usageError(`unknown command ${quote(word)} for "${path.join(" ")}"${await hint(command, word, path)}`);
    }
    used.add(at);
    command = await load();
    path.push(command.name);
  }
  return { path, command, rest: argv.filter((_, at) => !used.has(at)), asksHelp };
}

async function hint(group: Group, word: string, path: readonly string[]): Promise<string> {
  const deeper = (await loadCommands(group)).filter(isGroup).flatMap((child) => (Object.hasOwn(child.commands, word) ? [`${child.name} ${word}`] : []));
  const meant = didYouMean([...deeper, ...closest(word, Object.keys(group.commands))]);
  return meant === "" ? `. See '${path.join(" ")} --help'` : meant;
}
