import { createPool, mapAll, OciError } from "../base/mod.ts";
import { type BlobOpener, type CompressedLayer, compressLayer, observe, verifyStream, type WorkFiles } from "../content/mod.ts";
import { type ImageLayer, isChanged, isRestrictedLayerType } from "../copy/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { LevelledChange } from "./compression.ts";
import { type ListContext, warn } from "./context.ts";
import type { ImageChange } from "./push-changes.ts";

/** Layers that were compressed for a push. */
export interface CompressedLayers {
  /** Returns what a layer has become. */
  made(layer: ImageLayer, change: LevelledChange): CompressedLayer;
  /** What opens them. */
  readonly blobs: ReadonlyMap<Digest, BlobOpener>;
}

interface Task {
  readonly layer: ImageLayer;
  readonly diffId: Digest;
  readonly change: LevelledChange;
  readonly source: ContentSource;
}

/**
 * Compresses the layers that `changes` mean, those that images share once, into files of `work`. Nothing is written anywhere else.
 * @throws {OciError} `INVALID` where a config names no digests of layers, `MISMATCH` where they are others, `UNSUPPORTED`
 */
export async function compressLayers(context: ListContext, work: WorkFiles, changes: readonly ImageChange[]): Promise<CompressedLayers> {
  const tasks = new Map(changes.flatMap((change) => tasksOf(context, change)).map((task) => [keyOf(task.layer, task.change), task]));
  const lanes = createPool(Math.min(lanesFor(changes), context.pool.size));
  const layers = await mapAll(
    [...tasks],
    async ([key, task], signal) => [key, await lanes.run(() => compress({ ...context, signal }, work, task))] as const,
    context.signal,
  );
  const made = new Map(layers);
  return {
    made(layer, change) {
      const found = made.get(keyOf(layer, change));
      if (found === undefined) throw new TypeError(`layer ${layer.descriptor.digest} was not compressed`);
      return found;
    },
    blobs: new Map(layers.map(([, layer]) => [layer.digest, openerOf(context, layer)])),
  };
}

/** The file is read after it was written, and anything may have become of it. */
function openerOf({ host: { files, hash } }: ListContext, { path, ...promised }: CompressedLayer): BlobOpener {
  return async (options) => verifyStream(hash, await files.read(path, options), promised, `compressed layer ${promised.digest}`);
}

/** A layer of which two configs say different things is held to both. */
function keyOf({ descriptor, diffId }: ImageLayer, { format, level }: LevelledChange): string {
  return `${descriptor.digest} ${diffId} ${format} ${level}`;
}

/** How many layers are compressed at once: high levels of zstd take 100 MiB each. */
function lanesFor(changes: readonly ImageChange[]): number {
  const level = changes.reduce((highest, { compression }) => (compression?.format === "zstd" ? Math.max(highest, compression.level ?? 0) : highest), 0);
  if (level < 10) return 2;
  return 1;
}

function tasksOf({ host: { compression, environment } }: ListContext, { image, compression: change }: ImageChange): readonly Task[] {
  if (change === undefined) return [];
  const { digest } = image.document.descriptor;
  return image.layers
    .filter((layer) => isChanged(layer, change))
    .map((layer) => {
      const doing = `Cannot compress layer ${layer.descriptor.digest} of image ${digest}`;
      if (layer.compression === "zstd" && !compression.formats.includes("zstd"))
        throw new OciError("UNSUPPORTED", `${doing}: ${environment.runtime} cannot read zstd; Bun, Deno and Node from 22.15 on can`);
      if (layer.diffId === undefined) throw new OciError("INVALID", `${doing}: the image's config does not say what it holds without compression`);
      return { layer, diffId: layer.diffId, change, source: image.source };
    });
}

/** Reading and writing share one place of the pool, as in a copy. */
async function compress(context: ListContext, work: WorkFiles, { layer, diffId, change, source }: Task): Promise<CompressedLayer> {
  const { host, pool, report, signal } = context;
  const { descriptor } = layer;
  const { format, level } = change;
  return await pool.run(async () => {
    signal?.throwIfAborted();
    report({ type: "compress", descriptor, format });
    const options = signal ? { signal } : {};
    const made = await compressLayer(host, work, {
      what: `layer ${descriptor.digest}`,
      open: async () => observe(await source.blob(descriptor, options), (bytes) => report({ type: "progress", descriptor, format, bytes })),
      diffId,
      format,
      ...(level !== undefined && { level }),
      ...options,
    });
    report({ type: "compress-done", descriptor, format, digest: made.digest, size: made.size });
    return made;
  });
}

/** Says which layers stay as they are although their image is compressed: nobody knows how to read them, or they are encrypted. */
export function sayLayersLeft(context: ListContext, changes: readonly ImageChange[]): void {
  const left = new Map<Digest, string>();
  for (const { image } of changes)
    for (const { descriptor, compression } of image.layers)
      if (compression === undefined && !isRestrictedLayerType(descriptor.mediaType)) left.set(descriptor.digest, descriptor.mediaType);
  if (left.size === 0) return;
  const each = [...left].map(([digest, type]) => `${digest} (${type})`).join(", ");
  warn(context, `layers that cannot be compressed anew stay as they are: ${each}`);
}
