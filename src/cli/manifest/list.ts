import { OciError } from "../../core/base/mod.ts";
import { defineVerb, type Verb } from "../command.ts";

/** `manifest list`. */
export const list: Verb = defineVerb({
  name: "list",
  aliases: ["ls"],
  description: "Print a table of the local lists",
  usage: [""],
  arguments: { max: 0, names: [] },
  flags: [{ name: "json", type: "flag", description: "print a JSON array" }],
  examples: ["ocidex manifest ls"],
  run: () => Promise.reject(new OciError("UNSUPPORTED", "Cannot run manifest list: not wired yet")),
});
