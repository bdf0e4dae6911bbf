import { createList, type Format, parseFormat } from "../../core/list/mod.ts";
import { defineVerb, type Verb, type VerbContext } from "../command.ts";
import { printResult } from "../result.ts";
import { forIndex, openSession, ownersOf, readAnnotations } from "../session.ts";
import {
  accessFlags,
  annotationFileFlag,
  annotationFlag,
  formatFlag,
  jsonFlag,
  laterFlags,
  platformFlag,
  readPlatforms,
  readSelection,
  selectionFlags,
} from "../shared.ts";

/** `manifest create`. */
export const create: Verb = defineVerb({
  name: "create",
  description: "Create a list, with images if any are named, and print its ID",
  usage: ["LIST [IMAGE…]"],
  arguments: {
    min: 1,
    names: [
      {
        name: "LIST",
        description: "name of a local list, or a location such as docker://ghcr.io/me/app:1, oci:DIR:REF or oci-archive:FILE:REF, whose content is replaced",
      },
      {
        name: "IMAGE",
        description:
          "image to put in: docker://…, oci:…, oci-archive:…, docker-archive:…, docker-daemon:…, dir:…, containers-storage:…, or a name: of a local list, else of an image of podman or buildah, else in a registry",
      },
    ],
  },
  flags: [
    { name: "all", type: "flag", description: "take every entry of an IMAGE that is itself an index; an index among them stays whole" },
    { name: "amend", short: "a", type: "flag", description: "edit the list if the name is taken" },
    { name: "replace", type: "flag", description: "take the name from the list that has it" },
    annotationFlag("annotation of the index"),
    annotationFileFlag,
    { name: "artifact-type", type: "text", value: "TYPE", description: "artifactType of the index" },
    { name: "subject", type: "text", value: "IMAGE", description: "what the index refers to" },
    formatFlag,
    { name: "no-attestations", type: "flag", description: "leave attestations of the images out" },
    jsonFlag,
    ...selectionFlags,
    platformFlag,
    ...accessFlags,
    ...laterFlags("texts", "push the list with --tag instead", ["tag"]),
    ...laterFlags("text", "name the images as REPOSITORY@DIGEST instead", ["digests", "from"]),
  ],
  examples: [
    "ocidex manifest create app docker://ghcr.io/me/app:amd64 docker://ghcr.io/me/app:arm64",
    "ocidex manifest create --amend --annotation org.opencontainers.image.licenses=MIT app",
  ],
  async run(context, args) {
    const [list = "", ...images] = args.positionals;
    const format = args.text("format");
    const annotations = await readAnnotations(context, args);
    const [artifactType, subject] = [args.text("artifact-type"), args.text("subject")];
    const result = await createList(openSession(context, args, ownersOf(list, [...images, ...(subject === undefined ? [] : [subject])])), list, {
      images,
      annotations: forIndex(annotations),
      entryAnnotations: annotations.entries,
      manifestAnnotations: annotations.manifests,
      all: args.flag("all"),
      amend: args.flag("amend"),
      replace: args.flag("replace"),
      attestations: !args.flag("no-attestations"),
      platforms: readPlatforms(args),
      ...readSelection(args),
      ...(format !== undefined && { format: parseFormat(format, "--format") }),
      defaultFormat: () => readDefaultFormat(context.environment),
      ...(artifactType !== undefined && { artifactType }),
      ...(subject !== undefined && { subject }),
    });
    printResult(context, args, result, [result.id]);
  },
});

/** A bad value concerns only who makes a new list. */
function readDefaultFormat(environment: VerbContext["environment"]): Format {
  for (const name of ["OCIDEX_FORMAT", "BUILDAH_FORMAT"]) {
    const value = environment.get(name);
    if (value !== undefined) return parseFormat(value, name);
  }
  return "oci";
}
