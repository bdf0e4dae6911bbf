import { iterate, OciError, quote, readAll } from "../../base/mod.ts";
import { detectCompression, digestBytes, magicSize, newDocument, readTreeFile, type Tree, type TreePath } from "../../content/mod.ts";
import type { ContentOptions, Hash } from "../../port/mod.ts";
import { type Descriptor, type Digest, type ManifestDocument, mediaTypes, parseDiffIds, tryParseDigest } from "../../spec/mod.ts";
import type { SavedImage } from "./saved-manifest.ts";

/** An image of an archive as it is offered: a docker image manifest that is made for it, and where its blobs lie. */
export interface OpenImage {
  /** The manifest. */
  readonly document: ManifestDocument;
  /** Its config and its layers, as they are. */
  readonly blobs: ReadonlyMap<Digest, TreePath>;
}

const configLimit = 4 * 1024 * 1024;
const layerTypes: Readonly<Record<string, string | undefined>> = {
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.dockerLayerZstd,
};

/**
 * Returns the image that `saved` describes. The digest of an uncompressed layer is the one its config gives, that of a compressed
 * one the one it is named by; another name costs one reading. What is read later is held to these digests.
 * @throws {OciError} `INVALID`, `NOT_FOUND`
 */
export async function openSavedImage(hash: Hash, tree: Tree, saved: SavedImage, options: ContentOptions = {}): Promise<OpenImage> {
  const path = treePath(tree, saved.Config, "config");
  const config = await readTreeFile(tree, path, { ...options, limit: configLimit });
  if (config === undefined) throw new OciError("NOT_FOUND", `Cannot read ${path.what}: the archive does not hold it`);
  const diffIds = parseDiffIds(config, path.what);
  const names = saved.Layers ?? [];
  if (diffIds.length !== names.length)
    throw new OciError("INVALID", `Cannot read ${path.what}: it names ${diffIds.length} layers, and the archive lists ${names.length} for it`);
  const layers: Descriptor[] = [];
  const descriptor = { mediaType: mediaTypes.dockerConfig, digest: digestBytes(hash, config), size: config.length };
  const blobs = new Map<Digest, TreePath>([[descriptor.digest, path]]);
  for (const [at, name] of names.entries()) {
    const layer = treePath(tree, name, "layer");
    const described = await describeLayer(hash, tree, layer, { ...options, diffId: diffIds[at] });
    layers.push(described);
    blobs.set(described.digest, layer);
  }
  const document = newDocument(hash, { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config: descriptor, layers });
  return { document, blobs };
}

function treePath(tree: Tree, name: string, kind: string): TreePath {
  return { parts: name.split("/").filter((part) => part !== "" && part !== "."), what: `${kind} ${quote(name)} of ${tree.what}` };
}

interface Describing extends ContentOptions {
  readonly diffId: Digest | undefined;
}

async function describeLayer(hash: Hash, tree: Tree, path: TreePath, { diffId, signal }: Describing): Promise<Descriptor> {
  const size = await tree.size(path);
  if (size === undefined) throw new OciError("NOT_FOUND", `Cannot read ${path.what}: the archive does not hold it`);
  const options = signal ? { signal } : {};
  const format = detectCompression(await readAll(await tree.read(path, { ...options, end: magicSize }), { limit: magicSize, what: path.what }));
  if (format === undefined) return { mediaType: mediaTypes.dockerLayer, digest: diffId ?? (await digestFile(hash, tree, path, options)), size };
  const mediaType = layerTypes[format];
  if (mediaType === undefined)
    throw new OciError("UNSUPPORTED", `Cannot read ${path.what}: it is compressed with ${format}, expected gzip, zstd or no compression`);
  return { mediaType, digest: digestInName(path) ?? (await digestFile(hash, tree, path, options)), size };
}

/** Newer versions of docker save write an OCI layout as well, whose blobs are named by their digests. */
function digestInName({ parts }: TreePath): Digest | undefined {
  const [folder, algorithm, digits] = parts;
  return parts.length === 3 && folder === "blobs" ? tryParseDigest(`${algorithm}:${digits}`) : undefined;
}

async function digestFile(hash: Hash, tree: Tree, path: TreePath, options: ContentOptions): Promise<Digest> {
  const hasher = hash("sha256");
  for await (const piece of iterate(await tree.read(path, options))) hasher.update(piece);
  return `sha256:${hasher.digest()}`;
}
