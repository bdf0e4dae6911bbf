import { type Bytes, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { findComplete, swapFile, temporaryName } from "../../content/mod.ts";
import type { ContentTarget, PutRootOptions } from "../../port/mod.ts";
import { type Digest, digestAlgorithm, encodedDigest, formatLocation, type ManifestDocument, manifestMediaTypes } from "../../spec/mod.ts";
import { type LayoutFiles, type MadeLayout, makeLayout, unmakeLayout } from "./layout-files.ts";
import { type EntryName, encodeLayoutIndex, entryName, readLayoutIndexToEdit, setEntry, withArtifactType } from "./layout-index.ts";
import { type PlacedReferrer, placeReferrers, requireNamed } from "./layout-referrers.ts";

/** What one copy has done to a layout so far. */
interface Progress {
  /** Set with the first write. */
  made: Promise<MadeLayout> | undefined;
  /** Content this copy relies on. */
  readonly used: Set<Digest>;
  /** Content this copy has put there, not yet named by `index.json`. */
  readonly copied: Set<Digest>;
  /** What gets an entry beside the root's. */
  readonly referrers: PlacedReferrer[];
}

/** Returns the writing side of a layout. */
export function openLayoutTarget(layout: LayoutFiles): ContentTarget {
  const { content, location } = layout;
  const progress: Progress = { made: undefined, used: new Set(), copied: new Set(), referrers: [] };
  const note = (digest: Digest, outcome: "copied" | "exists") => {
    progress.used.add(digest);
    if (outcome === "copied") progress.copied.add(digest);
    return outcome;
  };
  const putManifest = async ({ descriptor, bytes }: ManifestDocument, options?: { readonly signal?: AbortSignal }): Promise<void> => {
    await begin(layout, progress);
    note(descriptor.digest, await content.put(descriptor, async () => streamBytes(bytes), options));
  };
  return {
    name: formatLocation(location),
    accepts: (mediaType) => manifestMediaTypes.some((each) => each === mediaType),
    async hasManifest(descriptor, options) {
      const found = await findComplete({ manifests: content, blobs: content }, descriptor, options);
      for (const digest of found ?? []) progress.used.add(digest);
      return found !== undefined;
    },
    hasBlob: (descriptor) => content.has(descriptor.digest, descriptor.size),
    async putBlob(descriptor, open, options) {
      await begin(layout, progress);
      return note(descriptor.digest, await content.put(descriptor, open, options));
    },
    putManifest,
    async putReferrer(document, { tag } = {}) {
      requireNamed(location, layout.what);
      progress.referrers.push({ document, tag });
    },
    async putRoot(document, options = {}) {
      const name = entryName(location, options.tag);
      await putManifest(document, options);
      await publishRoot(layout, progress, { ...options, document, name });
      progress.copied.clear();
      progress.referrers.length = 0;
      progress.made = undefined;
    },
    abandon: () => abandon(layout, progress),
  };
}

async function begin(layout: LayoutFiles, progress: Progress): Promise<void> {
  progress.made ??= makeLayout(layout);
  await progress.made;
}

interface Publishing extends PutRootOptions {
  readonly document: ManifestDocument;
  readonly name: EntryName;
}

async function publishRoot(layout: LayoutFiles, progress: Progress, options: Publishing): Promise<void> {
  const { document, name, signal } = options;
  const guard = "expected" in options ? { guard: { expected: options.expected } } : {};
  const edit = async (current: Bytes | undefined): Promise<Bytes | undefined> => {
    const rooted = setEntry(readLayoutIndexToEdit(current, layout.what), name, withArtifactType(document), guard);
    const index = placeReferrers(rooted, progress.referrers, layout.what);
    await makeLayout(layout);
    await checkUsed(layout, progress);
    const next = encodeLayoutIndex(index, layout.what);
    return current !== undefined && equalBytes(current, next) ? undefined : next;
  };
  await swapFile(layout.host, edit, { directory: layout.path, name: "index.json", ...(signal && { signal }) });
}

/** A copy that failed may have taken away content that this one found there; the lock keeps the two apart. */
async function checkUsed({ host: { files }, path, what }: LayoutFiles, { used }: Progress): Promise<void> {
  const names = new Map<string, ReadonlySet<string>>();
  for (const digest of used) {
    const algorithm = digestAlgorithm(digest) ?? "";
    const there = names.get(algorithm) ?? new Set(await files.list(files.join(path, "blobs", algorithm)).catch(() => []));
    names.set(algorithm, there);
    if (!there.has(encodedDigest(digest)))
      throw new OciError("CONFLICT", `Cannot write ${what}: somebody removed ${digest} in the meantime, run the command again`);
  }
}

/** Content that somebody else may have come to rely on stays: what was there before, and everything if `index.json` has changed. */
async function abandon(layout: LayoutFiles, progress: Progress): Promise<void> {
  const { host, path, content } = layout;
  const made = await progress.made?.catch(() => undefined);
  if (made === undefined || (progress.copied.size === 0 && !made.marker) || (await host.files.status(path)) === undefined) return;
  const undo = async (current: Bytes | undefined): Promise<undefined> => {
    if (!equalContent(current, made.index)) return;
    if (made.directory) return removeWhole(layout);
    for (const digest of progress.copied) await host.files.remove(content.path(digest));
    if (made.marker) await unmakeLayout(layout);
  };
  await swapFile(host, undo, { directory: path, name: "index.json" });
  progress.copied.clear();
  progress.made = undefined;
}

function equalContent(a: Bytes | undefined, b: Bytes | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

/** Renames first, so that nobody writes into a directory that is half gone. */
async function removeWhole({ host: { files, random }, path }: LayoutFiles): Promise<undefined> {
  const away = files.join(files.dirname(path), temporaryName(random));
  await files.rename(path, away);
  await files.remove(away);
}
