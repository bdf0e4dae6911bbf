import { type ByteStream, type Bytes, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { digestBytes, findComplete, heldOnce, openStage, readGraph, type Stage, swapFile, tryReadManifest, verifyBytes } from "../../content/mod.ts";
import type { ContentTarget, PutBlobOptions, PutRootOptions } from "../../port/mod.ts";
import { type Descriptor, encodedDigest, type ManifestDocument } from "../../spec/mod.ts";
import { checkDir, type DirFiles, markDir, rootName } from "./dir-files.ts";

/** Returns the writing side of a directory. */
export function openDirTarget(dir: DirFiles): ContentTarget {
  const { manifests, blobs, name, host, path } = dir;
  /** Paths this copy relies on. */
  const used = new Set<string>();
  const stage = openStage(host, path, () => checkDir(dir));
  const held = { manifests: heldOnce(manifests), blobs: heldOnce(blobs) };
  const put = async (to: "manifests" | "blobs", descriptor: Descriptor, content: Putting): Promise<"copied" | "exists"> => {
    content.signal?.throwIfAborted();
    const outcome = (await held[to].holds(descriptor, content)) ? "exists" : await stage.put(dir[to], descriptor, content);
    used.add(dir[to].path(descriptor.digest));
    return outcome;
  };
  return {
    name,
    accepts: () => true,
    hasManifest: async (descriptor, options) => (await findComplete({ manifests, blobs: held.blobs }, descriptor, options)) !== undefined,
    hasBlob: (descriptor, options) => held.blobs.holds(descriptor, options),
    putBlob: (descriptor, open, options) => put("blobs", descriptor, { ...options, open }),
    async putManifest({ descriptor, bytes }, options) {
      await put("manifests", descriptor, { ...options, open: async () => streamBytes(bytes) });
    },
    async putRoot(document, options = {}) {
      if (options.tag !== undefined)
        throw new OciError("UNSUPPORTED", `Cannot write ${dir.what} as "${options.tag}": a directory holds one image and no names`);
      verifyBytes(host.hash, document.bytes, document.descriptor, `manifest ${document.descriptor.digest}`);
      await stage.open();
      const isNew = await publishRoot(dir, stage, { ...options, document });
      await stage.clear().catch(() => {});
      if (isNew) await removeUnused(dir, document, used);
    },
    async settle() {
      await stage.publish();
      if ((await host.files.status(path)) !== undefined) await markDir(dir);
      await stage.clear();
    },
    abandon: () => stage.clear(),
  };
}

interface Putting extends PutBlobOptions {
  readonly open: () => Promise<ByteStream>;
}

interface Publishing extends PutRootOptions {
  readonly document: ManifestDocument;
}

/** Brings what waits to its place and the root to its own; returns whether the root has changed. */
async function publishRoot(dir: DirFiles, stage: Stage, options: Publishing): Promise<boolean> {
  const { host, path, what } = dir;
  const { document, signal } = options;
  const edit = async (current: Bytes | undefined): Promise<Bytes | undefined> => {
    const actual = current && digestBytes(host.hash, current);
    if ("expected" in options && actual !== options.expected) {
      const seen = actual === undefined ? "it is gone" : `it is ${actual} now`;
      throw new OciError("CONFLICT", `Cannot write ${what}: ${seen}, and ${options.expected ?? "nothing"} was there when it was read, run it again`);
    }
    await stage.publish();
    return current !== undefined && equalBytes(current, document.bytes) ? undefined : document.bytes;
  };
  await markDir(dir);
  return swapFile(host, edit, { directory: path, name: rootName, ...(signal && { signal }) });
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
