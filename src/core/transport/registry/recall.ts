import { type Bytes, concatBytes, decodeUtf8, encodeUtf8, isOciError } from "../../base/mod.ts";
import { openDocument, verifyBytes } from "../../content/mod.ts";
import type { Descriptor, Digest, ManifestDocument } from "../../spec/mod.ts";
import { type Access, memoryKey } from "./access.ts";

/*
 * What was read from a repository is not read again: in this run because the client remembers it, in later ones because the
 * user's cache has it. Both are asked by repository, and the cache by who asks too, so that nobody is shown what he may not read.
 */

const newline = 10;

/** Tells whether the registry has said a moment ago that it has a manifest. */
export function isPresent(access: Access, { digest }: Pick<Descriptor, "digest">): boolean {
  return access.client.memory.present.has(memoryKey(access, digest));
}

/** Returns a manifest that was read here before, or undefined. */
export async function recallManifest(access: Access, expected: Descriptor | Digest): Promise<ManifestDocument | undefined> {
  const { memory, hash } = access.client;
  const digest = typeof expected === "string" ? expected : expected.digest;
  const known = memory.documents.get(memoryKey(access, digest));
  if (known !== undefined) return typeof expected === "string" || known.descriptor.mediaType === expected.mediaType ? known : undefined;
  const kept = await readCache(access, "manifest", digest);
  return orNothing(() => {
    if (kept === undefined) return undefined;
    const end = kept.indexOf(newline);
    const mediaType = decodeUtf8(kept.subarray(0, end), "media type");
    const document = openDocument(hash, kept.slice(end + 1), { what: `manifest ${access.nameOf(digest)}`, mediaType, expected });
    memory.documents.set(memoryKey(access, digest), document);
    return document;
  });
}

/** Remembers a manifest that was read here. */
export async function keepManifest(access: Access, document: ManifestDocument): Promise<void> {
  const { mediaType, digest } = document.descriptor;
  access.client.memory.documents.set(memoryKey(access, digest), document);
  await writeCache(access, "manifest", digest, concatBytes([encodeUtf8(`${mediaType}\n`), document.bytes]));
}

/** Returns a small blob that was read here before, or undefined. */
export async function recallBlob(access: Access, descriptor: Descriptor): Promise<Bytes | undefined> {
  const { memory, hash } = access.client;
  const known = memory.blobs.get(descriptor.digest);
  if (known !== undefined) return known;
  const kept = await readCache(access, "blob", descriptor.digest);
  return orNothing(() => {
    if (kept === undefined) return undefined;
    verifyBytes(hash, kept, descriptor, `blob ${access.nameOf(descriptor.digest)}`);
    memory.blobs.set(descriptor.digest, kept);
    return kept;
  });
}

/** Remembers a small blob that was read here. */
export async function keepBlob(access: Access, digest: Digest, bytes: Bytes): Promise<void> {
  access.client.memory.blobs.set(digest, bytes);
  await writeCache(access, "blob", digest, bytes);
}

/** Tells whether an earlier run has read what `tag` stood for, so that it is worth asking whether it still does. */
export async function recallsTag(access: Access, tag: string): Promise<boolean> {
  const kept = await readCache(access, "tag", tag);
  const digest = kept && decodeUtf8(kept, "digest");
  return digest !== undefined && (await readCache(access, "manifest", digest)) !== undefined;
}

/** Remembers what a tag stood for. */
export async function keepTag(access: Access, tag: string, digest: Digest): Promise<void> {
  await writeCache(access, "tag", tag, encodeUtf8(digest));
}

/** Returns a repository of the same registry in which an earlier run has left a blob, so that it can be mounted from there. */
export async function recallRepository(access: Access, digest: Digest): Promise<string | undefined> {
  const kept = await readCache(access, "repository", digest);
  const repository = kept && decodeUtf8(kept, "repository");
  return repository === access.repository.repository ? undefined : repository;
}

/** Remembers that a blob is in this repository. */
export async function keepRepository(access: Access, digest: Digest): Promise<void> {
  await writeCache(access, "repository", digest, encodeUtf8(access.repository.repository));
}

async function readCache(access: Access, kind: string, name: string): Promise<Bytes | undefined> {
  const { cache } = access.client;
  const key = cache && (await keyOf(access, kind, name));
  return key && (await cache.read(key));
}

async function writeCache(access: Access, kind: string, name: string, bytes: Bytes): Promise<void> {
  const { cache } = access.client;
  const key = cache && (await keyOf(access, kind, name));
  if (key) await cache.write(key, bytes);
}

/** Credentials that cannot be found are an error for who needs them; here they only mean that nothing is kept. */
async function keyOf({ credentials: who, key, repository }: Access, kind: string, name: string): Promise<readonly string[] | undefined> {
  try {
    const credentials = await who();
    // Where a blob lies is a question to the whole registry.
    const place = kind === "repository" ? repository.origin : key;
    return [place, credentials === undefined ? "" : JSON.stringify(credentials), kind, name];
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}

/** What is kept and yet is not what it should be counts as missing. */
function orNothing<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}
