import { type ByteStream, type Bytes, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { digestBytes, findComplete, heldOnce, openStage, type Stage, swapFile, verifyBytes } from "../../content/mod.ts";
import type { ContentOptions, ContentTarget, PutBlobOptions, PutRootOptions } from "../../port/mod.ts";
import type { Descriptor, Digest, ManifestDocument } from "../../spec/mod.ts";
import { type DirFiles, rootName } from "./dir-files.ts";
import { blobName, isPlain, manifestName } from "./dir-names.ts";
import { writeSignatures } from "./dir-signatures.ts";
import { removeUnused } from "./dir-unused.ts";
import { checkDir, markDir } from "./dir-version.ts";

/** One copy into a directory. */
interface Writing {
  readonly dir: DirFiles;
  /** Content that waits. */
  readonly stage: Stage;
  /** Names of files this copy relies on. */
  readonly used: Set<string>;
  /** Digests of what this copy relies on that are not of sha256. */
  readonly odd: Set<Digest>;
  /** Signatures that wait, by what they sign. */
  readonly signatures: Map<Digest, readonly Bytes[]>;
}

/** Returns the writing side of a directory. */
export function openDirTarget(dir: DirFiles): ContentTarget {
  const { manifests, blobs, name, host, path } = dir;
  const stage = openStage(host, path, () => checkDir(dir));
  const writing: Writing = { dir, stage, used: new Set(), odd: new Set(), signatures: new Map() };
  const held = { manifests: heldOnce(manifests), blobs: heldOnce(blobs) };
  const put = async (to: "manifests" | "blobs", descriptor: Descriptor, content: Putting): Promise<"copied" | "exists"> => {
    content.signal?.throwIfAborted();
    const { digest } = descriptor;
    const outcome = (await held[to].holds(descriptor, content)) ? "exists" : await stage.put(dir[to], descriptor, content);
    writing.used.add(to === "blobs" ? blobName(digest) : manifestName(digest));
    if (!isPlain(digest)) writing.odd.add(digest);
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
    async putSignatures(manifest, signatures) {
      writing.signatures.set(manifest, signatures);
    },
    async putRoot(document, options = {}) {
      if (options.tag !== undefined)
        throw new OciError("UNSUPPORTED", `Cannot write ${dir.what} as "${options.tag}": a directory holds one image and no names`);
      verifyBytes(host.hash, document.bytes, document.descriptor, `manifest ${document.descriptor.digest}`);
      await stage.open();
      const isNew = await publishRoot(writing, document, options);
      await stage.clear().catch(() => {});
      if (isNew) await removeUnused(dir, document, writing.used);
      await publishSignatures(writing, document.descriptor.digest, options);
    },
    async settle(options = {}) {
      await stage.publish();
      if ((await host.files.status(path)) !== undefined) await markDir(dir, { isPlain: writing.odd.size === 0 });
      await stage.clear();
      await publishSignatures(writing, undefined, options);
    },
    abandon() {
      writing.signatures.clear();
      return stage.clear();
    },
  };
}

interface Putting extends PutBlobOptions {
  readonly open: () => Promise<ByteStream>;
}

/** Brings what waits to its place and the root to its own; returns whether the root has changed. */
async function publishRoot({ dir, stage, odd }: Writing, document: ManifestDocument, options: PutRootOptions): Promise<boolean> {
  const { host, path, what } = dir;
  const { signal } = options;
  const edit = async (current: Bytes | undefined): Promise<Bytes | undefined> => {
    const actual = current && digestBytes(host.hash, current);
    if ("expected" in options && actual !== options.expected) {
      const seen = actual === undefined ? "it is gone" : `it is ${actual} now`;
      throw new OciError("CONFLICT", `Cannot write ${what}: ${seen}, and ${options.expected ?? "nothing"} was there when it was read, run it again`);
    }
    await stage.publish();
    return current !== undefined && equalBytes(current, document.bytes) ? undefined : document.bytes;
  };
  await markDir(dir, { isPlain: odd.size === 0 });
  return swapFile(host, edit, { directory: path, name: rootName, ...(signal && { signal }) });
}

/** What is signed comes first: a signature alone says nothing. */
async function publishSignatures({ dir, signatures }: Writing, root: Digest | undefined, { signal }: ContentOptions): Promise<void> {
  for (const [manifest, each] of signatures) await writeSignatures(dir, { root, manifest, signatures: each, ...(signal && { signal }) });
  signatures.clear();
}
