import { createPool, mapAll } from "../base/mod.ts";
import type { ContentSource, PutRootOptions } from "../port/mod.ts";
import { type Descriptor, type Digest, isImageIndex, type ManifestDocument } from "../spec/mod.ts";
import { copyEntry, isManifest, lacksImage } from "./manifest.ts";
import { copyReferrers, type FoundReferrer } from "./referrers.ts";
import { type Copy, type CopyOptions, openCopy, orAbandon } from "./session.ts";
import { copySignatures, sayUnsigned } from "./signatures.ts";

/** Options of {@linkcode copyList}. */
export interface CopyListOptions extends CopyOptions {
  /** The index to write; its bytes are written as they are. */
  readonly root: ManifestDocument;
  /** Where the root lies as it is, for its signatures. @default nowhere, it was made for this copy */
  readonly rootSource?: ContentSource;
  /** The children to bring. */
  readonly entries: readonly Descriptor[];
  /** Children that the target must have already. @default none */
  readonly present?: readonly Descriptor[];
  /** Returns where a child lies. */
  readonly source: (entry: Descriptor) => Promise<ContentSource>;
  /** What refers to the list or its children, to be brought along. @default none */
  readonly referrers?: readonly FoundReferrer[];
  /** Names to write the root under, one after another. @default the target's own */
  readonly tags?: readonly string[];
  /** What the first name must still hold, see {@linkcode PutRootOptions.expected}; leave the member out to write whatever is there. */
  readonly expected?: Digest | undefined;
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
  const { root, entries, target, signal } = options;
  const copy = openCopy(options);
  const total = isImageIndex(root.value) ? root.value.manifests.length : entries.length;
  copy.report({ type: "copy", images: entries.length, total });
  const [tag, ...more] = options.tags ?? [];
  const guard = "expected" in options ? { expected: options.expected } : {};
  await orAbandon(target, async () => {
    const tasks = [(inner: AbortSignal) => bringEntries(copy, options, inner), (inner: AbortSignal) => requirePresent(copy, options, inner)];
    await mapAll(tasks, (task, inner) => task(inner), signal);
    const referrers = (inner: AbortSignal) => copyReferrers(copy, root, options.referrers ?? [], inner);
    await mapAll([referrers], (task, inner) => task(inner), signal);
    if (options.rootSource) await copySignatures(copy, { manifest: root.descriptor.digest, source: options.rootSource }, signal);
    copy.report({ type: "manifest", descriptor: root.descriptor, kind: "index", outcome: "written" });
    await putRoot(copy, root, { ...guard, ...(tag !== undefined && { tag }), ...(signal && { signal }) });
  });
  for (const tag of more) await putRoot(copy, root, { tag, ...(signal && { signal }) });
  sayUnsigned(copy);
  return { descriptor: root.descriptor, images: entries.length };
}

/** Images are begun a few ahead of the pool, so that a long list does not hold all its manifests in memory. */
async function bringEntries(copy: Copy, options: CopyListOptions, signal: AbortSignal): Promise<void> {
  const { entries, root, pool } = options;
  const ahead = createPool(pool.size * 2);
  const bring = async (descriptor: Descriptor, inner: AbortSignal, at: number) => {
    inner.throwIfAborted();
    copy.report({ type: "image", descriptor, at: at + 1, total: entries.length });
    await copyEntry(copy, { descriptor, source: await options.source(descriptor), path: [root.descriptor.digest] }, inner);
  };
  await mapAll(entries, (entry, inner, at) => ahead.run(() => bring(entry, inner, at)), signal);
}

async function requirePresent(copy: Copy, options: CopyListOptions, signal: AbortSignal): Promise<void> {
  const { present = [], target } = options;
  const asked = present.filter(isManifest);
  const answers = await mapAll(asked, (entry, inner) => copy.run(() => target.hasManifest(entry, { signal: inner }), inner), signal);
  const [first, ...more] = asked.filter((_, at) => answers[at] === false);
  if (first !== undefined) throw lacksImage(target, [first, ...more]);
}

function putRoot(copy: Copy, root: ManifestDocument, options: PutRootOptions): Promise<void> {
  return copy.run(() => copy.target.putRoot(root, options), options.signal);
}
