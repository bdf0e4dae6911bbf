import type { CompressionFormat } from "../port/mod.ts";
import type { Annotations, Descriptor, Digest, ImageManifest } from "../spec/mod.ts";
import type { ConvertedImage } from "./convert.ts";
import { compressedLayerType, type LayerCompression, layerCompression } from "./layer-type.ts";
import { descriptorLosses, lossesOf } from "./loss.ts";

/** A layer of an image, and what is known of its bytes. */
export interface ImageLayer {
  /** The layer. */
  readonly descriptor: Descriptor;
  /** Its digest without compression, where the config names one. */
  readonly diffId: Digest | undefined;
  /** How it is compressed; undefined where it cannot be compressed anew. */
  readonly compression: LayerCompression | undefined;
}

/** How layers are to be compressed. */
export interface CompressionChange {
  /** The format. */
  readonly format: CompressionFormat;
  /** Whether layers that are compressed otherwise are compressed anew; else only those that are not compressed. */
  readonly force: boolean;
}

/** Returns the layers of an image whose config names `diffIds`. A layer whose digest is that without compression has none, whatever its type says. */
export function readLayers({ layers }: ImageManifest, diffIds: readonly Digest[]): readonly ImageLayer[] {
  return layers.map((descriptor, at) => {
    const diffId = diffIds.length === layers.length ? diffIds[at] : undefined;
    const compression = layerCompression(descriptor.mediaType);
    return { descriptor, diffId, compression: compression !== undefined && diffId === descriptor.digest ? "none" : compression };
  });
}

/** Returns how a layer is compressed once it has been changed. */
export function changedCompression({ compression }: ImageLayer, { format, force }: CompressionChange): LayerCompression | undefined {
  return compression === "none" || (compression !== undefined && force) ? format : compression;
}

/** Tells whether a change means a layer. */
export function isChanged(layer: ImageLayer, change: CompressionChange): boolean {
  return changedCompression(layer, change) !== layer.compression;
}

/** How the layers of an image are changed. */
export interface LayerChange extends CompressionChange {
  /** The layers, as {@linkcode readLayers} gives them. */
  readonly layers: readonly ImageLayer[];
  /** Returns what a layer has become. */
  readonly made: (layer: ImageLayer) => Pick<Descriptor, "digest" | "size">;
  /** Names the image in what is lost. */
  readonly digest: Digest;
}

/**
 * Returns `manifest` with the layers that a change means compressed: their type, digest and size are new, and what spoke of the
 * old bytes is left out. The config stays, as it names layers without their compression.
 */
export function compressImage(manifest: ImageManifest, change: LayerChange): ConvertedImage {
  const changed = change.layers.map((layer) => (isChanged(layer, change) ? changeLayer(layer, change) : { descriptor: layer.descriptor, gone: {} }));
  const layers = changed.map(({ descriptor }) => descriptor);
  const lost = changed.flatMap(({ gone }, at) => descriptorLosses(`layers.${at}`, gone));
  const isSame = layers.every((layer, at) => layer === manifest.layers[at]);
  return { manifest: isSame ? manifest : { ...manifest, layers }, lost: lossesOf(change.digest, lost) };
}

function changeLayer(layer: ImageLayer, { format, made }: LayerChange): { readonly descriptor: Descriptor; readonly gone: Partial<Descriptor> } {
  const { mediaType, digest: _digest, size: _size, annotations, data, urls, ...rest } = layer.descriptor;
  const [kept, gone] = splitAnnotations(annotations);
  const { digest, size } = made(layer);
  return {
    descriptor: { ...rest, mediaType: compressedLayerType(mediaType, format), digest, size, ...(kept && { annotations: kept }) },
    gone: { ...(gone && { annotations: gone }), ...(data !== undefined && { data }), ...(urls && { urls }) },
  };
}

/** Annotations that say where in the compressed bytes files lie: those of eStargz and zstd:chunked. */
const ofBytes = ["containerd.io/snapshot/stargz/", "io.containers.estargz.", "io.github.containers.zstd-chunked.", "io.containers.zstd-chunked."];

function splitAnnotations(annotations: Annotations | undefined): readonly [kept?: Annotations | undefined, gone?: Annotations] {
  if (annotations === undefined) return [];
  const isGone = (key: string) => ofBytes.some((prefix) => key.startsWith(prefix));
  const entries = Object.entries(annotations);
  const gone = entries.filter(([key]) => isGone(key));
  if (gone.length === 0) return [annotations];
  const kept = entries.filter(([key]) => !isGone(key));
  return [kept.length === 0 ? undefined : Object.fromEntries(kept), Object.fromEntries(gone)];
}
