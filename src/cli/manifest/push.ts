import {
  type PlannedWrite,
  type PushCompression,
  type PushListOptions,
  type PushResult,
  parseCompressionFormat,
  parseFormat,
  pushList,
} from "../../core/list/mod.ts";
import { defineVerb, type Verb, type VerbContext } from "../command.ts";
import type { Args, Flag } from "../flags.ts";
import { openSession } from "../session.ts";
import { accessFlags, formatFlag, jsonFlag, readPlatforms } from "../shared.ts";
import { formatBytes } from "../units.ts";

const group = "Compression";

const compressionFlags: readonly Flag[] = [
  { name: "compression-format", type: "text", value: "gzip|zstd", description: "compress the layers of images so; they get new digests", group },
  { name: "compression-level", type: "number", value: "N", description: "try so hard: 1 to 9 for gzip, 1 to 20 for zstd", group },
  {
    name: "force-compression",
    type: "flag",
    description: "compress layers anew that are compressed otherwise (default true with --compression-format)",
    group,
  },
  { name: "add-compression", type: "texts", value: "gzip|zstd", description: "add an image with such layers for each platform that has none", group },
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
      { name: "DEST", description: "docker://…, oci:DIR[:REF], oci-archive:FILE[:REF], dir:DIR, or a name in a registry; none means docker://LIST" },
    ],
  },
  flags: [
    { name: "all", type: "flag", default: true, description: "push the images too; otherwise they must be there" },
    { name: "platform", type: "texts", value: "OS/ARCH[/VARIANT]", description: "push the images of this platform only, as an index of them" },
    { name: "referrers", type: "flag", description: "bring signatures, attestations and whatever else refers to the images along" },
    { name: "tag", type: "texts", value: "TAG", description: "give the list this tag as well" },
    { ...formatFlag, short: "f", description: "convert the list and its images to OCI or docker types" },
    { name: "rm", short: "p", type: "flag", aliases: ["purge"], description: "remove the local list once it is pushed" },
    { name: "digestfile", type: "text", value: "FILE", description: "write the digest to FILE after success" },
    { name: "metadata-file", type: "text", value: "FILE", description: "write what was pushed to FILE after success, as docker buildx does" },
    { name: "wait", type: "duration", bare: "1m", description: "wait until the list can be read where it went; without a time 1m" },
    { name: "verify-blobs", type: "flag", description: "ask for every blob, even of images that are there" },
    { name: "dry-run", type: "flag", description: "show what would be written, and write nothing" },
    { name: "quiet", short: "q", type: "flag", description: "show no progress" },
    { name: "retry", type: "number", default: 3, description: "try a failed request again so often" },
    { name: "retry-delay", type: "duration", value: "TIME", description: "wait so long before trying again, for example 4s or 1m30s" },
    { name: "concurrency", type: "number", default: 8, description: "do so much at once" },
    {
      name: "remove-signatures",
      type: "flag",
      description: "leave signatures behind: those in a dir:, which another dir: gets otherwise, and those that --referrers brings",
    },
    jsonFlag,
    ...compressionFlags,
    ...accessFlags,
  ],
  examples: [
    "ocidex manifest push app docker://ghcr.io/me/app:1 --tag latest",
    "ocidex manifest push --dry-run --platform linux/amd64 app ghcr.io/me/app:1 docker.io/me/app:1",
    "ocidex manifest push --compression-format gzip --add-compression zstd app ghcr.io/me/app:1",
    "ocidex manifest push --format v2s2 --digestfile digest.txt app docker://registry.example.com/app:1",
  ],
  progress: true,
  async run(context, args) {
    const [list = "", ...destinations] = args.positionals;
    const session = openSession(context, args, destinations.length > 0 ? destinations : [list]);
    const results = await pushList(session, list, destinations, readOptions(args));
    if (args.flag("json")) return context.output.json(summary(results));
    if (!args.flag("quiet")) showPlan(context, args, results);
    for (const { id, digest } of results) context.output.line(`${id}: ${digest}`);
  },
});

function readOptions(args: Args): PushListOptions {
  const [format, digestFile, metadataFile, wait] = [args.text("format"), args.text("digestfile"), args.text("metadata-file"), args.duration("wait")];
  return {
    all: args.flag("all"),
    platforms: readPlatforms(args),
    remove: args.flag("rm"),
    tags: args.texts("tag"),
    referrers: args.flag("referrers"),
    signatures: !args.flag("remove-signatures"),
    compression: readCompression(args),
    verifyBlobs: args.flag("verify-blobs"),
    dryRun: args.flag("dry-run"),
    ...(format !== undefined && { format: parseFormat(format, "--format") }),
    ...(digestFile !== undefined && { digestFile }),
    ...(metadataFile !== undefined && { metadataFile }),
    ...(wait !== undefined && { wait }),
  };
}

function readCompression(args: Args): PushCompression {
  const [format, level] = [args.text("compression-format"), args.number("compression-level")];
  return {
    add: args.texts("add-compression").map((text) => parseCompressionFormat(text, "--add-compression")),
    ...(format !== undefined && { format: parseCompressionFormat(format, "--compression-format") }),
    ...(level !== undefined && { level }),
    ...(args.has("force-compression") && { force: args.flag("force-compression") }),
  };
}

/** All destinations got the same index. */
function summary(results: readonly PushResult[]): unknown {
  const [{ destination: _destination, destinationNames: _names, writes: _writes, ...first } = {}] = results;
  const planned = results.flatMap(({ destination, writes = [] }) => writes.map((write) => ({ destination, ...write })));
  const plan = results.some(({ writes }) => writes !== undefined) ? { dryRun: true, writes: planned } : {};
  const targets = results.map(({ destination, destinationNames: names }) => ({ destination, names }));
  return { ...first, destinations: results.map(({ destination }) => destination), targets, ...plan };
}

/** Shows what a dry run would have written. */
function showPlan({ output }: VerbContext, args: Args, results: readonly PushResult[]): void {
  for (const { destination, writes = [] } of results) for (const write of writes) output.note(describeWrite(write, destination));
  if (!args.flag("dry-run")) return;
  for (const file of [args.text("digestfile"), args.text("metadata-file")]) if (file !== undefined) output.note(`Would write file ${file}`);
  if (args.flag("rm")) output.note(`Would remove the list ${args.positional(0)}`);
}

function describeWrite(write: PlannedWrite, destination: string): string {
  if (write.write === "upload") return `Would send blob ${write.digest} (${formatBytes(write.size)}) to ${destination}`;
  if (write.write === "mount") return `Would mount blob ${write.digest} from ${write.from} for ${destination}`;
  if (write.write === "manifest") return `Would write manifest ${write.digest} to ${destination}`;
  if (write.write === "list") return `Would list ${write.digest} as a referrer under ${write.name}`;
  if (write.write === "signatures")
    return `Would write ${write.count === 1 ? "1 signature" : `${write.count} signatures`} of ${write.digest} to ${destination}`;
  return `Would write manifest list ${write.digest} as ${write.name}`;
}
