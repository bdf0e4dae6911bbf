import { encodeUtf8, isOciError, OciError, quote, streamBytes } from "../base/mod.ts";
import { overlaySource, publishFile } from "../content/mod.ts";
import { copyList } from "../copy/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  formatLocation,
  hasTransport,
  isDockerMediaType,
  isManifestMediaType,
  type Location,
  mediaTypes,
  parseLocation,
  parseTag,
} from "../spec/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { type ConvertedList, convertList } from "./convert.ts";
import { type Format, listLosses } from "./format.ts";
import { openListPlace } from "./open-place.ts";
import { type ListPlace, type ListView, leftToCheck } from "./place.ts";

/** Options of {@linkcode pushList}. */
export interface PushListOptions {
  /** Brings the images along; otherwise they must be at the destination already, and each is asked for. @default true */
  readonly all?: boolean;
  /** Converts the list and its images. @default both stay as they are, byte for byte */
  readonly format?: Format;
  /** Further tags of the destination. @default none */
  readonly tags?: readonly string[];
  /** Deletes the local list after success, unless somebody edited it meanwhile. @default false */
  readonly remove?: boolean;
  /** File that gets the digest after success. @default none */
  readonly digestFile?: string;
  /** Asks for every blob, even of images that are at the destination. @default false */
  readonly verifyBlobs?: boolean;
}

/** Result of {@linkcode pushList}. */
export interface PushResult {
  /** ID of a local list; digest of the index at a location. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** Where the list went. */
  readonly destination: string;
  /** Digest of the index that was written. */
  readonly digest: Digest;
  /** Its size in bytes. */
  readonly size: number;
  /** Its type. */
  readonly mediaType: string;
  /** How many images were brought along or found there. */
  readonly images: number;
  /** Digests of the entries as they were written. */
  readonly entries: readonly Digest[];
}

/**
 * Pushes a list and its images to every destination, or to its own name in a registry: images first, each by its digest,
 * the index last, under its tag. A failed push leaves the tag as it was.
 * @throws {OciError} `NOT_FOUND` where an image is at neither end
 */
export async function pushList(
  context: ListContext,
  list: string,
  destinations: readonly string[] = [],
  options: PushListOptions = {},
): Promise<readonly PushResult[]> {
  const place = await openListPlace(context, list);
  if (options.remove === true && !place.hasRecord)
    throw new OciError("UNSUPPORTED", `Cannot remove ${quote(list)} after the push: only a local list is removed`);
  const view = await place.read();
  if (destinations.length === 0) requireName(place, view);
  const locations = (destinations.length === 0 ? [list] : destinations).map((destination) => parseDestination(list, destination));
  const made = await convertForPush(context, place, view, options.format);
  const pushing: Pushing = { context, place, view, made, options };
  const results: PushResult[] = [];
  for (const location of locations) results.push(await pushTo(pushing, location));
  const [first] = results;
  if (options.digestFile !== undefined && first)
    await publishFile(context.host.files, options.digestFile, streamBytes(encodeUtf8(first.digest)), { random: context.host.random });
  if (options.remove === true) await removePushed(context, place, view);
  return results;
}

/** What was edited since it was read has not been pushed, and stays. */
async function removePushed(context: ListContext, place: ListPlace, view: ListView): Promise<void> {
  try {
    await context.store.remove(view.id, { expected: view.state });
  } catch (error) {
    if (!isOciError(error, "CONFLICT")) throw error;
    warn(context, `the list ${quote(place.name)} was edited during the push and stays`);
  }
}

interface Pushing {
  readonly context: ListContext;
  readonly place: ListPlace;
  readonly view: ListView;
  readonly made: ConvertedList;
  readonly options: PushListOptions;
}

async function pushTo(pushing: Pushing, location: Location): Promise<PushResult> {
  const { context, place, view, made, options } = pushing;
  const { document } = made;
  const { target } = await context.transports.place(location);
  const { mediaType } = document.descriptor;
  if (!target.accepts(mediaType)) throw new OciError("UNSUPPORTED", `Cannot push ${quote(place.name)} to ${quote(target.name)}: it cannot hold ${mediaType}`);
  const entries = document.value.manifests;
  const known = new Set(await knownEntries(pushing, entries));
  const { descriptor, images } = await copyList({
    root: document,
    entries: options.all === false ? [] : [...known],
    present:
      options.all === false
        ? entries
        : leftToCheck(
            target,
            entries.filter((entry) => !known.has(entry)),
          ),
    source: (entry) => requireSource(pushing, entry),
    target,
    pool: context.pool,
    report: context.report,
    ...(options.tags && options.tags.length > 0 && { tags: tagsOf(location, options.tags) }),
    ...(options.verifyBlobs !== undefined && { verifyBlobs: options.verifyBlobs }),
    ...signalOf(context),
  });
  const { digest, size } = descriptor;
  return {
    id: view.id,
    names: view.names,
    destination: formatLocation(location),
    digest,
    size,
    mediaType,
    images,
    entries: entries.map((entry) => entry.digest),
  };
}

/** Returns where an entry comes from; one that was converted comes from where its original lies. */
async function sourceOf({ place, view, made }: Pushing, entry: Descriptor): Promise<ContentSource | undefined> {
  return place.sourceOf(view, made.originals.get(entry.digest) ?? entry);
}

async function requireSource(pushing: Pushing, entry: Descriptor): Promise<ContentSource> {
  const source = await sourceOf(pushing, entry);
  if (source === undefined) throw new OciError("NOT_FOUND", `Cannot push image ${quote(entry.digest)}: the list does not say where it lies`);
  return overlaySource(source, pushing.made.documents);
}

/** An entry whose origin nobody recorded (a descriptor that was given as it is) cannot be brought along. */
async function knownEntries(pushing: Pushing, entries: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const sources = await Promise.all(entries.map((entry) => sourceOf(pushing, entry)));
  return entries.filter((_, at) => sources[at] !== undefined);
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
    return [...new Set([...(location.reference === undefined ? [] : [location.reference]), ...tags])];
  throw new OciError("UNSUPPORTED", `Cannot push to ${quote(formatLocation(location))} under several names: it has only one`);
}

async function convertForPush(context: ListContext, place: ListPlace, view: ListView, format: Format | undefined): Promise<ConvertedList> {
  if (format !== undefined) return convertList(context, { place, view, format });
  const { index } = view.state;
  const losses = index.manifests.flatMap(({ digest }) => {
    const features = view.state.features[digest];
    return features ? [{ where: digest, field: "features", value: features.join(",") }] : [];
  });
  if (index.mediaType === mediaTypes.ociIndex && losses.length > 0) {
    warn(context, `an OCI image index cannot hold ${listLosses(losses)}; it is left out of this push, --format v2s2 writes it`);
  }
  const images = index.manifests.filter((entry) => isManifestMediaType(entry.mediaType));
  const docker = images.filter((entry) => isDockerMediaType(entry.mediaType)).length;
  if (docker > 0 && docker < images.length)
    warn(context, `the list mixes ${docker} docker and ${images.length - docker} OCI images, which some registries refuse; --format makes them one kind`);
  return { document: view.document, documents: new Map(), originals: new Map() };
}
