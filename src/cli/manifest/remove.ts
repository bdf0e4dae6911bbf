import { removeFromList } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { printResult } from "../result.ts";
import { openSession, ownersOf } from "../session.ts";
import { accessFlags, jsonFlag } from "../shared.ts";

/** `manifest remove`. */
export const remove: Verb = defineVerb({
  name: "remove",
  description: "Remove entries from a list, and print its ID and their digests",
  usage: ["LIST ENTRY…"],
  arguments: {
    min: 2,
    names: [
      { name: "LIST", description: "local list, or a location" },
      { name: "ENTRY", description: "digest, at least 6 of its hex digits, os/arch[/variant], file of an artifact, or image name" },
    ],
  },
  flags: [{ name: "attestations", type: "flag", description: "remove the attestations of the entries too" }, jsonFlag, ...accessFlags],
  examples: ["ocidex manifest remove app linux/s390x", "ocidex manifest remove docker://ghcr.io/me/app:1 linux/386 linux/ppc64le"],
  async run(context, args) {
    const [list = "", ...entries] = args.positionals;
    const result = await removeFromList(openSession(context, args, ownersOf(list, entries)), list, entries, { attestations: args.flag("attestations") });
    printResult(
      context,
      args,
      result,
      result.removed.map((digest) => `${result.id}: ${digest}`),
    );
  },
});
