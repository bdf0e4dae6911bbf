import type { ArtifactDescription } from "../../core/list/mod.ts";
import { parseAnnotation } from "../../core/spec/mod.ts";
import { type Args, type Flag, usageError } from "../flags.ts";

const group = "Artifact";

/** Flags that describe an artifact; all but the first need the first. */
export const artifactFlags: readonly Flag[] = [
  { name: "artifact", type: "flag", description: "add one artifact made of FILEs; their content is kept, or goes with a list at a location at once", group },
  {
    name: "artifact-type",
    type: "text",
    value: "TYPE",
    description: 'type of the artifact; "" leaves it out (default application/vnd.unknown.artifact.v1)',
    group,
  },
  { name: "artifact-config", type: "text", value: "FILE", description: "config of the artifact (default an empty one)", group },
  {
    name: "artifact-config-type",
    type: "text",
    value: "TYPE",
    description: "media type of the config (default that of an image's config for a FILE, else application/vnd.oci.empty.v1+json)",
    group,
  },
  {
    name: "artifact-layer-type",
    type: "text",
    value: "TYPE",
    description: "media type of every FILE (default by its extension, else by its content; the same on every machine)",
    group,
  },
  { name: "artifact-exclude-titles", type: "flag", description: "do not say in the artifact what its FILEs are called", group },
  { name: "artifact-subject", type: "text", value: "IMAGE", description: "set what the artifact refers to", group },
  { name: "artifact-annotation", type: "texts", value: "KEY=VALUE", description: "annotation of the artifact itself", group },
];

/** Returns the artifact that `args` describe, or undefined without `--artifact`. @throws {OciError} `INVALID` in buildah's words for flags that need it */
export function readArtifact(args: Args): ArtifactDescription | undefined {
  if (!args.flag("artifact")) return refuseWithout(args);
  if (args.has("platform")) throw usageError("--artifact may not be used with --platform: --os, --arch and --variant say what files run on");
  for (const name of ["all", "no-attestations"])
    if (args.flag(name)) throw usageError(`--artifact may not be used with --${name}, which chooses among the images of an index`);
  const text = (name: string): string | undefined => args.text(`artifact-${name}`);
  const [artifactType, config, configType, layerType, subject] = [text("type"), text("config"), text("config-type"), text("layer-type"), text("subject")];
  return {
    titles: !args.flag("artifact-exclude-titles"),
    annotations: Object.fromEntries(args.texts("artifact-annotation").map(parseAnnotation)),
    ...(artifactType !== undefined && { artifactType }),
    ...(config !== undefined && { config }),
    ...(configType !== undefined && { configType }),
    ...(layerType !== undefined && { layerType }),
    ...(subject !== undefined && { subject }),
  };
}

function refuseWithout(args: Args): undefined {
  const given = artifactFlags.flatMap(({ name }) => (name !== "artifact" && args.has(name) ? [`--${name}`] : []));
  if (given.length > 0) throw usageError(`${given.join("/")} ${given.length === 1 ? "requires" : "require"} --artifact`);
}
