import { type PushResult, parseFormat, pushList } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import type { Flag } from "../flags.ts";
import { openSession } from "../session.ts";
import { accessFlags, formatFlag, jsonFlag, laterFlags } from "../shared.ts";

const compression = "layers are pushed as they are";

const later: readonly Flag[] = [
  ...laterFlags("texts", compression, ["add-compression"]),
  ...laterFlags("text", compression, ["compression-format"]),
  ...laterFlags("number", compression, ["compression-level"]),
  ...laterFlags("flag", compression, ["force-compression"]),
  ...laterFlags("texts", "all images of the list are pushed, or none with --all=false", ["platform"]),
  ...laterFlags("flag", "nothing can be tried without being done", ["dry-run"]),
  ...laterFlags("flag", "referrers are not copied", ["referrers"]),
  ...laterFlags("text", "use --digestfile or --json", ["metadata-file"]),
  ...laterFlags("duration", "no wait for images that are missing", ["wait"]),
];

/** `manifest push`. */
export const push: Verb = defineVerb({
  name: "push",
  description: "Push a list with its images, and print its ID and the digest pushed",
  usage: ["LIST [DEST…]"],
  arguments: {
    min: 1,
    names: [
      { name: "LIST", description: "local list, or a location" },
      { name: "DEST", description: "docker://…, oci:DIR[:REF], dir:DIR, or a name in a registry; none means docker://LIST" },
    ],
  },
  flags: [
    { name: "all", type: "flag", default: true, description: "push the images too; otherwise they must be there" },
    { name: "tag", type: "texts", value: "TAG", description: "give the list this tag as well" },
    { ...formatFlag, short: "f", description: "convert the list and its images to OCI or docker types" },
    { name: "rm", short: "p", type: "flag", aliases: ["purge"], description: "remove the local list once it is pushed" },
    { name: "digestfile", type: "text", value: "FILE", description: "write the digest to FILE after success" },
    { name: "quiet", short: "q", type: "flag", description: "show no progress" },
    { name: "retry", type: "number", default: 3, description: "try a failed request again so often" },
    { name: "retry-delay", type: "duration", value: "TIME", description: "wait so long before trying again, for example 4s or 1m30s" },
    { name: "concurrency", type: "number", default: 8, description: "do so much at once" },
    { name: "remove-signatures", type: "flag", description: "accepted: signatures are never copied", hidden: true },
    jsonFlag,
    ...accessFlags,
    ...later,
  ],
  examples: [
    "ocidex manifest push app docker://ghcr.io/me/app:1 --tag latest",
    "ocidex manifest push --format v2s2 --digestfile digest.txt app docker://registry.example.com/app:1",
  ],
  progress: true,
  async run(context, args) {
    const [list = "", ...destinations] = args.positionals;
    const [format, digestFile] = [args.text("format"), args.text("digestfile")];
    const results = await pushList(openSession(context, args, destinations.length > 0 ? destinations : [list]), list, destinations, {
      all: args.flag("all"),
      remove: args.flag("rm"),
      tags: args.texts("tag"),
      ...(format !== undefined && { format: parseFormat(format, "--format") }),
      ...(digestFile !== undefined && { digestFile }),
    });
    if (args.flag("json")) context.output.json(summary(results));
    else for (const { id, digest } of results) context.output.line(`${id}: ${digest}`);
  },
});

/** All destinations got the same index. */
function summary(results: readonly PushResult[]): unknown {
  const [{ destination: _, ...first } = {}] = results;
  return { ...first, destinations: results.map(({ destination }) => destination) };
}
