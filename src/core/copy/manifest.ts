import { mapAll, OciError, quote } from "../base/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  type ImageIndex,
  type ImageManifest,
  isImageIndex,
  isIndexMediaType,
  isManifestMediaType,
  type ManifestDocument,
} from "../spec/mod.ts";
import { type BlobTask, copyBlob } from "./blob.ts";
import { isForeignLayer } from "./layer-type.ts";
import { type Copy, isSameRepository } from "./session.ts";

/** One manifest to bring. */
export interface ManifestTask {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** Where it lies. */
  readonly source: ContentSource;
  /** The indexes it was found in, outermost first. */
  readonly path: readonly Digest[];
}

/** Levels of indexes, the outermost included. */
const maximumDepth = 10;

/** Tells whether a child of an index is a manifest or index; anything else is carried as a blob. */
export function isManifest(descriptor: Descriptor): boolean {
  return isIndexMediaType(descriptor.mediaType) || isManifestMediaType(descriptor.mediaType);
}

/**
 * Brings a manifest to the target with everything it refers to, children first; one that several indexes share is brought once.
 * Returns what was read, or undefined where the target is where the manifest already lies.
 * @throws {OciError} `LIMIT` for more than 10 levels, `INVALID` for an index that contains itself
 */
export async function copyManifest(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<ManifestDocument | undefined> {
  const { digest, mediaType } = task.descriptor;
  const parent = task.path.at(-1);
  if (parent !== undefined) addWait(copy.waits, parent, digest);
  if (isIndexMediaType(mediaType) && task.path.length >= maximumDepth) {
    throw new OciError("LIMIT", `Cannot copy index "${digest}": it lies deeper than ${maximumDepth} levels of indexes`);
  }
  const begun = copy.manifests.get(digest);
  if (begun) return await begun;
  const started = bringManifest(copy, task, signal);
  copy.manifests.set(digest, started);
  return await started;
}

/** Digests make a circle practically impossible; a source that does not keep its word must still not make the copy wait for itself. */
function addWait(waits: Map<Digest, Set<Digest>>, parent: Digest, child: Digest): void {
  if (parent === child || reaches(waits, child, parent)) throw new OciError("INVALID", `Cannot copy index "${parent}": it contains itself`);
  const children = waits.get(parent) ?? new Set();
  waits.set(parent, children.add(child));
}

function reaches(waits: ReadonlyMap<Digest, ReadonlySet<Digest>>, from: Digest, to: Digest): boolean {
  const seen = new Set([from]);
  for (const digest of seen) {
    if (digest === to) return true;
    for (const child of waits.get(digest) ?? []) seen.add(child);
  }
  return false;
}

/** A target that has the manifest is asked with one request at most, and the source not at all. */
async function bringManifest(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<ManifestDocument | undefined> {
  const { descriptor, source } = task;
  const { target, report } = copy;
  const isThere = isSameRepository(source.repository, target.repository);
  const kind = isIndexMediaType(descriptor.mediaType) ? "index" : "image";
  const exists = await copy.run(() => target.hasManifest(descriptor, { signal }), signal);
  if (!exists && isThere && !source.made?.has(descriptor.digest)) throw lacksImage(target, [descriptor]);
  if (exists && (isThere || !copy.verifyBlobs)) {
    report({ type: "manifest", descriptor, kind, outcome: "exists" });
    return undefined;
  }
  const document = await copy.run(() => source.manifest(descriptor, { signal }), signal);
  if (isImageIndex(document.value)) await copyChildren(copy, { ...task, value: document.value }, signal);
  else {
    const blobs = blobsOf(document.value, source).filter(({ descriptor: { digest } }) => !isThere || source.made?.has(digest) === true);
    await mapAll(blobs, (blob, inner) => copyBlob(copy, blob, inner), signal);
  }
  report({ type: "manifest", descriptor: document.descriptor, kind, outcome: exists ? "exists" : "written" });
  if (!exists) await copy.run(() => target.putManifest(document, { signal }), signal);
  return document;
}

/** Returns the error for images that a list refers to and its destination does not have. */
export function lacksImage(target: ContentTarget, [first, ...more]: readonly [Descriptor, ...Descriptor[]]): OciError {
  const platform = first.platform ? ` (${formatPlatform(first.platform)})` : "";
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return new OciError(
    "NOT_FOUND",
    `Cannot push to ${quote(target.name)}: the destination lacks image ${first.digest}${platform}${others}, which the list refers to`,
  );
}

async function copyChildren(copy: Copy, task: ManifestTask & { readonly value: ImageIndex }, signal: AbortSignal): Promise<void> {
  const { source } = task;
  const path = [...task.path, task.descriptor.digest];
  await mapAll(task.value.manifests, (descriptor, inner) => copyEntry(copy, { descriptor, source, path }, inner), signal);
}

/** Brings a child of an index, whatever it is. */
export async function copyEntry(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<void> {
  const { descriptor, source } = task;
  if (isManifest(descriptor)) await copyManifest(copy, task, signal);
  else if (!isSameRepository(source.repository, copy.target.repository)) await copyBlob(copy, { descriptor, kind: "blob", source }, signal);
}

function blobsOf(manifest: ImageManifest, source: ContentSource): readonly BlobTask[] {
  const layers = manifest.layers.filter((layer) => !isForeignLayer(layer));
  return [{ descriptor: manifest.config, kind: "config", source }, ...layers.map((descriptor): BlobTask => ({ descriptor, kind: "blob", source }))];
}
