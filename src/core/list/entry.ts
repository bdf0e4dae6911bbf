import { isOciError, OciError } from "../base/mod.ts";
import { type FindOptions, findEntries, requireEntries } from "../index/mod.ts";
import { type Descriptor, hasDomain, hasTransport, type ImageIndex, isIndexDocument, type Location, parseLocation, tryParseDigest } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { locateStored } from "./stored-image.ts";

/** Finds entries in a list as it stands, again whenever an edit starts anew: the user's words decide, not what they meant before. */
export type EntryFinder = (index: ImageIndex) => readonly Descriptor[];

/**
 * Returns what finds the entries that `text` names: by digest, digest prefix or platform; else, where it names an image that
 * can be read, the entry with that image's digest or, of a multi-arch image, the one entry that is part of it.
 * @throws {OciError} `NOT_FOUND`, `INVALID` if several images match
 */
export async function entryFinder(context: ListContext, index: ImageIndex, text: string): Promise<EntryFinder> {
  const isImage = (hasTransport(text) || hasDomain(text)) && tryParseDigest(text) === undefined;
  const options: FindOptions = findEntries(index, text).length > 0 || !isImage ? {} : { names: await readNames(context, index, text) };
  const find: EntryFinder = (current) => requireEntries(current, text, options);
  find(index);
  return find;
}

type Names = Required<FindOptions>["names"];

/** A name that container storage has too may have been added from its registry, where the image has another digest. */
async function readNames(context: ListContext, index: ImageIndex, text: string): Promise<Names> {
  const stored = await locateStored(context, text);
  const names = stored && (await namesAt(context, text, stored));
  if (names && (hasTransport(text) || findEntries(index, text, { names }).length > 0)) return names;
  try {
    return await namesAt(context, text, parseLocation(hasTransport(text) ? text : `docker://${text}`));
  } catch (error) {
    if (names && isOciError(error)) return names;
    throw error;
  }
}

async function namesAt(context: ListContext, text: string, location: Location): Promise<Names> {
  const source = await context.transports.source(location);
  const document = await source.resolve(signalOf(context)).catch((cause: unknown) => {
    if (isOciError(cause)) throw new OciError(cause.code, `Cannot find entry "${text}" in the list: ${cause.message}`, { cause });
    throw cause;
  });
  const digests = isIndexDocument(document) ? document.value.manifests.map((entry) => entry.digest) : [];
  return new Map([[text, [document.descriptor.digest, ...digests]]]);
}

/** Returns what finds the entries that `texts` name, see {@linkcode entryFinder}. */
export async function entriesFinder(context: ListContext, index: ImageIndex, texts: readonly string[]): Promise<EntryFinder> {
  const finders: EntryFinder[] = [];
  for (const text of texts) finders.push(await entryFinder(context, index, text));
  return (current) => [...new Set(finders.flatMap((find) => find(current)))];
}
