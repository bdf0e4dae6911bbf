import { OciError } from "../../base/mod.ts";
import type { BlobOutcome, ContentOptions, ContentPlace, ContentSource, ContentTarget, PutRootOptions } from "../../port/mod.ts";
import { type Descriptor, formatReference, isIndexMediaType, isManifestMediaType, type ManifestDocument, type Reference } from "../../spec/mod.ts";
import { type Access, openAccess, quoteReference, versionOf } from "./access.ts";
import type { RegistryClient } from "./client.ts";
import { findManifest, openBlob, readManifest, readSmallBlob } from "./read.ts";
import { keepTag, recallManifest, recallsTag, rememberedManifest } from "./recall.ts";
import { addReferrer } from "./referrers.ts";
import { cancelSession } from "./session.ts";
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
export function openRegistryPlace(client: RegistryClient, reference: Reference): ContentPlace {
  const writing = openAccess(client, reference, ["pull", "push"]);
  return {
    source: openSource(openAccess(client, reference, ["pull"])),
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

function openSource(access: Access): ContentSource {
  const { reference, repository } = access;
  const version = versionOf(reference);
  const expected = reference.digest === undefined ? {} : { expected: reference.digest };
  const resolve = async (options: ContentOptions = {}): Promise<ManifestDocument> => {
    if (reference.digest !== undefined)
      return (await recallManifest(access, reference.digest)) ?? (await readManifest(access, version, { ...options, ...expected }));
    return (await unchanged(access, version, options)) ?? (await readTag(access, version, options));
  };
  return {
    name: `docker://${formatReference(reference)}`,
    repository,
    resolve,
    async describe(options) {
      const known = reference.digest && rememberedManifest(access, reference.digest);
      if (known) return known.descriptor;
      const status = await findManifest(access, version, options);
      const described = status?.descriptor;
      if (described && (reference.digest === undefined || described.digest === reference.digest))
        return rememberedManifest(access, described.digest)?.descriptor ?? described;
      return (await resolve(options)).descriptor;
    },
    async manifest(descriptor, options = {}) {
      return (await recallManifest(access, descriptor)) ?? (await readManifest(access, descriptor.digest, { ...options, expected: descriptor }));
    },
    smallBlob: (descriptor, options) => readSmallBlob(access, descriptor, options),
    blob: (descriptor, options) => openBlob(access, descriptor, options),
  };
}

/** Returns what a tag that an earlier run has read stands for, if that is known once a HEAD has said what it is (Docker Hub counts only GETs). */
async function unchanged(access: Access, tag: string, options: ContentOptions): Promise<ManifestDocument | undefined> {
  if (!(await recallsTag(access, tag))) return undefined;
  const described = (await findManifest(access, tag, options))?.descriptor;
  return described && (await recallManifest(access, described));
}

async function readTag(access: Access, tag: string, options: ContentOptions): Promise<ManifestDocument> {
  const document = await readManifest(access, tag, options);
  await keepTag(access, tag, document.descriptor.digest);
  return document;
}

function openTarget(access: Access): ContentTarget {
  const { client, reference, repository, key } = access;
  const { memory } = client;
  const sessions = new Set<string>();
  return {
    name: `docker://${formatReference(reference)}`,
    repository,
    accepts: (mediaType) => isIndexMediaType(mediaType) || isManifestMediaType(mediaType),
    async hasManifest(descriptor, options) {
      const status = await findManifest(access, descriptor.digest, options);
      return status !== undefined && (status.descriptor === undefined || status.descriptor.digest === descriptor.digest);
    },
    hasBlob: (descriptor, options = {}) => hasBlob({ access, descriptor, options, doing: `Cannot read ${access.nameOf(descriptor.digest)}` }),
    async putBlob(descriptor, open, options = {}) {
      const doing = `Cannot push ${access.nameOf(descriptor.digest)}`;
      return await once(memory.uploads, `${key}@${descriptor.digest}`, {
        task: (): Promise<BlobOutcome> => putBlob({ access, descriptor, open, options, sessions, doing }),
        done: () => "exists" as const,
      });
    },
    async putManifest(document, options) {
      const { digest } = document.descriptor;
      await once(memory.manifests, `${key}@${digest}`, { task: () => put(access, digest, document, options), done: () => {} });
    },
    putRoot: (document, options) => putRoot(access, document, options),
    async abandon() {
      await Promise.all([...sessions].map((href) => cancelSession(access, href)));
      sessions.clear();
    },
  };
}

/**
 * Runs `task` unless the same has been done or is on its way. Who waits for another's try that fails tries itself: the other
 * may have been called off.
 */
async function once<T>(running: Map<string, Promise<T>>, key: string, { task, done }: { readonly task: () => Promise<T>; readonly done: () => T }): Promise<T> {
  for (let other = running.get(key); other !== undefined; other = running.get(key)) {
    try {
      await other;
      return done();
    } catch {
      if (running.get(key) === other) running.delete(key);
    }
  }
  const own = task();
  running.set(key, own);
  own.catch(() => running.get(key) === own && running.delete(key));
  return await own;
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
