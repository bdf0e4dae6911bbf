import { OciError } from "../base/mod.ts";
import { type ConvertedImage, changedCompression, compressImage, convertImage, type ImageLayer, isChanged, type LayerCompression } from "../copy/mod.ts";
import type { CompressionFormat } from "../port/mod.ts";
import { type Descriptor, findEditObstacle } from "../spec/mod.ts";
import type { CompressionPlan, LevelledChange } from "./compression.ts";
import type { Format } from "./format.ts";
import type { ListImage } from "./push-images.ts";
import { platformKey } from "./same-platform.ts";

/** An image as it will be pushed. */
export interface ImageChange {
  /** The image as it lies. */
  readonly image: ListImage;
  /** What its layers get. */
  readonly compression?: LevelledChange;
  /** The format it gets. */
  readonly format?: Format;
  /** Format of its layers, where it goes beside the image and not in its place. */
  readonly added?: CompressionFormat;
}

/** What was asked for. */
interface Asked {
  readonly plan?: CompressionPlan;
  readonly format?: Format;
}

/** Returns what images become: every one in its place, and those that a platform gets beside. */
export function planChanges(images: readonly ListImage[], { plan, format }: Asked): readonly ImageChange[] {
  const replaced = images.map((image) => changeOf(image, plan?.all, format));
  const there = new Map<string, Set<LayerCompression>>();
  for (const change of replaced) formatsThere(there, change.image).add(compressionOf(change) ?? "none");
  const added = images.flatMap((image) =>
    (plan?.added ?? []).flatMap((compression): ImageChange[] => {
      const change = { ...changeOf(image, compression, format), added: compression.format };
      const known = formatsThere(there, image);
      if (known.has(compression.format) || compressionOf(change) !== compression.format) return [];
      known.add(compression.format);
      return [change];
    }),
  );
  return [...replaced, ...added];
}

/** One that no entry says the platform of stands for itself. */
function formatsThere(there: Map<string, Set<LayerCompression>>, { entry }: ListImage): Set<LayerCompression> {
  const key = entry.platform === undefined ? entry.digest : platformKey(entry);
  const formats = there.get(key) ?? new Set();
  there.set(key, formats);
  return formats;
}

/** Docker has no type for zstd, so that an image of docker's becomes one of OCI. */
function changeOf(image: ListImage, compression: LevelledChange | undefined, format: Format | undefined): ImageChange {
  const isUsed = compression !== undefined && image.layers.some((layer) => isChanged(layer, compression));
  const type = format ?? (isUsed && compression.format === "zstd" ? "oci" : undefined);
  return { image, ...(isUsed && { compression }), ...(type && { format: type }) };
}

/** Returns how all layers of an image are compressed after a change; undefined where there are none, or they differ. */
function compressionOf(change: ImageChange): LayerCompression | undefined {
  const [first, ...others] = compressionsOf(change);
  return others.length === 0 ? first : undefined;
}

function compressionsOf({ image, compression }: ImageChange): ReadonlySet<LayerCompression> {
  return new Set(image.layers.flatMap((layer) => (compression ? changedCompression(layer, compression) : layer.compression) ?? []));
}

/** Tells whether an image's entry should say that its layers have zstd, after a change; undefined where nobody can tell, as only some have. */
export function isZstdAfter(change: ImageChange): boolean | undefined {
  const formats = compressionsOf(change);
  if (formats.size === 0) return undefined;
  if (!formats.has("zstd")) return false;
  return formats.size === 1 ? true : undefined;
}

/** What a layer has become. */
export type LayerLookup = (layer: ImageLayer, compression: LevelledChange) => Pick<Descriptor, "digest" | "size">;

/** Returns an image's manifest after a change. @throws {OciError} `UNSUPPORTED` for what its format has no type for, `LOSS` for one that cannot be edited */
export function changeManifest({ image, compression, format }: ImageChange, lookup: LayerLookup): ConvertedImage {
  const { manifest, layers, document } = image;
  const { digest } = document.descriptor;
  const compressed = compression
    ? compressImage(manifest, { ...compression, layers, digest, made: (layer) => lookup(layer, compression) })
    : { manifest, lost: [] };
  const converted = format ? convertImage(compressed.manifest, format, digest) : { manifest: compressed.manifest, lost: [] };
  if (converted.manifest === manifest) return { manifest, lost: [] };
  const obstacle = findEditObstacle(document.bytes, `manifest ${digest}`);
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot change image ${digest} for the push: ${obstacle}, so it could lose data`);
  return { manifest: converted.manifest, lost: [...compressed.lost, ...converted.lost] };
}
