import { digestOf } from "./content.ts";
import { rawTar } from "./tar.ts";

/** An image for {@linkcode savedImage}. */
export interface SavedImageOptions {
  /** @default "arm64" */
  readonly architecture?: string;
  /** Name and tag in the archive. @default none */
  readonly name?: string;
  /** Layers as they lie in the archive. @default one of text */
  readonly layers?: readonly Uint8Array[];
  /** What the config says of the layers. @default their digests */
  readonly diffIds?: readonly string[];
}

/** Returns what fills one block of an archive. */
export function layerOf(text: string): Uint8Array {
  return new TextEncoder().encode(text.padEnd(1024, "\0"));
}

/** Returns an archive of one image, as docker save writes it. */
export function savedImage({ architecture = "arm64", name, layers = [layerOf(`layer for ${architecture}`)], diffIds }: SavedImageOptions = {}): Uint8Array {
  const config = JSON.stringify({ architecture, os: "linux", rootfs: { type: "layers", diff_ids: diffIds ?? layers.map(digestOf) } });
  const names = layers.map((_, at) => `${at}/layer.tar`);
  return rawTar({ name: "config.json", content: config }, ...layers.map((content, at) => ({ name: names[at] ?? "", content })), {
    name: "manifest.json",
    content: JSON.stringify([{ Config: "config.json", RepoTags: name === undefined ? null : [name], Layers: names }]),
  });
}
