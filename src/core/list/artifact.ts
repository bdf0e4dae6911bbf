import { quote } from "../base/mod.ts";
import { newDocument } from "../content/mod.ts";
import {
  type Annotations,
  createArtifactManifest,
  type Descriptor,
  emptyDescriptor,
  type ImageManifest,
  mediaTypeOfFile,
  mediaTypes,
  parseMediaType,
  titleKey,
} from "../spec/mod.ts";
import { type ArtifactFile, readArtifactFile } from "./artifact-file.ts";
import { artifactSource } from "./artifact-source.ts";
import { type ListContext, warn } from "./context.ts";
import type { FoundImage } from "./found-image.ts";
import { describeSubject } from "./subject.ts";

/** What an artifact is, beside its files. */
export interface ArtifactDescription {
  /** Type of the artifact; an empty one is left out. @default "application/vnd.unknown.artifact.v1" */
  readonly artifactType?: string;
  /** File with the config. @default none: the empty descriptor */
  readonly config?: string;
  /** Media type of the config; an empty one counts as none. @default that of an image's config for a file, else that of the empty descriptor */
  readonly configType?: string;
  /** Media type of every file. @default what name or content of each tell */
  readonly layerType?: string;
  /** Whether the artifact says what its files are called. @default true */
  readonly titles?: boolean;
  /** Image the artifact refers to. */
  readonly subject?: string;
  /** Annotations of the artifact. @default none */
  readonly annotations?: Annotations;
}

/** Returns the artifact that `files` make. Everything is read once for its digest, and once more by who copies it. @throws {OciError} `NOT_FOUND`, `INVALID` */
export async function makeArtifact(context: ListContext, files: readonly string[], description: ArtifactDescription = {}): Promise<FoundImage> {
  const { titles = true, layerType } = description;
  const types = { layer: layerType === undefined ? undefined : parseMediaType(layerType), config: readConfigType(description) };
  const subject = description.subject === undefined ? undefined : await describeSubject(context, description.subject);
  const parts: ArtifactFile[] = [];
  for (const file of files) parts.push(await readArtifactFile(context, file));
  const config = description.config === undefined ? undefined : await readArtifactFile(context, description.config);
  const { artifactType, annotations } = description;
  const manifest = createArtifactManifest({
    config: describeConfig(config, types.config),
    layers: parts.map((part) => describeFile(part, types.layer, titles)),
    ...(artifactType !== undefined && { artifactType }),
    ...(subject && { subject }),
    ...(annotations && { annotations }),
  });
  warnOfManifest(context, manifest);
  const document = newDocument(context.host.hash, manifest);
  const { mediaType, digest, size } = document.descriptor;
  const all = config ? [...parts, config] : parts;
  return {
    entry: { mediaType, digest, size, ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }) },
    source: { location: "files", files: [...new Set(all.map(({ path }) => path))] },
    content: artifactSource(context.host, document, all),
    selected: false,
  };
}

function readConfigType({ configType = "" }: ArtifactDescription): string | undefined {
  return configType === "" ? undefined : parseMediaType(configType);
}

function describeFile({ name, head, digest, size }: ArtifactFile, type: string | undefined, hasTitle: boolean): Descriptor {
  return { mediaType: type ?? mediaTypeOfFile(name, head), digest, size, ...(hasTitle && { annotations: { [titleKey]: name } }) };
}

/** An image's config cannot be empty, so that an empty file of no other type is no config, as in podman. */
function describeConfig(file: ArtifactFile | undefined, type: string | undefined): Descriptor {
  if (file === undefined || (file.size === 0 && type === undefined)) return { ...emptyDescriptor, ...(type !== undefined && { mediaType: type }) };
  return { mediaType: type ?? mediaTypes.ociConfig, digest: file.digest, size: file.size };
}

/** What image-spec demands and buildah does not, and what readers cannot tell apart. */
function warnOfManifest(context: ListContext, { artifactType, config, layers }: ImageManifest): void {
  if (artifactType === undefined && config.mediaType === mediaTypes.ociEmpty)
    warn(context, "the artifact has neither a type nor a config that tells one, which image-spec demands: registries may refuse it");
  const titles = layers.flatMap(({ annotations }) => annotations?.[titleKey] ?? []);
  const twice = new Set(titles.filter((title, at) => titles.indexOf(title) !== at));
  for (const title of twice) warn(context, `the artifact has several files called ${quote(title)}, of which tools write one over the other`);
}
