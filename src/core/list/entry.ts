import { isOciError, OciError } from "../base/mod.ts";
import { findEntries, findEntry } from "../index/mod.ts";
import { type Descriptor, hasDomain, hasTransport, isIndexDocument, parseLocation, tryParseDigest } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import type { ListView } from "./place.ts";

/**
 * Returns the entry of a list that `text` names: by digest, digest prefix or platform; else, where it names an image that
 * can be read, the entry with that image's digest or, of a multi-arch image, the one entry that is part of it.
 * @throws {OciError} `NOT_FOUND`, `INVALID` if several match
 */
export async function findListEntry(context: ListContext, view: ListView, text: string): Promise<Descriptor> {
  const { index } = view.state;
  const isImage = (hasTransport(text) || hasDomain(text)) && tryParseDigest(text) === undefined;
  if (findEntries(index, text).length > 0 || !isImage) return findEntry(index, text);
  const source = await context.transports.source(parseLocation(hasTransport(text) ? text : `docker://${text}`));
  const document = await source.resolve(signalOf(context)).catch((cause: unknown) => {
    if (isOciError(cause)) throw new OciError(cause.code, `Cannot find entry "${text}" in the list: ${cause.message}`, { cause });
    throw cause;
  });
  const digests = isIndexDocument(document) ? document.value.manifests.map((entry) => entry.digest) : [];
  const names = new Map([[text, [document.descriptor.digest, ...digests]]]);
  return findEntry(index, text, { names });
}
