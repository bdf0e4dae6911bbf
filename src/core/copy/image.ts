import { mapAll } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Descriptor, ManifestDocument } from "../spec/mod.ts";
import { copyManifest } from "./manifest.ts";
import { type CopyOptions, openCopy, orAbandon } from "./session.ts";
import { sayUnsigned } from "./signatures.ts";

/** Options of {@linkcode copyImage}. */
export interface CopyImageOptions extends CopyOptions {
  /** Where the manifest lies. */
  readonly source: ContentSource;
  /** The manifest to copy; with size 0 the size is not known. */
  readonly descriptor: Descriptor;
}

/**
 * Copies one manifest (an image, an artifact, or an index of up to 10 levels) with everything it refers to, children first, and
 * returns it. No name is written. When it fails, the target is told to take away what it was given.
 * @throws {OciError} what source and target throw; `LIMIT` and `INVALID` for indexes too deep or in a circle
 */
export async function copyImage(options: CopyImageOptions): Promise<ManifestDocument> {
  const { source, descriptor, target, signal } = options;
  const copy = openCopy(options);
  const run = (inner: AbortSignal) => copyManifest(copy, { descriptor, source, path: [] }, inner);
  const [document] = await orAbandon(target, async () => {
    const copied = await mapAll([run], (task, inner) => task(inner), signal);
    await target.settle?.(signal ? { signal } : {});
    return copied;
  });
  sayUnsigned(copy);
  return document ?? (await copy.run(() => source.manifest(descriptor, signal ? { signal } : {}), signal));
}
