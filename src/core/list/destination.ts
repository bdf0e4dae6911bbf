import { OciError, quote } from "../base/mod.ts";
import { formatLocation, hasTransport, type Location, parseLayoutReference, parseLocation, parseTag } from "../spec/mod.ts";
import type { ListPlace, ListView } from "./place.ts";

/** Where a list goes. */
export interface Destination {
  /** The location. */
  readonly location: Location;
  /** The names to write it under, one after another, the location's own first; absent for the location's own alone. */
  readonly tags?: readonly string[];
}

/** Returns the destinations that `texts` name, without any the list's own name in a registry. @throws {OciError} `INVALID`, `UNSUPPORTED` for tags where there is only one name */
export function parseDestinations(place: ListPlace, view: ListView, texts: readonly string[], tags: readonly string[] = []): readonly Destination[] {
  if (texts.length === 0) requireName(place, view);
  return (texts.length === 0 ? [place.name] : texts).map((text) => {
    const location = parseDestination(place.name, text);
    return { location, ...(tags.length > 0 && { tags: tagsOf(location, tags) }) };
  });
}

/** Returns every name that `destination` gives the list, as locations. */
export function destinationNames({ location, tags }: Destination): readonly string[] {
  return tags === undefined ? [formatLocation(location)] : tags.map((tag) => formatLocation(tagged(location, tag)));
}

/** Returns `location` under another name. */
export function tagged(location: Location, tag: string | undefined): Location {
  if (tag === undefined) return location;
  if (location.transport === "docker") {
    const { digest: _, ...reference } = location.reference;
    return tag.includes(":") ? location : { ...location, reference: { ...reference, tag } };
  }
  return location.transport === "oci" || location.transport === "oci-archive"
    ? { transport: location.transport, path: location.path, reference: tag }
    : location;
}

/** Without a destination the list's own name is one. */
function requireName(place: ListPlace, view: ListView): void {
  if (place.hasRecord && place.nameIn(view) !== undefined) return;
  const which = place.hasRecord ? "given by its ID" : "at a location";
  throw new OciError("INVALID", `Cannot push ${quote(place.name)}: a list ${which} needs a destination`);
}

function parseDestination(list: string, text: string): Location {
  if (text === "") throw new OciError("INVALID", `Cannot push ${quote(list)}: the destination is empty`);
  return parseLocation(hasTransport(text) ? text : `docker://${text}`);
}

/** The location's own tag comes first, so that `--tag` adds to it. */
function tagsOf(location: Location, tags: readonly string[]): readonly string[] {
  if (location.transport === "docker") return [...new Set([location.reference.tag ?? location.reference.digest ?? "latest", ...tags.map(parseTag)])];
  if (location.transport === "oci" || location.transport === "oci-archive")
    return [...new Set([...(location.reference === undefined ? [] : [location.reference]), ...tags.map(parseLayoutReference)])];
  throw new OciError("UNSUPPORTED", `Cannot push to ${quote(formatLocation(location))} under several names: it has only one`);
}
