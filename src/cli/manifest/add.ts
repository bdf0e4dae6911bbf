import { OciError } from "../../core/base/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { accessFlags, annotationFlag, formatFlag, jsonFlag, laterFlags, platformFlag, platformFlags } from "../shared.ts";

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
      { name: "IMAGE", description: "image to add; an entry of the same digest is replaced in place" },
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
  run: () => Promise.reject(new OciError("UNSUPPORTED", "Cannot run manifest add: not wired yet")),
});
