import { mapAll } from "../base/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import type { Descriptor, ManifestDocument } from "../spec/mod.ts";
import { abandonLanes, openLane } from "./lane.ts";
import { copyManifest } from "./manifest.ts";
import { type CopyOptions, openCopy } from "./session.ts";
import { sayUnsigned } from "./signatures.ts";

/** Options of {@linkcode copyImage}. */
export interface CopyImageOptions extends CopyOptions {
  /** Where the manifest lies. */
  readonly source: ContentSource;
  /** The manifest to copy; with size 0 the size is not known. */
  readonly descriptor: Descriptor;
  /** Where the content goes. */
  readonly target: ContentTarget;
}

/**
 * Copies one manifest (an image, an artifact, or an index of up to 10 levels) with everything it refers to, children first, and
 * returns it. No name is written. When it fails, the target is told to take away what it was given.
 * @throws {OciError} what source and target throw; `LIMIT` and `INVALID` for indexes too deep or in a circle
 */
export async function copyImage(options: CopyImageOptions): Promise<ManifestDocument> {
  const { source, descriptor, target, signal } = options;
  const given = signal ? { signal } : {};
  const lane = openLane(target);
  const copy = openCopy(options, [lane]);
  try {
    const [document] = await mapAll([descriptor], (_, inner) => copyManifest(copy, { descriptor, source, lanes: [lane], path: [] }, inner), signal);
    await target.settle?.(given);
    lane.isKept = true;
    sayUnsigned(copy);
    return document ?? (await copy.run(() => source.manifest(descriptor, given), signal));
  } finally {
    await abandonLanes([lane]);
  }
}
