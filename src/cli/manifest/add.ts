import { type AddedEntryOptions, type AddResult, addArtifactToList, addToList, parseFormat } from "../../core/list/mod.ts";
import { hasTransport } from "../../core/spec/mod.ts";
import { defineVerb, type Verb, type VerbContext } from "../command.ts";
import type { Args } from "../flags.ts";
import { printResult } from "../result.ts";
import { openSession, ownersOf, readAnnotations } from "../session.ts";
import { accessFlags, annotationFlag, formatFlag, jsonFlag, platformFlag, platformFlags, readPlatforms, readSelection } from "../shared.ts";
import { artifactFlags, readArtifact } from "./artifact.ts";

/** `manifest add`. */
export const add: Verb = defineVerb({
  name: "add",
  description: "Add images or files to a list, and print its ID and the digest of what was added",
  usage: ["LIST IMAGE…", "--artifact LIST FILE…"],
  arguments: {
    min: 2,
    names: [
      { name: "LIST", description: "local list, or a location" },
      {
        name: "IMAGE",
        description:
          "image to add: docker://…, oci:…, oci-archive:…, docker-archive:…, docker-daemon:…, dir:…, containers-storage:…, or a name: of a local list, else of an image of podman or buildah, else in a registry; an entry of the same digest is replaced in place",
      },
      { name: "FILE", description: "file of the artifact; all of them make one entry" },
    ],
  },
  flags: [
    { name: "all", type: "flag", description: "add every entry of an IMAGE that is itself an index; an index among them stays whole" },
    annotationFlag("annotation of the entry"),
    formatFlag,
    { name: "no-attestations", type: "flag", description: "leave attestations of the images out" },
    jsonFlag,
    ...artifactFlags,
    ...platformFlags,
    platformFlag,
    ...accessFlags,
  ],
  examples: [
    "ocidex manifest add app docker://ghcr.io/me/app:riscv64",
    "ocidex manifest add app containers-storage:localhost/app:riscv64",
    "ocidex manifest add --all --os linux --arch arm --variant v7 app oci:build:armv7",
    "ocidex manifest add --artifact --artifact-type application/spdx+json app sbom.spdx.json",
    "ocidex manifest add --artifact docker://ghcr.io/me/app:1 chart.tgz values.yaml",
  ],
  async run(context, args) {
    const result = await addAll(context, args);
    printResult(
      context,
      args,
      result,
      result.added.map((digest) => `${result.id}: ${digest}`),
    );
  },
});

async function addAll(context: VerbContext, args: Args): Promise<AddResult> {
  const [list = "", ...names] = args.positionals;
  const artifact = readArtifact(args);
  const options = await readOptions(context, args);
  if (artifact === undefined) {
    const selection = { all: args.flag("all"), attestations: !args.flag("no-attestations"), platforms: readPlatforms(args) };
    return addToList(openSession(context, args, ownersOf(list, names)), list, names, { ...options, ...selection });
  }
  const { subject } = artifact;
  const owners = subject === undefined ? [] : [hasTransport(subject) ? subject : `docker://${subject}`];
  return addArtifactToList(openSession(context, args, ownersOf(list, owners)), list, names, { ...options, artifact });
}

async function readOptions(context: VerbContext, args: Args): Promise<AddedEntryOptions> {
  const annotations = await readAnnotations(context, args);
  const format = args.text("format");
  const version = args.text("os-version");
  return {
    annotations: annotations.plain,
    indexAnnotations: annotations.index,
    entryAnnotations: annotations.entries,
    manifestAnnotations: annotations.manifests,
    ...readSelection(args),
    ...(version !== undefined && { osVersion: version }),
    ...(args.has("os-features") && { osFeatures: args.texts("os-features") }),
    ...(args.has("features") && { features: args.texts("features") }),
    ...(format !== undefined && { format: parseFormat(format, "--format") }),
  };
}
