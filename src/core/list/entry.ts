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
  const digests = findEntries(index, text).length > 0 || tryParseDigest(text) !== undefined ? [] : await readDigests(context, list, text);
  const find: EntryFinder = (current) => requireEntries(current, text, { names: new Map([[text, digests]]) });
  find(index);
  return find;
}

async function readDigests(context: ListContext, list: OpenedList, text: string): Promise<readonly Digest[]> {
  const artifacts = await findArtifacts(context, list, text);
  return artifacts.length > 0 || !(hasTransport(text) || hasDomain(text)) ? artifacts : readImageDigests(context, list.view.state.index, text);
}

/** A name that container storage has too may have been added from its registry, where the image has another digest. */
async function readImageDigests(context: ListContext, index: ImageIndex, text: string): Promise<readonly Digest[]> {
  const stored = await locateStored(context, text);
  const digests = stored && (await digestsAt(context, text, stored));
  if (digests && (hasTransport(text) || index.manifests.some((entry) => digests.includes(entry.digest)))) return digests;
  try {
    return await digestsAt(context, text, parseLocation(hasTransport(text) ? text : `docker://${text}`));
  } catch (error) {
    if (digests && isOciError(error)) return digests;
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
