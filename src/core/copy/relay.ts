import { isOciError } from "../base/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { isSameRepository } from "./session.ts";

/** Where a copy to a further destination may take content from. */
export interface RelayOptions {
  /** A destination that has all of it by now. */
  readonly first: ContentSource;
  /** Where it goes next. */
  readonly target: ContentTarget;
}

/**
 * Returns `original` for a copy to a further destination: blobs that came from a registry are not asked of it again but mounted
 * or read where they have arrived first, so that every source is read once however many destinations there are. Files are read
 * again, which costs less than a way through a registry, and so is what was made here. What the first destination does not give
 * out comes from the source.
 */
export function relaySource(original: ContentSource, { first, target }: RelayOptions): ContentSource {
  if (isSameRepository(first.repository, target.repository)) return { ...withoutMade(original), ...(first.repository && { repository: first.repository }) };
  const isNear = original.repository !== undefined && original.repository.origin === target.repository?.origin;
  const isRelayed = (digest: Digest): boolean => original.repository !== undefined && original.made?.has(digest) !== true;
  return {
    ...(isNear || first.repository === undefined ? original : { ...withoutMade(original), repository: first.repository }),
    smallBlob: (descriptor, options) =>
      isRelayed(descriptor.digest)
        ? orElse(first.smallBlob(descriptor, options), () => original.smallBlob(descriptor, options))
        : original.smallBlob(descriptor, options),
    blob: (descriptor, options) =>
      isRelayed(descriptor.digest) ? orElse(first.blob(descriptor, options), () => original.blob(descriptor, options)) : original.blob(descriptor, options),
  };
}

/** What was made for the push lies where it went first by now. */
function withoutMade(source: ContentSource): ContentSource {
  const { made: _, ...rest } = source;
  return rest;
}

async function orElse<T>(task: Promise<T>, other: () => Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (isOciError(error, "NOT_FOUND") || isOciError(error, "DENIED")) return await other();
    throw error;
  }
}
