import { type Descriptor, type ImageManifest, isImageIndex, type ManifestDocument } from "../spec/mod.ts";
import { isForeignLayer } from "./layer-type.ts";

/** Something that a manifest refers to. */
export interface Part {
  /** What it is. */
  readonly descriptor: Descriptor;
  /** What its manifest calls it. */
  readonly kind: "config" | "blob";
}

/** Returns the blobs of an image that are brought with it: those of foreign layers stay where they are. */
export function blobsOf(manifest: ImageManifest): readonly Part[] {
  const layers = manifest.layers.filter((layer) => !isForeignLayer(layer));
  return [{ descriptor: manifest.config, kind: "config" }, ...layers.map((descriptor): Part => ({ descriptor, kind: "blob" }))];
}

/** Returns everything that is brought with a manifest or index. */
export function partsOf({ value }: ManifestDocument): readonly Part[] {
  return isImageIndex(value) ? value.manifests.map((descriptor): Part => ({ descriptor, kind: "blob" })) : blobsOf(value);
}
