import { isOciError, mapAll, OciError, quote } from "../base/mod.ts";
import { type ImageLayer, layerCompression, readLayers } from "../copy/mod.ts";
import { isAttestation } from "../index/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  type ImageManifest,
  isConfigMediaType,
  isDockerMediaType,
  isImageIndex,
  isIndexMediaType,
  isManifestMediaType,
  type ManifestDocument,
  parseDiffIds,
} from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import type { Format } from "./format.ts";
import type { ListPlace, ListView } from "./place.ts";

/** An entry of a list, and the image that it means, or the artifact. */
export interface ListImage {
  /** The entry. */
  readonly entry: Descriptor;
  /** Where the image lies. */
  readonly source: ContentSource;
  /** Its manifest, byte for byte. */
  readonly document: ManifestDocument;
  /** Its manifest. */
  readonly manifest: ImageManifest;
  /** Its layers; none of what is no image, and where nobody wants to know. */
  readonly layers: readonly ImageLayer[];
}

/** What is read, and what for. */
export interface ImageReading {
  /** The list's place. */
  readonly place: ListPlace;
  /** The list. */
  readonly view: ListView;
  /** Its entries. */
  readonly entries: readonly Descriptor[];
  /** The format that images get. */
  readonly format?: Format;
  /** Whether layers are compressed: the config, which names them without compression, is read too. */
  readonly withLayers: boolean;
}

/**
 * Returns the images of a list that a push changes, with its artifacts; of attestations and what OCI can hold as it is, none. Indexes among the entries stay as they are where only layers change.
 * @throws {OciError} `UNSUPPORTED` for what is no image, and for one of which nobody knows where it lies
 */
export async function readImages(context: ListContext, reading: ImageReading): Promise<readonly ListImage[]> {
  const entries = reading.entries.filter((entry) => needsReading(reading, entry));
  const begun = new Map<Digest, Promise<Omit<ListImage, "entry">>>();
  return await mapAll(
    entries,
    async (entry, signal) => {
      const image = begun.get(entry.digest) ?? readImage({ ...context, signal }, reading, entry);
      begun.set(entry.digest, image);
      return { entry, ...(await image) };
    },
    context.signal,
  );
}

function needsReading({ format, withLayers }: ImageReading, entry: Descriptor): boolean {
  if (isAttestation(entry)) return false;
  if (isManifestMediaType(entry.mediaType)) return withLayers || isDockerMediaType(entry.mediaType) !== (format === "v2s2");
  return format === "v2s2" || (format !== undefined && isIndexMediaType(entry.mediaType));
}

async function readImage(context: ListContext, reading: ImageReading, entry: Descriptor): Promise<Omit<ListImage, "entry">> {
  if (!isManifestMediaType(entry.mediaType)) throw refused(reading, entry, `its type is ${quote(entry.mediaType)}`);
  const source = await reading.place.sourceOf(reading.view, entry);
  if (source === undefined) throw refused(reading, entry, "the list does not say where it lies");
  const document = await context.pool.run(() => source.manifest(entry, signalOf(context)));
  const manifest = document.value;
  if (isImageIndex(manifest)) throw refused(reading, entry, "it is not an image");
  if (!reading.withLayers || !isConfigMediaType(manifest.config.mediaType)) return { source, document, manifest, layers: [] };
  return { source, document, manifest, layers: readLayers(manifest, await readDiffIds(context, source, manifest)) };
}

/** The config of an artifact may hold anything, whatever its type: what is none of an image names no layers, and only a layer that is to be changed needs its name. */
async function readDiffIds(context: ListContext, source: ContentSource, { config, layers }: ImageManifest): Promise<readonly Digest[]> {
  if (layers.every(({ mediaType }) => layerCompression(mediaType) === undefined)) return [];
  try {
    return parseDiffIds(await context.pool.run(() => source.smallBlob(config, signalOf(context))));
  } catch (error) {
    if (isOciError(error, "INVALID") || isOciError(error, "LIMIT")) return [];
    throw error;
  }
}

function refused({ format }: ImageReading, { digest }: Descriptor, seen: string): OciError {
  const doing = format === undefined ? `compress the layers of ${digest}` : `convert ${digest} to ${format}`;
  return new OciError("UNSUPPORTED", `Cannot ${doing}: ${seen}`);
}
