import { OciError } from "../../base/mod.ts";
import type { BlobOutcome, ContentOptions, ContentPlace, ContentTarget, PutRootOptions } from "../../port/mod.ts";
import { type Descriptor, formatReference, isManifestDescriptor, type ManifestDocument, type Reference, referrersTag } from "../../spec/mod.ts";
import { type Access, blobKey, memoryKey, openAccess, quoteReference } from "./access.ts";
import type { RegistryClient, Trust } from "./client.ts";
import { tracksReferrers } from "./find-referrers.ts";
import { putTagged } from "./put-referrer.ts";
import { findManifest } from "./read.ts";
import { isPresent } from "./recall.ts";
import type { Recent } from "./recent.ts";
import { addReferrer } from "./referrers.ts";
import { cancelSession } from "./session.ts";
import { openSource } from "./source.ts";
import { hasBlob, putBlob } from "./upload.ts";
import { removeTag, type WriteManifestOptions, writeManifest } from "./write.ts";

/**
 * Returns what `reference` names in a registry, for reading and writing; nothing is asked yet.
 * @example Read a manifest
 * ```ts
 * import assert from "node:assert/strict";
 * import { memoryHost } from "ocidex/host/memory";
 * import { mediaTypes, parseReference } from "ocidex/spec";
 * import { createRegistryClient, openRegistryPlace } from "ocidex/transport/registry";
 *
 * const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
 * const fetch = async () => Response.json(index, { headers: { "content-type": mediaTypes.ociIndex } });
 * const client = createRegistryClient(memoryHost({ fetch }));
 * const { source } = openRegistryPlace(client, parseReference("ghcr.io/me/app:1"));
 * assert.deepEqual((await source.resolve()).value, index);
 * ```
 */
export function openRegistryPlace(client: RegistryClient, reference: Reference, trust: Trust = {}): ContentPlace {
  const way = { ...trust, reference };
  const writing = openAccess(client, way, ["pull", "push"]);
  return {
    source: openSource(openAccess(client, way, ["pull"])),
    target: openTarget(writing),
    async removeName(options) {
      const { tag, digest } = reference;
      if (digest !== undefined) {
        throw new OciError("UNSUPPORTED", `Cannot remove ${quoteReference(reference)}: a digest names content, and only tags are removed`);
      }
      await removeTag(writing, tag ?? "latest", options);
    },
  };
}

function openTarget(access: Access): ContentTarget {
  const { client, reference, repository } = access;
  const { memory } = client;
  const sessions = new Set<string>();
  return {
    name: `docker://${formatReference(reference)}`,
    repository,
    accepts: (mediaType) => isManifestDescriptor({ mediaType }),
    async hasManifest(descriptor, options) {
      if (isPresent(access, descriptor)) return true;
      const status = await findManifest(access, descriptor.digest, options);
      return status !== undefined && (status.descriptor === undefined || status.descriptor.digest === descriptor.digest);
    },
    hasBlob: (descriptor, options = {}) => hasBlob({ access, descriptor, options, doing: `Cannot read ${access.nameOf(descriptor.digest)}` }),
    async putBlob(descriptor, open, options = {}) {
      const doing = `Cannot push ${access.nameOf(descriptor.digest)}`;
      if (options.again === true) memory.brought.delete(blobKey(access, descriptor));
      return await once(memory.uploads, {
        key: blobKey(access, descriptor),
        done: memory.brought,
        task: (): Promise<BlobOutcome> => putBlob({ access, descriptor, open, options, sessions, doing }),
        again: "exists" as const,
      });
    },
    async putManifest(document, { again = false, ...options } = {}) {
      const { digest } = document.descriptor;
      if (again) memory.written.delete(memoryKey(access, digest));
      await once(memory.manifests, {
        key: memoryKey(access, digest),
        done: memory.written,
        task: () => put(access, digest, document, options),
        again: undefined,
      });
    },
    async putReferrer(document, { tag, ...options } = {}) {
      if (tag !== undefined) await putTagged(access, tag, document, options);
    },
    referrersTag: async (subject, options) => ((await tracksReferrers(access, subject, options)) ? undefined : referrersTag(subject)),
    putRoot: (document, options) => putRoot(access, document, options),
    async abandon() {
      await Promise.all([...sessions].map((href) => cancelSession(access, href)));
      sessions.clear();
    },
  };
}

interface Once<T> {
  readonly key: string;
  /** What was done a moment ago. */
  readonly done: Recent;
  readonly task: () => Promise<T>;
  /** What is returned where nothing had to be done. */
  readonly again: T;
}

/**
 * Runs `task` unless the same has just been done or is on its way. Who waits for another's try that fails tries itself: the
 * other may have been called off.
 */
async function once<T>(running: Map<string, Promise<T>>, { key, done, task, again }: Once<T>): Promise<T> {
  if (done.has(key)) return again;
  for (let other = running.get(key); other !== undefined; other = running.get(key)) {
    try {
      await other;
      return again;
    } catch {
      if (running.get(key) === other) running.delete(key);
    }
  }
  const own = task();
  running.set(key, own);
  try {
    const result = await own;
    done.add(key);
    return result;
  } finally {
    if (running.get(key) === own) running.delete(key);
  }
}

async function putRoot(access: Access, document: ManifestDocument, options: PutRootOptions = {}): Promise<void> {
  const { reference } = access;
  const { digest } = document.descriptor;
  const version = options.tag ?? reference.tag ?? reference.digest ?? "latest";
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new OciError("INVALID", `Cannot push ${quoteReference(reference)}: the manifest to be written is ${digest}`);
  }
  const { tag: _, ...writing } = options;
  await put(access, version, document, writing);
}

async function put(access: Access, version: string, document: ManifestDocument, options: WriteManifestOptions = {}): Promise<void> {
  const { tracksSubject } = await writeManifest(access, version, document, options);
  const { subject } = document.value;
  if (subject === undefined || tracksSubject) return;
  await addInTurn(access, document, { ...(options.signal && { signal: options.signal }), subject: subject.digest });
}

/** Edits of one list of referrers wait for each other, so that this program at least does not race itself. */
async function addInTurn(
  access: Access,
  document: ManifestDocument,
  { subject, ...options }: ContentOptions & { readonly subject: Descriptor["digest"] },
): Promise<void> {
  const { referrers } = access.client.memory;
  const key = `${access.key}@${subject}`;
  const before = referrers.get(key) ?? Promise.resolve();
  const own = before.catch(() => {}).then(() => addReferrer(access, document, subject, options));
  referrers.set(key, own);
  own.catch(() => {});
  await own;
}
