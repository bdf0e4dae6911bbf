import { isOciError, OciError } from "../base/mod.ts";
import { findEntries, requireEntries } from "../index/mod.ts";
import {
  type Descriptor,
  type Digest,
  hasDomain,
  hasTransport,
  type ImageIndex,
  isIndexDocument,
  type Location,
  parseLocation,
  tryParseDigest,
} from "../spec/mod.ts";
import { findArtifacts } from "./artifact-names.ts";
import { type ListContext, signalOf } from "./context.ts";
import type { OpenedList } from "./place.ts";
import { recordedDigests } from "./recorded-name.ts";
import { locateStored } from "./stored-image.ts";

/** Finds entries in a list as it stands, again whenever an edit starts anew: the user's words decide, not what they meant before. */
export type EntryFinder = (index: ImageIndex) => readonly Descriptor[];

/**
 * Returns what finds the entries that `text` names: by digest, digest prefix or platform; else by a file that an artifact was made
 * of; else, where it names an image that can be read, the entry with that image's digest or, of a multi-arch image, the one entry
 * that is part of it.
 * @throws {OciError} `NOT_FOUND`, `INVALID` if several images match
 */
export async function entryFinder(context: ListContext, list: OpenedList, text: string): Promise<EntryFinder> {
  const { index } = list.view.state;
  const isKnown = index.manifests.length === 0 || findEntries(index, text).length > 0 || tryParseDigest(text) !== undefined;
  const digests = isKnown ? [] : await readDigests(context, list, text);
  const find: EntryFinder = (current) => requireEntries(current, text, { names: new Map([[text, digests]]) });
  find(index);
  return find;
}

async function readDigests(context: ListContext, list: OpenedList, text: string): Promise<readonly Digest[]> {
  const artifacts = await findArtifacts(context, list, text);
  return artifacts.length > 0 || !(hasTransport(text) || hasDomain(text)) ? artifacts : readImageDigests(context, list, text);
}

/**
 * What the record says of a name comes first, and needs no image read. Its registry is asked before container storage, of which
 * the whole image must be copied to learn its digest.
 */
async function readImageDigests(context: ListContext, list: OpenedList, text: string): Promise<readonly Digest[]> {
  if (hasTransport(text)) return digestsAt(context, text, (await locateStored(context, text)) ?? parseLocation(text));
  const recorded = await recordedDigests(context, list, text);
  if (recorded.length > 0) return recorded;
  const { manifests } = list.view.state.index;
  const isListed = (digests: readonly Digest[]) => manifests.some(({ digest }) => digests.includes(digest));
  const inRegistry = await settle(digestsAt(context, text, parseLocation(`docker://${text}`)));
  if ("value" in inRegistry && isListed(inRegistry.value)) return inRegistry.value;
  const inStorage = await settle(storedDigests(context, text));
  context.signal?.throwIfAborted();
  if ("value" in inStorage && isListed(inStorage.value)) return inStorage.value;
  if ("value" in inRegistry) return inRegistry.value;
  throw inRegistry.error;
}

async function storedDigests(context: ListContext, text: string): Promise<readonly Digest[]> {
  const stored = await locateStored(context, text);
  return stored ? digestsAt(context, text, stored) : [];
}

type Settled<T> = { readonly value: T } | { readonly error: OciError };

async function settle<T>(running: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await running };
  } catch (error) {
    if (isOciError(error)) return { error };
    throw error;
  }
}

async function digestsAt(context: ListContext, text: string, location: Location): Promise<readonly Digest[]> {
  const source = await context.transports.source(location);
  const document = await source.resolve(signalOf(context)).catch((cause: unknown) => {
    if (isOciError(cause)) throw new OciError(cause.code, `Cannot find entry "${text}" in the list: ${cause.message}`, { cause });
    throw cause;
  });
  const digests = isIndexDocument(document) ? document.value.manifests.map((entry) => entry.digest) : [];
  return [document.descriptor.digest, ...digests];
}

/** Returns what finds the entries that `texts` name, see {@linkcode entryFinder}. */
export async function entriesFinder(context: ListContext, list: OpenedList, texts: readonly string[]): Promise<EntryFinder> {
  const finders: EntryFinder[] = [];
  for (const text of texts) finders.push(await entryFinder(context, list, text));
  return (current) => [...new Set(finders.flatMap((find) => find(current)))];
}
