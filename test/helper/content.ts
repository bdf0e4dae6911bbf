import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { type Bytes, encodeUtf8, iterate, OciError, readAll, streamBytes } from "../../src/core/base/mod.ts";
import type { ContentSource, ContentTarget, Repository } from "../../src/core/port/mod.ts";
import {
  type Descriptor,
  type Digest,
  encodeImageIndex,
  encodeImageManifest,
  type ImageIndex,
  type ImageManifest,
  isImageIndex,
  type ManifestDocument,
  mediaTypes,
  parseManifest,
} from "../../src/core/spec/mod.ts";

/** One call of the port: its name and the digest or tag it was about. */
export interface Call {
  readonly name: string;
  readonly about: string;
}

/** What both ends take: where they lie, and a hook that may wait or throw before a call is served. */
export interface MemoryOptions {
  readonly repository?: Repository;
  readonly before?: (call: Call, signal: AbortSignal | undefined) => Promise<void> | void;
  readonly log?: Call[];
}

export interface MemorySource extends ContentSource {
  readonly calls: Call[];
  readonly contents: Map<Digest, Bytes>;
}

export interface MemoryTarget extends ContentTarget {
  readonly calls: Call[];
  readonly blobs: Map<Digest, Bytes>;
  readonly manifests: Map<Digest, ManifestDocument>;
  readonly roots: Map<string, ManifestDocument>;
  /** Options every `putRoot` came with. */
  readonly rootOptions: object[];
}

export interface MemoryTargetOptions extends MemoryOptions {
  /** Digests that can be mounted from another repository of the same origin. */
  readonly mountable?: ReadonlySet<Digest>;
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blobOf(mediaType: string, text: string): { readonly descriptor: Descriptor; readonly bytes: Bytes } {
  const bytes = encodeUtf8(text);
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

export function documentOf(value: ImageIndex | ImageManifest): ManifestDocument {
  const bytes = isImageIndex(value) ? encodeImageIndex(value) : encodeImageManifest(value);
  return { descriptor: { mediaType: value.mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, value };
}

/** Puts an image with these layers into `contents`. */
export function addImage(contents: Map<Digest, Bytes>, name: string, layers: readonly string[]): ManifestDocument {
  const config = blobOf(mediaTypes.ociConfig, JSON.stringify({ architecture: "amd64", os: "linux", name }));
  const blobs = layers.map((text) => blobOf(mediaTypes.ociLayerGzip, text));
  for (const { descriptor, bytes } of [config, ...blobs]) contents.set(descriptor.digest, bytes);
  return addDocument(contents, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: blobs.map((blob) => blob.descriptor),
  });
}

export function addDocument(contents: Map<Digest, Bytes>, value: ImageIndex | ImageManifest): ManifestDocument {
  const document = documentOf(value);
  contents.set(document.descriptor.digest, document.bytes);
  return document;
}

export function indexOf(manifests: readonly Descriptor[]): ImageIndex {
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

/** Returns a source that holds what its map holds. */
export function memorySource(options: MemoryOptions = {}): MemorySource {
  const contents = new Map<Digest, Bytes>();
  const calls = options.log ?? [];
  const find = async (name: string, { digest }: Descriptor, signal: AbortSignal | undefined) => {
    await enter({ calls, options, signal }, { name, about: digest });
    const bytes = contents.get(digest);
    if (!bytes) throw new OciError("NOT_FOUND", `Cannot read "${digest}": memory does not have it`);
    return bytes;
  };
  const unused = async () => {
    throw new OciError("UNSUPPORTED", `Cannot resolve "memory": it has no name`);
  };
  return {
    name: "memory source",
    ...(options.repository && { repository: options.repository }),
    calls,
    contents,
    resolve: unused,
    describe: unused,
    async manifest(descriptor, { signal } = {}) {
      const bytes = await find("manifest", descriptor, signal);
      return { descriptor: { ...descriptor, size: bytes.length }, bytes, value: parseManifest(bytes, { mediaType: descriptor.mediaType }) };
    },
    smallBlob: (descriptor, { signal } = {}) => find("smallBlob", descriptor, signal),
    blob: async (descriptor, { signal } = {}) => streamBytes(await find("blob", descriptor, signal)),
  };
}

/** Returns a target that refuses a manifest before what it refers to, as a strict registry does. */
export function memoryTarget(options: MemoryTargetOptions = {}): MemoryTarget {
  const calls = options.log ?? [];
  const blobs = new Map<Digest, Bytes>();
  const manifests = new Map<Digest, ManifestDocument>();
  const roots = new Map<string, ManifestDocument>();
  const rootOptions: object[] = [];
  const at = (signal: AbortSignal | undefined) => ({ calls, options, signal });
  return {
    name: "memory target",
    ...(options.repository && { repository: options.repository }),
    calls,
    blobs,
    manifests,
    roots,
    rootOptions,
    accepts: () => true,
    async hasManifest({ digest }, { signal } = {}) {
      await enter(at(signal), { name: "hasManifest", about: digest });
      return manifests.has(digest);
    },
    async putBlob(descriptor, open, { signal, from, onProgress } = {}) {
      await enter(at(signal), { name: "putBlob", about: descriptor.digest });
      if (blobs.has(descriptor.digest)) return "exists";
      const isMounted = from !== undefined && options.mountable?.has(descriptor.digest) === true;
      const bytes = isMounted ? new Uint8Array() : await readAll(counted(await open(), onProgress), { limit: 1 << 20, what: "blob" });
      if (!isMounted && digestOf(bytes) !== descriptor.digest) throw new OciError("MISMATCH", `Cannot accept blob ${descriptor.digest}`);
      blobs.set(descriptor.digest, bytes);
      return isMounted ? "mounted" : "copied";
    },
    async putManifest(document, { signal } = {}) {
      await enter(at(signal), { name: "putManifest", about: document.descriptor.digest });
      manifests.set(document.descriptor.digest, document);
    },
    async putRoot(document, root = {}) {
      const { signal, ...rest } = root;
      await enter(at(signal), { name: "putRoot", about: root.tag ?? "" });
      rootOptions.push(rest);
      roots.set(root.tag ?? "", document);
    },
    async abandon() {
      calls.push({ name: "abandon", about: "" });
    },
  };
}

interface Entering {
  readonly calls: Call[];
  readonly options: MemoryOptions;
  readonly signal: AbortSignal | undefined;
}

/** Notes the call, then lets a turn pass, so that what runs at the same time mixes as it does on a network. */
async function enter({ calls, options, signal }: Entering, call: Call): Promise<void> {
  calls.push(call);
  signal?.throwIfAborted();
  await options.before?.(call, signal);
  await setImmediate();
  signal?.throwIfAborted();
}

function counted(stream: ReadableStream<Bytes>, onProgress: ((bytes: number) => void) | undefined): ReadableStream<Bytes> {
  const pieces = iterate(stream);
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done) return controller.close();
      onProgress?.(next.value.length);
      controller.enqueue(next.value);
    },
  });
}
