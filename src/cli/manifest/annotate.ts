import { OciError } from "../../core/base/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { accessFlags, annotationFileFlag, annotationFlag, formatFlag, jsonFlag, platformFlags } from "../shared.ts";

/** `manifest annotate`. */
export const annotate: Verb = defineVerb({
  name: "annotate",
  description: "Change annotations and platforms of a list's entries, or of the index itself",
  usage: ["LIST ENTRY…", "[--index] LIST"],
  arguments: {
    min: 1,
    names: [
      { name: "LIST", description: "local list, or a location" },
      { name: "ENTRY", description: "digest, at least 6 of its hex digits, os/arch[/variant], or image name; none means the index" },
    ],
  },
  flags: [
    { name: "index", type: "flag", description: "change the index itself" },
    annotationFlag("set an annotation"),
    annotationFileFlag,
    { name: "unsetannotation", type: "texts", value: "KEY", aliases: ["unset-annotation"], description: "take an annotation out" },
    { name: "unset", type: "texts", value: "FIELD", description: "take a field out, for example variant, os.version or subject" },
    { name: "artifact-type", type: "text", value: "TYPE", description: "set artifactType" },
    { name: "subject", type: "text", value: "IMAGE", description: "set what the index refers to; implies --index" },
    formatFlag,
    jsonFlag,
    ...platformFlags,
    ...accessFlags,
  ],
  examples: [
    "ocidex manifest annotate --annotation org.opencontainers.image.version=2 docker://ghcr.io/me/app:2",
    "ocidex manifest annotate --variant v8 app linux/arm64",
  ],
  run: () => Promise.reject(new OciError("UNSUPPORTED", "Cannot run manifest annotate: not wired yet")),
});
