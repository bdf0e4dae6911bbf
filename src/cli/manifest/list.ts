import { allLists, type Listing } from "../../core/list/mod.ts";
import { mediaTypes } from "../../core/spec/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { throwTogether } from "../errors.ts";
import { openSession } from "../session.ts";
import { formatTable } from "../table.ts";
import { formatBytes } from "../units.ts";

/** `manifest list`. */
export const list: Verb = defineVerb({
  name: "list",
  aliases: ["ls"],
  description: "Print a table of the local lists",
  usage: [""],
  arguments: { max: 0, names: [] },
  flags: [{ name: "json", type: "flag", description: "print a JSON array" }],
  examples: ["ocidex manifest ls"],
  async run(context, args) {
    const { lists, damaged } = await allLists(openSession(context, args, []));
    if (args.flag("json")) context.output.json(lists.map(summary));
    else for (const line of formatTable(["NAME", "ID", "ENTRIES", "TYPE", "KEPT", "MODIFIED"], lists.flatMap(rows))) context.output.line(line);
    throwTogether(damaged);
  },
});

type Item = Listing["lists"][number];

function summary({ id, names, index, kept, created, modified }: Item): unknown {
  return {
    id,
    names,
    mediaType: index.mediaType,
    entries: index.manifests.length,
    kept,
    created: new Date(created).toISOString(),
    modified: new Date(modified).toISOString(),
  };
}

function rows({ id, names, index, kept, modified }: Item): readonly (readonly string[])[] {
  const type = index.mediaType === mediaTypes.ociIndex ? "oci" : "v2s2";
  const shown = names.length === 0 ? ["<none>"] : names;
  const size = formatBytes(kept);
  return shown.map((name) => [name, id.slice(0, 12), String(index.manifests.length), type, size, new Date(modified).toISOString().slice(0, 19)]);
}
