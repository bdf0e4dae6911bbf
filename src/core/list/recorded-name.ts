import { isOciError } from "../base/mod.ts";
import { type Digest, formatReference, hasDomain, type Location, parseLocation, parseReference, withDefaultTag } from "../spec/mod.ts";
import type { ListContext } from "./context.ts";
import type { OpenedList } from "./place.ts";
import { locateStored } from "./stored-image.ts";

/**
 * Returns the digest of the entry that the record says to be the image `name`, whole and without transport: by its name, else by the
 * ID that the name has in container storage. No image is read. Empty where no entry is that, or several are.
 */
export async function recordedDigests(context: ListContext, { view, place }: OpenedList, name: string): Promise<readonly Digest[]> {
  const located = view.state.index.manifests.flatMap(({ digest }) => {
    const origin = place.hasRecord ? place.originOf(view.state, digest) : undefined;
    return origin ? [{ digest, location: parseLocation(origin.location) }] : [];
  });
  const wanted = wholeName(name);
  const named = onlyOne(located.filter(({ location }) => nameOf(location) === wanted));
  if (named.length > 0 || !located.some(({ location }) => location.transport === "containers-storage")) return named;
  const id = await storedId(context, name);
  return id === undefined ? [] : onlyOne(located.filter(({ location }) => location.transport === "containers-storage" && location.id === id));
}

function wholeName(name: string): string {
  return formatReference(withDefaultTag(parseReference(name)));
}

function nameOf(location: Location): string | undefined {
  if (location.transport === "docker") return formatReference(withDefaultTag(location.reference));
  const isWhole = location.transport === "containers-storage" && location.name !== undefined && hasDomain(location.name);
  return isWhole ? wholeName(location.name) : undefined;
}

/** A storage that cannot be read says nothing. */
async function storedId(context: ListContext, name: string): Promise<string | undefined> {
  try {
    return (await locateStored(context, name))?.id;
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}

function onlyOne(entries: readonly { readonly digest: Digest }[]): readonly Digest[] {
  const digests = [...new Set(entries.map(({ digest }) => digest))];
  return digests.length === 1 ? digests : [];
}
