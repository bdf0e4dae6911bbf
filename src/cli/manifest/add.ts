import { addToList, parseFormat } from "../../core/list/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { printResult } from "../result.ts";
import { openSession, ownersOf, readAnnotations } from "../session.ts";
import { accessFlags, annotationFlag, formatFlag, jsonFlag, laterFlags, platformFlag, platformFlags, readPlatforms, readSelection } from "../shared.ts";

const artifacts = "files cannot be added as artifacts so far";

/** `manifest add`. */
export const add: Verb = defineVerb({
  name: "add",
  description: "Add images to a list, and print its ID and the digest of what was added",
  usage: ["LIST IMAGE…"],
  arguments: {
    min: 2,
    names: [
      { name: "LIST", description: "local list, or a location" },
      {
        name: "IMAGE",
        description:
          "image to add: docker://…, oci:…, oci-archive:…, docker-archive:…, docker-daemon:…, dir:…, a local list; an entry of the same digest is replaced in place",
      },
    ],
  },
  flags: [
    { name: "all", type: "flag", description: "add every image of an IMAGE that is itself an index" },
    annotationFlag("annotation of the entry"),
    formatFlag,
    { name: "no-attestations", type: "flag", description: "leave attestations of the images out" },
    jsonFlag,
    ...platformFlags,
    platformFlag,
    ...accessFlags,
    ...laterFlags("flag", artifacts, ["artifact", "artifact-exclude-titles"]),
    ...laterFlags("text", artifacts, ["artifact-type", "artifact-config", "artifact-config-type", "artifact-layer-type", "artifact-subject"]),
    ...laterFlags("texts", artifacts, ["artifact-annotation"]),
  ],
  examples: ["ocidex manifest add app docker://ghcr.io/me/app:riscv64", "ocidex manifest add --all --os linux --arch arm --variant v7 app oci:build:armv7"],
  async run(context, args) {
    const [list = "", ...images] = args.positionals;
    const annotations = await readAnnotations(context, args);
    const format = args.text("format");
    const version = args.text("os-version");
    const result = await addToList(openSession(context, args, ownersOf(list, images)), list, images, {
      annotations: annotations.plain,
      indexAnnotations: annotations.index,
      entryAnnotations: annotations.entries,
      manifestAnnotations: annotations.manifests,
      all: args.flag("all"),
      attestations: !args.flag("no-attestations"),
      platforms: readPlatforms(args),
      ...readSelection(args),
      ...(version !== undefined && { osVersion: version }),
      ...(args.has("os-features") && { osFeatures: args.texts("os-features") }),
      ...(args.has("features") && { features: args.texts("features") }),
      ...(format !== undefined && { format: parseFormat(format, "--format") }),
    });
    printResult(
      context,
      args,
      result,
      result.added.map((digest) => `${result.id}: ${digest}`),
    );
  },
});
