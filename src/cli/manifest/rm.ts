import { deleteLists } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { throwTogether } from "../errors.ts";
import { openSession } from "../session.ts";
import { accessFlags, jsonFlag } from "../shared.ts";

/** `manifest rm`. */
export const rm: Verb = defineVerb({
  name: "rm",
  description: "Remove local lists, or tags in a registry; images stay",
  usage: ["LIST…"],
  arguments: { min: 1, names: [{ name: "LIST", description: "local list, or a location whose name is removed" }] },
  flags: [{ name: "ignore", short: "i", type: "flag", description: "a list that is not there is no error" }, jsonFlag, ...accessFlags],
  examples: ["ocidex manifest rm app", "ocidex manifest rm --ignore app web"],
  async run(context, args) {
    const { deletions, failures } = await deleteLists(openSession(context, args, args.positionals), args.positionals, { ignoreMissing: args.flag("ignore") });
    if (args.flag("json")) context.output.json({ deletions });
    else {
      for (const name of deletions.flatMap(({ untagged }) => untagged)) context.output.line(`untagged: ${name}`);
      for (const id of deletions.flatMap(({ removed }) => removed ?? [])) context.output.line(id);
    }
    throwTogether(failures);
  },
});
