import { OciError } from "../../core/base/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { accessFlags, jsonFlag } from "../shared.ts";

/** `manifest rm`. */
export const rm: Verb = defineVerb({
  name: "rm",
  description: "Remove local lists, or tags in a registry; images stay",
  usage: ["LIST…"],
  arguments: { min: 1, names: [{ name: "LIST", description: "local list, or a location whose name is removed" }] },
  flags: [{ name: "ignore", short: "i", type: "flag", description: "a list that is not there is no error" }, jsonFlag, ...accessFlags],
  examples: ["ocidex manifest rm app", "ocidex manifest rm --ignore app web"],
  run: () => Promise.reject(new OciError("UNSUPPORTED", "Cannot run manifest rm: not wired yet")),
});
