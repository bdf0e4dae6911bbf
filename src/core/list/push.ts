import { encodeUtf8, OciError, quote, streamBytes } from "../base/mod.ts";
import { overlaySource, publishFile } from "../content/mod.ts";
import { copyList } from "../copy/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import { type Descriptor, type Digest, formatLocation, hasTransport, isDockerMediaType, isManifestMediaType, type Location, mediaTypes, parseLocation } from "../spec/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { convertList } from "./convert.ts";
import { type Format, listLosses } from "./format.ts";
import { openListPlace } from "./open-place.ts";
import type { ListPlace, ListView } from "./place.ts";

/** Options of {@linkcode pushList}. */
export interface PushListOptions {
  /** Brings the images along; otherwise they must be at the destination already, and each is asked for. @default true */
  readonly all?: boolean;
  /** Converts the list and its images. @default both stay as they are, byte for byte */
  readonly format?: Format;
  /** Further tags of the destination. @default none */
  readonly tags?: readonly string[];
  /** Deletes the local list after success. @default false */
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
}

/**
 * Pushes a list and its images: images first, each by its digest, the index last, under its tag. A failed push leaves the
 * tag as it was. @throws {OciError} `NOT_FOUND` where an image is at neither end
 */
export async function pushList(context: ListContext, list: string, destination?: string, options: PushListOptions = {}): Promise<PushResult> {
  const place = await openListPlace(context, list);
  const location = parseDestination(list, destination);
  const view = await place.read();
  const target = (await context.transports.place(location)).target;
  const made = await convertForPush(context, place, view, options.format);
  const { document } = made;
  if (!target.accepts(document.descriptor.mediaType)) throw new OciError("UNSUPPORTED", `Cannot push ${quote(list)} to ${quote(target.name)}: it cannot hold ${document.descriptor.mediaType}`);
  const source = async (entry: Descriptor): Promise<ContentSource> => {
    const original = made.originals.get(entry.digest) ?? entry;
    const from = await place.sourceOf(view, original);
    if (from === undefined) throw new OciError("NOT_FOUND", `Cannot push image ${quote(entry.digest)}: the list does not say where it lies`);
    return overlaySource(from, made.documents);
  };
  const entries = document.value.manifests;
  const known = await knownEntries(place, view, entries, made.originals);
  const { descriptor, images } = await copyList({
    root: document,
    entries: options.all === false ? [] : known,
    ...(options.all === false && { present: entries }),
    source,
    target,
    pool: context.pool,
    report: context.report,
    ...(options.tags && options.tags.length > 0 && { tags: tagsOf(location, options.tags) }),
    ...(options.verifyBlobs !== undefined && { verifyBlobs: options.verifyBlobs }),
    ...signalOf(context),
  });
  await afterwards(context, view, target, descriptor.digest, options);
  return { id: view.id, destination: formatLocation(location), digest: descriptor.digest, size: descriptor.size, mediaType: descriptor.mediaType, images };
}

function parseDestination(list: string, destination: string | undefined): Location {
  if (destination === undefined && hasTransport(list)) throw new OciError("INVALID", `Cannot push ${quote(list)}: a list at a location needs a destination`);
  const text = destination ?? list;
  if (text === "") throw new OciError("INVALID", `Cannot push ${quote(list)}: the destination is empty`);
  return parseLocation(hasTransport(text) ? text : `docker://${text}`);
}

/** The location's own tag comes first, so that `--tag` adds to it. */
function tagsOf(location: Location, tags: readonly string[]): readonly string[] {
  if (location.transport === "docker") return [...new Set([location.reference.tag ?? location.reference.digest ?? "latest", ...tags])];
  if (location.transport === "oci" || location.transport === "oci-archive") return [...new Set([...(location.reference === undefined ? [] : [location.reference]), ...tags])];
  throw new OciError("UNSUPPORTED", `Cannot push to ${quote(formatLocation(location))} under several names: it has only one`);
}

/** An entry whose origin nobody recorded (a descriptor that was given as it is) is the destination's to check. */
async function knownEntries(place: ListPlace, view: ListView, entries: readonly Descriptor[], originals: ReadonlyMap<Digest, Descriptor>): Promise<readonly Descriptor[]> {
  const sources = await Promise.all(entries.map((entry) => place.sourceOf(view, originals.get(entry.digest) ?? entry)));
  return entries.filter((_, at) => sources[at] !== undefined);
}

async function convertForPush(context: ListContext, place: ListPlace, view: ListView, format: Format | undefined): ReturnType<typeof convertList> {
  if (format !== undefined) return convertList(context, { place, view, format });
  const { index } = view.state;
  const left = Object.entries(view.state.features);
  if (index.mediaType === mediaTypes.ociIndex && left.length > 0) {
    const losses = left.map(([where, features]) => ({ where, field: "features", value: features.join(",") }));
    warn(context, `an OCI image index cannot hold ${listLosses(losses)}; it is left out of this push, --format v2s2 writes it`);
  }
  const images = index.manifests.filter((entry) => isManifestMediaType(entry.mediaType));
  const docker = images.filter((entry) => isDockerMediaType(entry.mediaType)).length;
  if (docker > 0 && docker < images.length) warn(context, `the list mixes ${docker} docker and ${images.length - docker} OCI images, which some registries refuse; --format makes them one kind`);
  return { document: view.document, documents: new Map(), originals: new Map() };
}

async function afterwards(context: ListContext, view: ListView, target: ContentTarget, digest: Digest, options: PushListOptions): Promise<void> {
  const { files, random } = context.host;
  if (options.digestFile !== undefined) await publishFile(files, options.digestFile, streamBytes(encodeUtf8(digest)), { random });
  if (options.remove !== true) return;
  if (view.id.includes(":")) throw new OciError("UNSUPPORTED", `Cannot remove ${quote(view.names.join(", "))} after the push to ${quote(target.name)}: only a local list is removed`);
  await context.store.remove(view.id);
}
