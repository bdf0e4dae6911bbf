import { OciError, quote } from "../base/mod.ts";
import { entriesFor, isAttestation, referenceDigestKey, selectPlatform } from "../index/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  formatLocation,
  formatPlatform,
  hasTransport,
  type ImageIndex,
  type ImageManifest,
  isConfigMediaType,
  isIndexDocument,
  isIndexMediaType,
  isManifestMediaType,
  type Location,
  type ManifestDocument,
  matchesPlatform,
  type Platform,
  parseConfigPlatform,
  parseDescriptor,
  withDigest,
} from "../spec/mod.ts";
import type { EntrySource, ListState } from "../store/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { withFeatures } from "./format.ts";
import { isShortName, parseImageLocation, splitPlatform } from "./image-name.ts";
import { sourceOfEntry } from "./local-place.ts";
import { withShortName } from "./short-name.ts";

/** Which images of a source to take. */
export interface ImageSelection {
  /** Takes every entry of an index, unless platforms are named. @default false */
  readonly all?: boolean;
  /** Takes the entries of an index with these platforms; an image must have one of them. */
  readonly platforms?: readonly Platform[];
  /** Operating system that selects from an index, and overrides what an image records. */
  readonly os?: string;
  /** Architecture that selects from an index, and overrides what an image records. */
  readonly architecture?: string;
  /** Variant that selects from an index, and overrides what an image records. */
  readonly variant?: string;
  /** Takes the attestations of the images along. @default true */
  readonly attestations?: boolean;
}

/** Is told of an image before its config is read, so that its place can be prepared meanwhile. */
export type Foresee = (source: ContentSource, descriptor: Descriptor) => void;

/** An image found: the entry it gives, and where its content comes from. */
export interface FoundImage {
  /** The entry. */
  readonly entry: Descriptor;
  /** Where its content lies; absent for a descriptor given as it is. */
  readonly source?: EntrySource;
  /** Whether the selection's os, architecture and variant have chosen it, so that they override nothing. */
  readonly selected: boolean;
  /** Whether the user stated its platform, which then wins over what an entry of the same image has. @default false */
  readonly stated?: boolean;
}

/** Where an image is read from, and how its source is recorded. */
interface Origin {
  readonly name: string;
  readonly source: ContentSource;
  readonly pin: (entry: Descriptor) => EntrySource | undefined;
  readonly foresee?: Foresee;
}

/** Returns the images that `text` names: `[IMAGE][=PLATFORM]`, or `@FILE` with a descriptor in JSON. */
export async function findImages(context: ListContext, text: string, selection: ImageSelection = {}, foresee?: Foresee): Promise<readonly FoundImage[]> {
  if (text === "") throw new OciError("INVALID", `Cannot read image "": the name is empty`);
  if (text.startsWith("@")) return [await readDescriptorFile(context, text.slice(1))];
  const { name, platform } = splitPlatform(text);
  const local = hasTransport(name) ? undefined : await context.store.find(name);
  if (local !== undefined) {
    const origin: Origin = { name, source: await localSource(context, local), pin: (entry) => local.sources[entry.digest] };
    return fromIndex(context, origin, withFeatures(local), withPlatform(selection, platform));
  }
  const find = (location: Location) => findAt(context, { name, location, platform, selection, ...(foresee && { foresee }) });
  return isShortName(name) ? await withShortName(context, name, find) : await find(parseImageLocation(name));
}

/** An image in one of the places that hold images. */
interface Located {
  readonly name: string;
  readonly location: Location;
  readonly platform: Platform | undefined;
  readonly selection: ImageSelection;
  readonly foresee?: Foresee;
}

async function findAt(context: ListContext, { name, location, platform, selection, foresee }: Located): Promise<readonly FoundImage[]> {
  const source = await context.transports.source(location);
  const origin: Origin = { name, source, pin: (entry) => ({ location: pinLocation(context, location, entry) }), ...(foresee && { foresee }) };
  if (platform !== undefined) return findStated(context, origin, platform, selection);
  const document = await context.pool.run(() => source.resolve(signalOf(context)));
  return fromDocument(context, origin, document, selection);
}

function withPlatform(selection: ImageSelection, platform: Platform | undefined): ImageSelection {
  return platform === undefined ? selection : { ...selection, platforms: [platform] };
}

/** A local list has no bytes of its own to be copied from; each entry has its own source. */
async function localSource(context: ListContext, record: ListState): Promise<ContentSource> {
  const of = async (entry: Descriptor) => {
    const source = await sourceOfEntry(context, record, entry);
    if (source === undefined) throw new OciError("NOT_FOUND", `Cannot read "${entry.digest}": the list does not say where it lies`);
    return source;
  };
  const none = () => Promise.reject(new TypeError("a local list is not read as one document"));
  return {
    name: "local list",
    resolve: none,
    describe: none,
    manifest: async (entry, options) => (await of(entry)).manifest(entry, options),
    smallBlob: none,
    blob: none,
  };
}

function pinLocation(context: ListContext, location: Location, entry: Descriptor): string {
  const { files } = context.host;
  switch (location.transport) {
    case "docker":
      return formatLocation({ ...location, reference: withDigest(location.reference, entry.digest) });
    case "oci":
    case "oci-archive":
      return formatLocation({ transport: location.transport, path: files.absolute(location.path) });
    case "docker-archive":
      return formatLocation({ transport: location.transport, path: files.absolute(location.path) });
    case "dir":
      return formatLocation({ ...location, path: files.absolute(location.path) });
    default:
      return formatLocation(location);
  }
}

async function readDescriptorFile(context: ListContext, path: string): Promise<FoundImage> {
  const what = `descriptor ${quote(path)}`;
  const bytes = path === "-" ? await context.host.terminal.readInput(1 << 20) : await context.host.files.readFile(path, 1 << 20);
  return { entry: parseDescriptor(bytes, what), selected: true };
}

/** The platform is stated, so an image is not read at all; from an index it selects. */
async function findStated(context: ListContext, origin: Origin, platform: Platform, selection: ImageSelection): Promise<readonly FoundImage[]> {
  const descriptor = await context.pool.run(() => origin.source.describe(signalOf(context)));
  if (isIndexMediaType(descriptor.mediaType)) {
    const document = await context.pool.run(() => origin.source.resolve(signalOf(context)));
    return fromDocument(context, origin, document, { ...selection, platforms: [platform] });
  }
  origin.foresee?.(origin.source, descriptor);
  const { mediaType, digest, size } = descriptor;
  return [{ ...found(origin, { mediaType, digest, size, platform }, true), stated: true }];
}

function found(origin: Origin, entry: Descriptor, selected: boolean): FoundImage {
  const source = origin.pin(entry);
  return { entry, selected, ...(source && { source }) };
}

async function fromDocument(context: ListContext, origin: Origin, document: ManifestDocument, selection: ImageSelection): Promise<readonly FoundImage[]> {
  if (isIndexDocument(document)) return fromIndex(context, origin, document.value, selection);
  origin.foresee?.(origin.source, document.descriptor);
  const entry = await entryOf(context, origin.source, document);
  const wanted = selection.platforms ?? [];
  if (wanted.length > 0 && !wanted.some((platform) => matchesPlatform(entry.platform, platform))) {
    const has = entry.platform ? formatPlatform(entry.platform) : "no platform";
    throw new OciError("NOT_FOUND", `Cannot take ${quote(origin.name)}: the image has ${has}, expected ${wanted.map(formatPlatform).join(" or ")}`);
  }
  return [found(origin, entry, false)];
}

/** Returns the entry a single image gives: its platform is read from its config, unless it is an artifact. */
async function entryOf(context: ListContext, source: ContentSource, document: ManifestDocument): Promise<Descriptor> {
  const { mediaType, digest, size } = document.descriptor;
  if (isIndexDocument(document)) return { mediaType, digest, size };
  const manifest = document.value;
  const artifactType = manifest.artifactType;
  const platform = await configPlatform(context, source, "config" in manifest ? manifest : undefined);
  return { mediaType, digest, size, ...(platform && { platform }), ...(artifactType !== undefined && { artifactType }) };
}

async function configPlatform(context: ListContext, source: ContentSource, manifest: ImageManifest | undefined): Promise<Platform | undefined> {
  if (manifest === undefined || manifest.artifactType !== undefined || !isConfigMediaType(manifest.config.mediaType)) return undefined;
  const bytes = await context.pool.run(() => source.smallBlob(manifest.config, signalOf(context)));
  return parseConfigPlatform(bytes, `image config ${manifest.config.digest}`);
}

async function fromIndex(context: ListContext, origin: Origin, index: ImageIndex, selection: ImageSelection): Promise<readonly FoundImage[]> {
  const chosen = chooseEntries(context, origin, index, selection);
  const digests = new Set<string>(chosen.map((entry) => entry.digest));
  const goesAlong = (entry: Descriptor) => isAttestation(entry) && digests.has(entry.annotations?.[referenceDigestKey] ?? "");
  const along = selection.attestations === false ? [] : index.manifests.filter(goesAlong);
  const wanted = new Set([...chosen, ...along]);
  for (const entry of wanted) origin.foresee?.(origin.source, entry);
  const taken = index.manifests.filter((entry) => wanted.has(entry));
  return Promise.all(taken.map(async (entry) => found(origin, await withConfigPlatform(context, origin, entry), true)));
}

function chooseEntries(context: ListContext, origin: Origin, index: ImageIndex, selection: ImageSelection): readonly Descriptor[] {
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  if (selection.platforms !== undefined && selection.platforms.length > 0)
    return selection.platforms.flatMap((platform) => byPlatform(origin, images, platform));
  if (selection.all === true) return selection.attestations === false ? images : index.manifests;
  if (selection.os === undefined && selection.architecture === undefined && selection.variant === undefined && images.length === 1) return images;
  const platform: Platform = {
    os: selection.os ?? "linux",
    architecture: selection.architecture ?? context.host.environment.architecture,
    ...(selection.variant !== undefined && { variant: selection.variant }),
  };
  const entry = selectPlatform({ ...index, manifests: images }, platform);
  if (entry === undefined) throw missing(origin, images, formatPlatform(platform));
  return [entry];
}

function byPlatform(origin: Origin, images: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const matching = entriesFor(images, platform);
  if (matching.length === 0) throw missing(origin, images, formatPlatform(platform));
  return matching;
}

function missing(origin: Origin, images: readonly Descriptor[], wanted: string): OciError {
  const there = images.map((entry) => (entry.platform ? formatPlatform(entry.platform) : entry.digest)).join(", ");
  return new OciError("NOT_FOUND", `Cannot take ${quote(origin.name)}: no image found in it for ${wanted}, it has ${there === "" ? "no images" : there}`);
}

/** An entry of an index without platform gets the one its image's config records, as buildah does. */
async function withConfigPlatform(context: ListContext, origin: Origin, entry: Descriptor): Promise<Descriptor> {
  if (entry.platform !== undefined || entry.artifactType !== undefined || !isManifestMediaType(entry.mediaType) || isAttestation(entry)) return entry;
  const document = await context.pool.run(() => origin.source.manifest(entry, signalOf(context)));
  if (isIndexDocument(document)) return entry;
  const { platform } = await entryOf(context, origin.source, document);
  return platform === undefined ? entry : { ...entry, platform };
}
