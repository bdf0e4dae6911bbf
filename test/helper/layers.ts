import { type Bytes, encodeUtf8, readAll, streamBytes } from "../../src/core/base/mod.ts";
import { newDocument } from "../../src/core/content/mod.ts";
import type { CompressionFormat, Host } from "../../src/core/port/mod.ts";
import { type Annotations, type Descriptor, type Digest, type ManifestDocument, mediaTypes, parseLocation, parsePlatform } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import type { MemoryHost } from "../../src/host/memory.ts";
import { digestOf } from "./content.ts";
import { type Desk, type DeskOptions, openDesk } from "./lists.ts";

/** What the runtime can make. */
export const formats: readonly CompressionFormat[] = (await currentHost()).compression.formats;
/** Files and network of memory, compression of the runtime. */
const { compression } = await currentHost();

/** Opens a desk on which layers can be compressed. */
export function openPress(options: DeskOptions = {}): Desk {
  const wrap = (host: MemoryHost): Host => ({ ...host, compression });
  return openDesk({ wrap, ...options });
}

/** A layer with what it holds. */
export interface LayerOptions {
  /** What it holds. */
  readonly text: string;
  /** How it is compressed, which decides its type. @default not at all */
  readonly compression?: CompressionFormat;
  /** Type that it has nevertheless. */
  readonly mediaType?: string;
  /** Bytes that it has nevertheless. */
  readonly bytes?: Bytes;
  readonly urls?: readonly string[];
  readonly annotations?: Annotations;
}

export interface LayeredOptions {
  /** @default "linux/amd64" */
  readonly platform?: string;
  readonly docker?: boolean;
  readonly layers: readonly LayerOptions[];
  /** What the config says of its layers. @default the truth */
  readonly diffIds?: readonly Digest[];
}

const types = {
  oci: { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd },
  docker: { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip, zstd: mediaTypes.ociLayerZstd },
} as const;

/** Puts an image at a location whose layers are what its config says, and returns its manifest. */
export async function putLayered(host: Host, location: string, options: LayeredOptions): Promise<ManifestDocument> {
  const { target } = await openTransports(host, { verifyTls: false }).place(parseLocation(location));
  const family = types[options.docker ? "docker" : "oci"];
  const put = async (mediaType: string, bytes: Bytes): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await target.putBlob(descriptor, async () => streamBytes(bytes));
    return descriptor;
  };
  const layers: Descriptor[] = [];
  for (const { text, mediaType, bytes, urls, annotations, ...layer } of options.layers) {
    const content = bytes ?? (layer.compression ? await pack(encodeUtf8(text), layer.compression) : encodeUtf8(text));
    const descriptor = await put(mediaType ?? family[layer.compression ?? "none"], content);
    layers.push({ ...descriptor, ...(urls && { urls }), ...(annotations && { annotations }) });
  }
  const diffIds = options.diffIds ?? options.layers.map(({ text }) => digestOf(encodeUtf8(text)));
  const config = { ...parsePlatform(options.platform ?? "linux/amd64"), rootfs: { type: "layers", diff_ids: diffIds } };
  const document = newDocument(host.hash, {
    schemaVersion: 2,
    mediaType: options.docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest,
    config: await put(options.docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, encodeUtf8(JSON.stringify(config))),
    layers,
  });
  await target.putRoot(document);
  return document;
}

/** Returns `bytes` compressed. */
export function pack(bytes: Bytes, format: CompressionFormat, level?: number): Promise<Bytes> {
  return readAll(streamBytes(bytes).pipeThrough(compression.compress(format, level)), { limit: 1 << 26, what: "it" });
}

/** Returns `bytes` without their compression. */
export function unpacked(bytes: Bytes, format: CompressionFormat): Promise<Bytes> {
  return readAll(streamBytes(bytes).pipeThrough(compression.decompress(format)), { limit: 1 << 26, what: "it" });
}

/** Words of which no two stretches are alike, so that levels differ. */
export function wordsOf(count: number, seed = 1): string {
  let state = seed;
  return Array.from({ length: count }, () => `${(state = (state * 48_271) % 2_147_483_647) % 5000} `).join("");
}

/** Returns the layers of a manifest. */
export function layersOf({ value }: ManifestDocument): readonly Descriptor[] {
  if (!("layers" in value)) throw new Error("it is no image");
  return value.layers;
}

/** An image as it lies somewhere. */
export interface SeenImage {
  readonly document: ManifestDocument;
  readonly layers: readonly Descriptor[];
  /** What the layers hold, unpacked as their types say. */
  readonly texts: readonly string[];
}

/** Returns the image that an entry at a location means. */
export async function readImageAt(host: Host, location: string, entry: Descriptor | undefined): Promise<SeenImage> {
  if (entry === undefined) throw new Error("there is no such entry");
  const { source } = await openTransports(host, { verifyTls: false }).place(parseLocation(location));
  const document = await source.manifest(entry);
  const texts = await Promise.all(
    layersOf(document).map(async (layer) => {
      const bytes = await readAll(await source.blob(layer), { limit: 1 << 26, what: "layer" });
      const format = /[+.](gzip|zstd)$/.exec(layer.mediaType)?.[1];
      return new TextDecoder().decode(format === "gzip" || format === "zstd" ? await unpacked(bytes, format) : bytes);
    }),
  );
  return { document, layers: layersOf(document), texts };
}
