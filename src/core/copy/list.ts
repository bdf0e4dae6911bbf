import { createPool, mapAll, type OciError } from "../base/mod.ts";
import type { Clock, ContentSource, ContentTarget, PutRootOptions } from "../port/mod.ts";
import { type Descriptor, type Digest, isImageIndex, isManifestDescriptor, type ManifestDocument } from "../spec/mod.ts";
import { putComplete } from "./again.ts";
import { abandonLanes, forLanes, inEachLane, isRunning, type Lane, openLane } from "./lane.ts";
import { copyEntry, lacksImage } from "./manifest.ts";
import { copyReferrers, type FoundReferrer } from "./referrers.ts";
import { type Copy, type CopyOptions, openCopy } from "./session.ts";
import { copySignatures, sayUnsigned } from "./signatures.ts";

/** What goes when a list is copied. */
export interface ListContents extends CopyOptions {
  /** The index to write; its bytes are written as they are. */
  readonly root: ManifestDocument;
  /** Where the root lies as it is, for its signatures. @default nowhere, it was made for this copy */
  readonly rootSource?: ContentSource;
  /** The children to bring. */
  readonly entries: readonly Descriptor[];
  /** How many children the list has that they come from, for who is told. @default those of the root */
  readonly listed?: number;
  /** Returns where a child lies. */
  readonly source: (entry: Descriptor) => Promise<ContentSource>;
  /** What refers to the list or its children, to be brought along. @default none */
  readonly referrers?: readonly FoundReferrer[];
}

/** Where a list goes. */
export interface ListDestination {
  /** Where the content goes. */
  readonly target: ContentTarget;
  /** The same place for reading: there further destinations in one registry read what they cannot mount and another registry has. @default where the content came from */
  readonly readable?: ContentSource;
  /** Children that the target must have already. @default none */
  readonly present?: readonly Descriptor[];
  /** Names to write the root under, one after another. @default the target's own */
  readonly tags?: readonly string[];
  /** What the first name must still hold, see {@linkcode PutRootOptions.expected}; leave the member out to write whatever is there. */
  readonly expected?: Digest | undefined;
}

/** Options of {@linkcode copyList}. */
export type CopyListOptions = ListContents & ListDestination;

/** Options of {@linkcode copyListToAll}. */
export interface CopyListToAllOptions extends ListContents {
  /** Where the list goes. */
  readonly destinations: readonly ListDestination[];
  /** Notices a destination that keeps the others waiting. */
  readonly clock: Pick<Clock, "after">;
}

/** What {@linkcode copyList} did. */
export interface CopiedList {
  /** The root as it was written. */
  readonly descriptor: Descriptor;
  /** Children that were brought, those the target had included. */
  readonly images: number;
}

/**
 * Puts a list: brings `entries` from their sources, in parallel, then writes the root under every tag, last of all. Until the first
 * tag is written a failure leaves the target as it was, as far as the target can.
 * @throws {OciError} `NOT_FOUND` when the target lacks a child of `present`; what sources and target throw
 * @example Write an empty list under two tags of a target that remembers nothing else
 * ```ts
 * import assert from "node:assert/strict";
 * import { copyList } from "ocidex/copy";
 * import { createIndex } from "ocidex/index";
 * import type { ContentTarget } from "ocidex/port";
 * import { encodeImageIndex, mediaTypes } from "ocidex/spec";
 *
 * const tags: (string | undefined)[] = [];
 * const target: ContentTarget = {
 *   name: "memory",
 *   accepts: () => true,
 *   hasManifest: async () => false,
 *   putBlob: async () => "copied",
 *   putManifest: async () => {},
 *   putRoot: async (_root, options) => void tags.push(options?.tag),
 *   abandon: async () => {},
 * };
 * const value = createIndex();
 * const bytes = encodeImageIndex(value);
 * const descriptor = { mediaType: mediaTypes.ociIndex, digest: `sha256:${"0".repeat(64)}`, size: bytes.length } as const;
 * const { images } = await copyList({
 *   root: { descriptor, bytes, value },
 *   entries: [],
 *   source: async () => assert.fail("nothing to bring"),
 *   target,
 *   tags: ["1", "latest"],
 *   pool: { size: 1, run: (task) => task() },
 * });
 * assert.equal(images, 0);
 * assert.deepEqual(tags, ["1", "latest"]);
 * ```
 */
export async function copyList(options: CopyListOptions): Promise<CopiedList> {
  const [failure] = await copyToLanes(options, [options]);
  if (failure) throw failure;
  return { descriptor: options.root.descriptor, images: options.entries.length };
}

/**
 * Puts a list into every destination as {@linkcode copyList} does into one, all at the same time; each blob is read once, whatever
 * the number of destinations (a file once more for a further repository of a registry that does not mount). One that fails is left
 * out from there on. Returns for each why it failed, or undefined.
 * @throws what ends the copy as a whole: the signal's reason
 */
export async function copyListToAll(options: CopyListToAllOptions): Promise<readonly (OciError | undefined)[]> {
  return await copyToLanes(options, options.destinations);
}

type Contents = ListContents & Partial<Pick<CopyListToAllOptions, "clock">>;

async function copyToLanes(contents: Contents, destinations: readonly ListDestination[]): Promise<readonly (OciError | undefined)[]> {
  const { root, entries, signal } = contents;
  const lanes = destinations.map((destination): ListLane => ({ ...openLane(destination.target, destination.readable), destination }));
  const copy = openCopy(contents, lanes);
  const { listed = isImageIndex(root.value) ? root.value.manifests.length : entries.length } = contents;
  copy.report({ type: "copy", images: entries.length, total: listed });
  try {
    await mapAll([copyAll], (task, inner) => task(copy, { ...contents, lanes }, inner), signal);
  } catch (error) {
    if (lanes.some(isRunning)) throw error;
  } finally {
    await abandonLanes(lanes);
  }
  return lanes.map(({ failure }) => failure);
}

/** A lane, and what the caller wants there. */
interface ListLane extends Lane {
  readonly destination: ListDestination;
}

interface Copying extends ListContents {
  readonly lanes: readonly ListLane[];
}

async function copyAll(copy: Copy, copying: Copying, signal: AbortSignal): Promise<void> {
  const { root, rootSource, lanes, referrers = [] } = copying;
  const tasks = [bringEntries, requirePresent];
  await mapAll(tasks, (task, inner) => task(copy, copying, inner), signal);
  await copyReferrers(copy, root, referrers, signal);
  if (rootSource) await copySignatures(copy, { manifest: root.descriptor.digest, source: rootSource, lanes }, signal);
  copy.report({ type: "manifest", descriptor: root.descriptor, kind: "index", outcome: "written" });
  await inEachLane(copy, lanes, (lane, inner) => putRoots(copy, lane, copying, inner), signal);
  sayUnsigned(copy);
}

/** Images are begun a few ahead of the pool, so that a long list does not hold all its manifests in memory. */
async function bringEntries(copy: Copy, copying: Copying, signal: AbortSignal): Promise<void> {
  const { entries, root, lanes, pool } = copying;
  const ahead = createPool(pool.size * 2);
  const bring = async (descriptor: Descriptor, inner: AbortSignal, at: number) => {
    inner.throwIfAborted();
    copy.report({ type: "image", descriptor, at: at + 1, total: entries.length });
    const source = await forLanes(copy, lanes, () => copying.source(descriptor), inner);
    if (source) await copyEntry(copy, { descriptor, source, lanes, path: [root.descriptor.digest] }, inner);
  };
  await mapAll(entries, (entry, inner, at) => ahead.run(() => bring(entry, inner, at)), signal);
}

async function requirePresent(copy: Copy, { lanes }: Copying, signal: AbortSignal): Promise<void> {
  await inEachLane(copy, lanes, (lane, inner) => checkPresent(copy, lane, inner), signal);
}

async function checkPresent(copy: Copy, { target, destination }: ListLane, signal: AbortSignal): Promise<void> {
  const asked = (destination.present ?? []).filter(isManifestDescriptor);
  const answers = await mapAll(asked, (entry, inner) => copy.run(() => target.hasManifest(entry, { signal: inner }), inner), signal);
  const [first, ...more] = asked.filter((_, at) => answers[at] === false);
  if (first !== undefined) throw lacksImage(target, [first, ...more]);
}

/** What the first tag leads to stays when a later one fails. */
async function putRoots(copy: Copy, lane: ListLane, { root, source }: Copying, signal: AbortSignal): Promise<void> {
  const { target, destination } = lane;
  const [tag, ...more] = destination.tags ?? [];
  const guard = "expected" in destination ? { expected: destination.expected } : {};
  const put = (options: PutRootOptions) => target.putRoot(root, { ...guard, ...(tag !== undefined && { tag }), ...options });
  await putComplete(copy, lane, { document: root, sourceOf: source, put }, signal);
  lane.isKept = true;
  for (const tag of more) await copy.run(() => target.putRoot(root, { tag, signal }), signal);
}
