import { type ArgsDef, type CommandDef, defineCommand, runCommand } from "citty";
import { type Command, isGroup, type Verb } from "./command.ts";
import type { Flag } from "./flags.ts";

/** Has citty go down `path` from `root` and calls `run` with the verb it arrives at. */
export async function runRouted(root: Command, path: readonly string[], run: (verb: Verb) => Promise<void>): Promise<void> {
  await runCommand(toCitty(root, run), { rawArgs: [...path] });
}

/**
 * Maps of commands have no prototype, or citty would take `toString` for one; flags are described to citty and read by
 * `readFlags`, since citty accepts unknown ones.
 */
function toCitty(command: Command, run: (verb: Verb) => Promise<void>): CommandDef {
  const meta = { name: command.name, description: command.description };
  if (!isGroup(command))
    return defineCommand({ meta: { ...meta, alias: [...(command.aliases ?? [])] }, args: describeFlags(command.flags), run: () => run(command) });
  const subCommands: Record<string, () => Promise<CommandDef>> = Object.create(null);
  for (const [name, load] of Object.entries(command.commands)) subCommands[name] = async () => toCitty(await load(), run);
  return defineCommand({ meta, subCommands });
}

function describeFlags(flags: readonly Flag[]): ArgsDef {
  const described: ArgsDef = Object.create(null);
  for (const { name, type, description, short, value, hidden, notYet } of flags) {
    if (hidden === true || notYet !== undefined) continue;
    const alias = short === undefined ? {} : { alias: [short] };
    described[name] =
      type === "flag"
        ? { type: "boolean", description, ...alias }
        : { type: "string", description, ...(value !== undefined && { valueHint: value }), ...alias };
  }
  return described;
}
