import { type Bytes, encodeUtf8, streamBytes } from "../../src/core/base/mod.ts";
import { newDocument } from "../../src/core/content/mod.ts";
import { addEntry } from "../../src/core/index/mod.ts";
import { type Descriptor, type Digest, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import type { ContentKeeper, ListState, ListStore } from "../../src/core/store/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { digestOf } from "../helper/content.ts";

const { hash } = memoryHost();

/** An image and all its content. */
export interface Image {
  readonly document: ManifestDocument;
  /** Every piece, the manifest first. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  readonly descriptor: Descriptor;
  readonly bytes: Bytes;
}

/** Returns an image with a config of its own and layers of these texts, which other images may share. */
export function imageOf(name: string, layers: readonly string[]): Image {
  const config = pieceOf(mediaTypes.ociConfig, `config of ${name}`);
  const pieces = layers.map((text) => pieceOf(mediaTypes.ociLayerGzip, text));
  const document = newDocument(hash, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: pieces.map(({ descriptor }) => descriptor),
  });
  return { document, pieces: [{ descriptor: document.descriptor, bytes: document.bytes }, config, ...pieces] };
}

function pieceOf(mediaType: string, text: string): Piece {
  const bytes = encodeUtf8(text);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** Puts all content of an image, as somebody who has it. */
export async function putImage(keeper: ContentKeeper, { pieces }: Image): Promise<void> {
  for (const { descriptor, bytes } of pieces) await keeper.put(descriptor, async () => streamBytes(bytes));
}

/** Returns `state` with an image that the store keeps whole. */
export function withKept(state: ListState, { document: { descriptor } }: Image, location = "dir:/gone"): ListState {
  return { ...state, index: addEntry(state.index, descriptor), sources: { ...state.sources, [descriptor.digest]: { location, kept: "all" } } };
}

/** Returns `state` without the entry of an image. */
export function withoutImage(state: ListState, digest: Digest): ListState {
  const manifests = state.index.manifests.filter((entry) => entry.digest !== digest);
  const sources = Object.fromEntries(Object.entries(state.sources).filter(([other]) => other !== digest));
  return { ...state, index: { ...state.index, manifests }, sources };
}

/** Adds an image to a list, and keeps all of it. */
export async function keepIn(store: ListStore, id: string, image: Image, location?: string): Promise<void> {
  await store.keep(async (keeper) => {
    await putImage(keeper, image);
    await store.edit(id, (state) => withKept(state, image, location));
  });
}

/** Returns the names of the files below the content of the store in `root`, sorted. */
export async function contentIn(
  files: { list(path: string): Promise<readonly string[]>; status(path: string): Promise<{ kind: string } | undefined> },
  path: string,
): Promise<readonly string[]> {
  const status = await files.status(path);
  if (status === undefined) return [];
  if (status.kind !== "directory") return [path];
  const below: string[] = [];
  for (const name of await files.list(path)) below.push(...(await contentIn(files, `${path}/${name}`)));
  return below;
}
