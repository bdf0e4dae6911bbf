import { decodeUtf8, formatJson } from "../../core/base/mod.ts";
import { inspectList } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { formatSummary, formatTree } from "../document.ts";
import { openSession } from "../session.ts";
import { accessFlags } from "../shared.ts";

/** `manifest inspect`. */
export const inspect: Verb = defineVerb({
  name: "inspect",
  description: "Print a list, or an index or image where it lies",
  usage: ["LIST"],
  arguments: { min: 1, max: 1, names: [{ name: "LIST", description: "local list, a location, or a name in a registry" }] },
  flags: [
    {
      name: "output",
      short: "o",
      type: "text",
      value: "FORM",
      default: "json",
      choices: ["json", "raw", "table", "tree"],
      description:
        "json: indented; raw: the bytes as they are; table: an entry per line, artifacts with the names of their files; tree: images with their layers and attestations, artifacts with their files, which are read for it",
    },
    { name: "json", type: "flag", description: "the same as --output json", hidden: true, excludes: ["output"] },
    { name: "verbose", short: "v", type: "flag", description: "accepted for docker's sake, changes nothing", hidden: true },
    ...accessFlags,
  ],
  examples: ["ocidex manifest inspect app", "ocidex manifest inspect --output raw docker://docker.io/library/alpine:latest | sha256sum"],
  async run(context, args) {
    const session = openSession(context, args, args.positionals);
    const form = args.text("output");
    const inspection = await inspectList(session, args.positional(0), { manifests: form === "tree" || (form === "table" && "artifacts") });
    const { document } = inspection;
    if (form === "raw") context.output.text(decodeUtf8(document.bytes, "document"));
    else if (form === "json")
      context.output.text(`${formatJson(document.bytes, 4)}
`);
    else for (const line of form === "tree" ? formatTree(inspection) : formatSummary(inspection)) context.output.line(line);
  },
});
