import { isOciError, OciError } from "../base/mod.ts";
import { type FindOptions, findEntries, requireEntries } from "../index/mod.ts";
import { type Descriptor, hasDomain, hasTransport, type ImageIndex, isIndexDocument, tryParseDigest } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { locateImage } from "./stored-image.ts";

/** Finds entries in a list as it stands, again whenever an edit starts anew: the user's words decide, not what they meant before. */
export type EntryFinder = (index: ImageIndex) => readonly Descriptor[];

/**
 * Returns what finds the entries that `text` names: by digest, digest prefix or platform; else, where it names an image that
 * can be read, the entry with that image's digest or, of a multi-arch image, the one entry that is part of it.
 * @throws {OciError} `NOT_FOUND`, `INVALID` if several images match
 */
export async function entryFinder(context: ListContext, index: ImageIndex, text: string): Promise<EntryFinder> {
  const isImage = (hasTransport(text) || hasDomain(text)) && tryParseDigest(text) === undefined;
  const options: FindOptions = findEntries(index, text).length > 0 || !isImage ? {} : { names: await readNames(context, text) };
  const find: EntryFinder = (current) => requireEntries(current, text, options);
  find(index);
  return find;
}

async function readNames(context: ListContext, text: string): Promise<Required<FindOptions>["names"]> {
  const source = await context.transports.source(await locateImage(context, text));
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
