import { mapAll, OciError, quote } from "../base/mod.ts";
import { maximumDepth } from "../content/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  formatPlatform,
  type ImageIndex,
  isImageIndex,
  isIndexMediaType,
  isManifestDescriptor,
  type ManifestDocument,
} from "../spec/mod.ts";
import { putComplete } from "./again.ts";
import { copyBlob, noteBlob } from "./blob.ts";
import { forLanes, inEachLane, type Lane, type Outcome } from "./lane.ts";
import { blobsOf, type Part } from "./parts.ts";
import { type Copy, isSameRepository } from "./session.ts";
import { copySignatures } from "./signatures.ts";

/** One manifest to bring. */
export interface ManifestTask {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** Where it lies. */
  readonly source: ContentSource;
  /** Where it goes. */
  readonly lanes: readonly Lane[];
  /** The indexes it was found in, outermost first. */
  readonly path: readonly Digest[];
}

/**
 * Brings a manifest to its lanes with everything it refers to, children first; one that several indexes share is brought once.
 * Returns what was read, or undefined where every target has it.
 * @throws {OciError} `LIMIT` for more than 10 levels, `INVALID` for an index that contains itself
 */
export async function copyManifest(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<ManifestDocument | undefined> {
  const { digest, mediaType } = task.descriptor;
  const parent = task.path.at(-1);
  if (parent !== undefined) addWait(copy.waits, parent, digest);
  if (isIndexMediaType(mediaType) && task.path.length >= maximumDepth) {
    throw new OciError("LIMIT", `Cannot copy index "${digest}": it lies deeper than ${maximumDepth} levels of indexes`);
  }
  const lanes = task.lanes.filter((lane) => !lane.manifests.has(digest));
  if (lanes.length > 0) {
    const started = bringSigned(copy, { ...task, lanes }, signal);
    for (const lane of lanes) lane.manifests.set(digest, started);
  }
  const documents = await Promise.all(task.lanes.map((lane) => lane.manifests.get(digest)));
  return documents.find((document) => document !== undefined);
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

async function bringSigned(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<ManifestDocument | undefined> {
  const document = await bringManifest(copy, task, signal);
  await copySignatures(copy, { ...task, manifest: task.descriptor.digest }, signal);
  return document;
}

/** A target that has the manifest is asked with one request at most, and the source not at all. */
async function bringManifest(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<ManifestDocument | undefined> {
  const { descriptor, source } = task;
  const kind = isIndexMediaType(descriptor.mediaType) ? "index" : "image";
  const holdings = await inEachLane(copy, task.lanes, (lane, inner) => askFor(copy, lane, task, inner), signal);
  const lanes = lanesOf(holdings, ({ isWhole }) => !isWhole);
  if (lanes.length === 0) {
    if (holdings.length > 0) copy.report({ type: "manifest", descriptor, kind, outcome: "exists" });
    return undefined;
  }
  const document = await forLanes(copy, lanes, () => copy.run(() => source.manifest(descriptor, { signal }), signal), signal);
  if (document === undefined) return undefined;
  if (isImageIndex(document.value)) await copyChildren(copy, { ...task, lanes, value: document.value }, signal);
  else await copyBlobs(copy, holdings, { parts: blobsOf(document.value), source }, signal);
  const lacking = lanesOf(holdings, ({ exists }) => !exists);
  copy.report({ type: "manifest", descriptor: document.descriptor, kind, outcome: lacking.length > 0 ? "written" : "exists" });
  const complete = { document, sourceOf: async () => source };
  const put = (lane: Lane, inner: AbortSignal) => putComplete(copy, lane, { ...complete, put: (options) => lane.target.putManifest(document, options) }, inner);
  await inEachLane(copy, lacking, put, signal);
  return document;
}

/** What a place has of an image. */
interface Holding {
  /** Whether it has the manifest. */
  readonly exists: boolean;
  /** Whether it is taken to have what that refers to as well. */
  readonly isWhole: boolean;
}

function lanesOf(holdings: readonly Outcome<Holding>[], isMeant: (holding: Holding) => boolean): readonly Lane[] {
  return holdings.filter(({ value }) => isMeant(value)).map(({ lane }) => lane);
}

async function askFor(copy: Copy, lane: Lane, { descriptor, source }: ManifestTask, signal: AbortSignal): Promise<Holding> {
  const { target, found } = lane;
  const exists = await copy.run(() => target.hasManifest(descriptor, { signal }), signal);
  if (!exists && isSameRepository(source.repository, target.repository) && !source.made?.has(descriptor.digest)) throw lacksImage(target, [descriptor]);
  if (exists) found.set(descriptor.digest, "said");
  return { exists, isWhole: exists && !copy.verifyBlobs };
}

interface Blobs {
  readonly parts: readonly Part[];
  readonly source: ContentSource;
}

/** Brings blobs where they are not known to be; where they are, they are not asked for when another image has them too. */
async function copyBlobs(copy: Copy, holdings: readonly Outcome<Holding>[], { parts, source }: Blobs, signal: AbortSignal): Promise<void> {
  for (const lane of lanesOf(holdings, ({ isWhole }) => isWhole)) for (const { descriptor } of parts) noteBlob(lane, descriptor);
  const lanes = lanesOf(holdings, ({ isWhole }) => !isWhole);
  await mapAll(parts, (part, inner) => copyBlob(copy, { ...part, source, lanes }, inner), signal);
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
  const { source, lanes } = task;
  const path = [...task.path, task.descriptor.digest];
  await mapAll(task.value.manifests, (descriptor, inner) => copyEntry(copy, { descriptor, source, lanes, path }, inner), signal);
}

/** Brings a child of an index, whatever it is. */
export async function copyEntry(copy: Copy, task: ManifestTask, signal: AbortSignal): Promise<void> {
  if (isManifestDescriptor(task.descriptor)) return void (await copyManifest(copy, task, signal));
  await copyBlob(copy, { ...task, kind: "blob" }, signal);
}
