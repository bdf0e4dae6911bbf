import { type Bytes, encodeUtf8, isOciError, OciError, quote, streamBytes } from "../../base/mod.ts";
import { type ContentFiles, openContentFiles, publishFile, type TarContent, temporaryName, writeTar } from "../../content/mod.ts";
import type { ContentOptions, ContentTarget, PutRootOptions } from "../../port/mod.ts";
import {
  type DockerArchiveLocation,
  encodedDigest,
  formatReference,
  type ImageManifest,
  isConfigMediaType,
  isManifestMediaType,
  type ManifestDocument,
  parseDiffIds,
} from "../../spec/mod.ts";
import type { DockerArchiveHost } from "./docker-archive-place.ts";
import { plainLayer } from "./plain-layer.ts";
import { type SavedImage, savedManifestName } from "./saved-manifest.ts";

/** The archive to write. */
export interface NewArchive {
  /** The location. */
  readonly location: DockerArchiveLocation;
  /** The file. */
  readonly path: string;
  /** The location in words, for messages, in quotes. */
  readonly what: string;
}

/** What waits beside the archive until the manifest comes. */
interface Stage {
  readonly directory: string;
  readonly content: ContentFiles;
}

const refusal = "docker load takes single images from such an archive, which has no place for an index";

/** Returns the writing side of an archive of docker images: one image, its layers uncompressed, in one step. */
export function openDockerArchiveTarget(host: DockerArchiveHost, archive: NewArchive): ContentTarget {
  const { location, what } = archive;
  const { files } = host;
  let stage: Promise<Stage> | undefined;
  const clear = async (): Promise<void> => {
    const made = await stage?.catch(() => undefined);
    if (made !== undefined) await files.remove(made.directory);
    stage = undefined;
  };
  return {
    name: `docker-archive:${location.path}`,
    refusal,
    accepts: isManifestMediaType,
    hasManifest: async () => false,
    async putBlob(descriptor, open, options) {
      stage ??= makeStage(host, archive);
      return (await stage).content.put(descriptor, open, options);
    },
    async putManifest() {
      throw new OciError("UNSUPPORTED", `Cannot write ${what}: ${refusal}`);
    },
    async putRoot(document, options = {}) {
      const manifest = requireImage(archive, document, options);
      stage ??= makeStage(host, archive);
      const { content } = await stage;
      const contents = await contentsOf(host, { archive, manifest, content, ...options });
      const isNew = (await files.status(archive.path)) === undefined;
      try {
        await publishFile(files, archive.path, writeTar(contents), {
          random: host.random,
          exclusive: isNew,
          ...(options.signal && { signal: options.signal }),
        });
      } catch (error) {
        throw isOciError(error, "EXISTS") ? taken(archive) : error;
      }
      await clear();
    },
    abandon: clear,
  };
}

async function makeStage(host: DockerArchiveHost, archive: NewArchive): Promise<Stage> {
  const { files, random } = host;
  const { path, what } = archive;
  const parent = files.dirname(path);
  if ((await files.status(parent)) === undefined) throw new OciError("NOT_FOUND", `Cannot write ${what}: there is no directory ${quote(parent)}`);
  const there = await files.status(path);
  if (there !== undefined && !(there.kind === "file" && there.size === 0)) throw taken(archive);
  const directory = files.join(parent, temporaryName(random));
  await files.createDirectory(directory, { mode: 0o700 });
  return { directory, content: openContentFiles(host, directory) };
}

function taken({ what }: NewArchive): OciError {
  return new OciError("EXISTS", `Cannot write ${what}: the file is there, and such an archive is written once and not edited`);
}

function requireImage({ what, location }: NewArchive, { value }: ManifestDocument, options: PutRootOptions): ImageManifest {
  if (!("layers" in value)) throw new OciError("UNSUPPORTED", `Cannot write ${what}: ${refusal}`);
  if (!isConfigMediaType(value.config.mediaType))
    throw new OciError("UNSUPPORTED", `Cannot write ${what}: the config is ${quote(value.config.mediaType)}, and docker load reads images only`);
  if (options.tag !== undefined || location.position !== undefined)
    throw new OciError("UNSUPPORTED", `Cannot write ${what}: the name of the image stands behind the file, docker-archive:FILE:NAME:TAG`);
  return value;
}

interface Writing extends ContentOptions {
  readonly archive: NewArchive;
  readonly manifest: ImageManifest;
  readonly content: ContentFiles;
}

/** Names are those that buildah and skopeo give. */
async function contentsOf(host: DockerArchiveHost, writing: Writing): Promise<readonly TarContent[]> {
  const { archive, manifest, content, signal } = writing;
  const options = signal ? { signal } : {};
  const contents = new Map<string, TarContent>();
  const addBytes = (name: string, bytes: Bytes): void => void contents.set(name, { name, size: bytes.length, open: async () => streamBytes(bytes) });
  const name = `${encodedDigest(manifest.config.digest)}.json`;
  const config = await content.readSmall(manifest.config, options);
  addBytes(name, config);
  const diffIds = parseDiffIds(config, `config ${manifest.config.digest}`);
  const layers: string[] = [];
  for (const [at, layer] of manifest.layers.entries()) {
    const plain = await plainLayer(host, { content, layer, diffId: diffIds[at], ...options });
    const name = `${encodedDigest(plain.digest)}.tar`;
    contents.set(name, { name, size: plain.size, open: () => content.read(plain, options) });
    layers.push(name);
  }
  const { reference } = archive.location;
  const saved: SavedImage = { Config: name, RepoTags: reference === undefined ? [] : [formatReference(reference)], Layers: layers };
  addBytes(savedManifestName, encodeUtf8(JSON.stringify([saved])));
  return [...contents.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
