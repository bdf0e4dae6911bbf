import { type Bytes, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { digestBytes, findComplete, readGraph, swapFile, tryReadManifest, verifyBytes } from "../../content/mod.ts";
import type { ContentTarget, PutRootOptions } from "../../port/mod.ts";
import { type Descriptor, encodedDigest, type ManifestDocument } from "../../spec/mod.ts";
import { type DirFiles, type MadeDir, makeDir, rootName } from "./dir-files.ts";

/** What one copy has done to a directory so far. */
interface Progress {
  made: Promise<MadeDir> | undefined;
  /** Paths this copy relies on. */
  readonly used: Set<string>;
  /** Paths this copy has made and the root does not lead to yet. */
  readonly copied: Set<string>;
}

/** Returns the writing side of a directory. */
export function openDirTarget(dir: DirFiles): ContentTarget {
  const { manifests, blobs, name } = dir;
  const progress: Progress = { made: undefined, used: new Set(), copied: new Set() };
  const begin = () => (progress.made ??= makeDir(dir));
  const note = (path: string, outcome: "copied" | "exists") => {
    progress.used.add(path);
    if (outcome === "copied") progress.copied.add(path);
    return outcome;
  };
  return {
    name,
    accepts: () => true,
    hasManifest: async (descriptor, options) => (await findComplete({ manifests, blobs }, descriptor, options)) !== undefined,
    hasBlob: (descriptor) => blobs.has(descriptor.digest, descriptor.size),
    async putBlob(descriptor, open, options) {
      await begin();
      return note(blobs.path(descriptor.digest), await blobs.put(descriptor, open, options));
    },
    async putManifest({ descriptor, bytes }, options) {
      await begin();
      note(manifests.path(descriptor.digest), await manifests.put(descriptor, async () => streamBytes(bytes), options));
    },
    async putRoot(document, options = {}) {
      if (options.tag !== undefined)
        throw new OciError("UNSUPPORTED", `Cannot write ${dir.what} as "${options.tag}": a directory holds one image and no names`);
      verifyBytes(dir.host.hash, document.bytes, document.descriptor, `manifest ${document.descriptor.digest}`);
      await begin();
      const isNew = await publishRoot(dir, document, options);
      progress.copied.clear();
      progress.made = undefined;
      if (isNew) await removeUnused(dir, document, progress.used);
    },
    abandon: () => abandon(dir, progress),
  };
}

/** Returns whether the root has changed. */
async function publishRoot({ host, path, what }: DirFiles, document: ManifestDocument, options: PutRootOptions): Promise<boolean> {
  const edit = async (current: Bytes | undefined): Promise<Bytes | undefined> => {
    const actual = current && digestBytes(host.hash, current);
    if ("expected" in options && actual !== options.expected) {
      const seen = actual === undefined ? "it is gone" : `it is ${actual} now`;
      throw new OciError("CONFLICT", `Cannot write ${what}: ${seen}, and ${options.expected ?? "nothing"} was there when it was read`);
    }
    return current !== undefined && equalBytes(current, document.bytes) ? undefined : document.bytes;
  };
  return swapFile(host, edit, { directory: path, name: rootName, ...(options.signal && { signal: options.signal }) });
}

const contentName = /^(?:[0-9a-f]{64}|[0-9a-f]{128})(?:\.manifest\.json|\.signature-\d+)?$|^signature-\d+$/;

/**
 * Takes away what an image that was there before has left. skopeo empties the directory first; done last, a copy that fails
 * leaves the old image whole, and an edit of the root keeps what it leads to.
 */
async function removeUnused({ host: { files }, path, manifests }: DirFiles, root: ManifestDocument, used: ReadonlySet<string>): Promise<void> {
  const kept = new Set(used);
  const open = (descriptor: Descriptor) => tryReadManifest(manifests, descriptor);
  for (const queue = [root]; ; ) {
    const next = queue.pop();
    if (next === undefined) break;
    const graph = await readGraph(next, open);
    for (const { digest } of graph.missing) if (await manifests.has(digest)) return;
    for (const digest of graph.blobs.keys()) kept.add(files.join(path, encodedDigest(digest)));
    for (const { descriptor, value } of graph.manifests.values()) {
      if (descriptor !== root.descriptor) kept.add(manifests.path(descriptor.digest));
      const subject = value.subject && !kept.has(manifests.path(value.subject.digest)) ? await open(value.subject) : undefined;
      if (subject) queue.push(subject);
    }
  }
  for (const name of await files.list(path)) {
    const file = files.join(path, name);
    const isKept = kept.has(file) || [...name.matchAll(/^(.*)\.signature-\d+$/g)].some(([, digits]) => kept.has(files.join(path, `${digits}.manifest.json`)));
    if (contentName.test(name) && !isKept) await files.remove(file);
  }
  await files.syncDirectory(path);
}

async function abandon({ host: { files }, path }: DirFiles, progress: Progress): Promise<void> {
  const made = await progress.made?.catch(() => undefined);
  if (made === undefined) return;
  if (made.directory) await files.remove(path);
  else {
    for (const file of progress.copied) await files.remove(file);
    if (made.version) await files.remove(files.join(path, "version"));
  }
  progress.copied.clear();
  progress.made = undefined;
}
