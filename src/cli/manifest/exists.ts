import { listExists } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { openSession } from "../session.ts";
import { accessFlags } from "../shared.ts";

/** `manifest exists`. */
export const exists: Verb = defineVerb({
  name: "exists",
  description: "End with 0 if the list is there and with 1 if it is not, silently",
  usage: ["LIST"],
  arguments: { min: 1, max: 1, names: [{ name: "LIST", description: "local list, or a location" }] },
  flags: accessFlags,
  examples: ["ocidex manifest exists app || ocidex manifest create app"],
  async run(context, args) {
    if (!(await listExists(openSession(context, args, args.positionals), args.positional(0)))) context.exit(1);
  },
});
