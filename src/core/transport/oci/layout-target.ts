import { type ByteStream, type Bytes, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { findComplete, heldOnce, openStage, type Stage, swapFile } from "../../content/mod.ts";
import type { ContentTarget, PutBlobOptions, PutRootOptions } from "../../port/mod.ts";
import { type Descriptor, type Digest, digestAlgorithm, encodedDigest, formatLocation, type ManifestDocument, manifestMediaTypes } from "../../spec/mod.ts";
import { checkLayout, type LayoutFiles, mark } from "./layout-files.ts";
import { encodeLayoutIndex, entryName, readLayoutIndexToEdit, setEntry, withArtifactType } from "./layout-index.ts";
import { type PlacedReferrer, placeReferrers, requireNamed } from "./layout-referrers.ts";

/** One copy into a layout. */
interface Writing {
  readonly layout: LayoutFiles;
  /** Content that waits. */
  readonly stage: Stage;
  /** Content this copy has found there and relies on. */
  readonly found: Set<Digest>;
  /** Content this copy has brought. */
  readonly brought: Set<Digest>;
  /** What gets an entry beside the root's. */
  readonly referrers: PlacedReferrer[];
}

/** Returns the writing side of a layout. */
export function openLayoutTarget(layout: LayoutFiles): ContentTarget {
  const { content, location } = layout;
  const stage = openStage(layout.host, layout.path, () => checkLayout(layout));
  const writing: Writing = { layout, stage, found: new Set(), brought: new Set(), referrers: [] };
  const held = heldOnce(content);
  const put = async (descriptor: Descriptor, open: () => Promise<ByteStream>, options: PutBlobOptions = {}): Promise<"copied" | "exists"> => {
    options.signal?.throwIfAborted();
    const isHeld = await held.holds(descriptor, options);
    const outcome = isHeld ? "exists" : await stage.put(content, descriptor, { ...options, open });
    (isHeld ? writing.found : writing.brought).add(descriptor.digest);
    return outcome;
  };
  const putManifest: ContentTarget["putManifest"] = async ({ descriptor, bytes }, options) => {
    await put(descriptor, async () => streamBytes(bytes), options);
  };
  return {
    name: formatLocation(location),
    accepts: (mediaType) => manifestMediaTypes.some((each) => each === mediaType),
    async hasManifest(descriptor, options) {
      const found = await findComplete({ manifests: content, blobs: held }, descriptor, options);
      for (const digest of found ?? []) writing.found.add(digest);
      return found !== undefined;
    },
    hasBlob: (descriptor, options) => held.holds(descriptor, options),
    putBlob: put,
    putManifest,
    async putReferrer(document, { tag } = {}) {
      requireNamed(location, layout.what);
      writing.referrers.push({ document, tag });
    },
    async putRoot(document, options = {}) {
      entryName(location, options.tag);
      await stage.publish();
      await putManifest(document, options);
      await publishRoot(writing, document, options);
      writing.referrers.length = 0;
      // What cannot be removed now is swept away a day later; the copy has succeeded.
      await stage.clear().catch(() => {});
    },
    async settle() {
      await stage.publish();
      if ((await layout.host.files.status(layout.path)) !== undefined) await mark(layout);
      await stage.clear();
    },
    abandon() {
      writing.brought.clear();
      writing.referrers.length = 0;
      return stage.clear();
    },
  };
}

/**
 * Gives the root its name. What the lock is held for can be done again, since the lock may be broken at any time: the root's own
 * file waits until its name is known to be free for it, so that an edit that comes too late leaves nothing.
 */
async function publishRoot({ layout, stage, found, brought, referrers }: Writing, document: ManifestDocument, options: PutRootOptions): Promise<void> {
  const { signal, tag } = options;
  const guard = "expected" in options ? { guard: { expected: options.expected } } : {};
  const edit = async (current: Bytes | undefined): Promise<Bytes | undefined> => {
    const rooted = setEntry(readLayoutIndexToEdit(current, layout.what), entryName(layout.location, tag), withArtifactType(document), guard);
    const index = placeReferrers(rooted, referrers, layout.what);
    const next = encodeLayoutIndex(index, layout.what);
    await mark(layout);
    await stage.publish();
    await checkThere(layout, new Set([...found, ...brought]));
    return current !== undefined && equalBytes(current, next) ? undefined : next;
  };
  await swapFile(layout.host, edit, { directory: layout.path, name: "index.json", ...(signal && { signal }) });
}

/** Another program may have taken away content that this copy relies on. */
async function checkThere({ host: { files }, path, what }: LayoutFiles, digests: ReadonlySet<Digest>): Promise<void> {
  const names = new Map<string, ReadonlySet<string>>();
  for (const digest of digests) {
    const algorithm = digestAlgorithm(digest) ?? "";
    const there = names.get(algorithm) ?? new Set(await files.list(files.join(path, "blobs", algorithm)).catch(() => []));
    names.set(algorithm, there);
    if (!there.has(encodedDigest(digest)))
      throw new OciError("CONFLICT", `Cannot write ${what}: somebody removed ${digest} in the meantime, run the command again`);
  }
}
