import { OciError, quote } from "../base/mod.ts";
import { isAttestation, referenceDigestKey } from "../index/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  findEditObstacle,
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
} from "../spec/mod.ts";
import type { EntrySource, ListState } from "../store/mod.ts";
import { chooseEntries, type ImageSelection } from "./choose.ts";
import { type ListContext, signalOf } from "./context.ts";
import { withFeatures } from "./features.ts";
import { isShortName, parseImageLocation, splitPlatform } from "./image-name.ts";
import { sourceOfEntry } from "./local-place.ts";
import { pinLocation } from "./pin.ts";
import { withShortName } from "./short-name.ts";
import { locateStored } from "./stored-image.ts";

/** Is told of an image before its config is read, so that its place can be prepared meanwhile. */
export type Foresee = (source: ContentSource, descriptor: Descriptor) => void;

/** An image found: the entry it gives, and where its content comes from. */
export interface FoundImage {
  /** The entry. */
  readonly entry: Descriptor;
  /** Where its content lies; absent for a descriptor given as it is. */
  readonly source?: EntrySource;
  /** Where its content can be had in this run and no longer; absent where {@linkcode source} is enough at any time. */
  readonly content?: ContentSource;
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
  const stored = await locateStored(context, name, selection.platforms);
  const find = (location: Location) => findAt(context, { name, location, platform, selection, ...(foresee && { foresee }) });
  if (stored !== undefined) return find(stored);
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
  const origin: Origin = { name, source, pin: (entry) => ({ location: pinLocation(context.host.files, location, entry) }), ...(foresee && { foresee }) };
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

async function readDescriptorFile(context: ListContext, path: string): Promise<FoundImage> {
  const what = `descriptor ${quote(path)}`;
  const bytes = path === "-" ? await context.host.terminal.readInput(1 << 20) : await context.host.files.readFile(path, 1 << 20);
  return { entry: parseDescriptor(bytes, what), selected: true };
}

/** An entry that could be read in two ways must not be written again in one of them (CVE-2021-41190 is its kin). */
function requireClear({ bytes }: ManifestDocument, name: string): void {
  const obstacle = findEditObstacle(bytes, quote(name));
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot take entries of ${quote(name)}: ${obstacle}, so they could mean something else to others`);
}

/** The platform is stated, so an image is not read at all; from an index it selects. */
async function findStated(context: ListContext, origin: Origin, platform: Platform, selection: ImageSelection): Promise<readonly FoundImage[]> {
  const descriptor = await context.pool.run(() => origin.source.describe(signalOf(context)));
  if (isIndexMediaType(descriptor.mediaType)) {
    const document = await context.pool.run(() => origin.source.resolve(signalOf(context)));
    return fromDocument(context, origin, document, { ...selection, platforms: [platform] });
  }
  requirePlatform(origin.name, platform, selection);
  origin.foresee?.(origin.source, descriptor);
  const { mediaType, digest, size } = descriptor;
  return [{ ...found(origin, { mediaType, digest, size, platform }, true), stated: true }];
}

function found(origin: Origin, entry: Descriptor, selected: boolean): FoundImage {
  const source = origin.pin(entry);
  return { entry, selected, ...(source && { source }), ...(origin.source.isTemporary === true && { content: origin.source }) };
}

async function fromDocument(context: ListContext, origin: Origin, document: ManifestDocument, selection: ImageSelection): Promise<readonly FoundImage[]> {
  if (isIndexDocument(document)) {
    requireClear(document, origin.name);
    return fromIndex(context, origin, document.value, selection);
  }
  origin.foresee?.(origin.source, document.descriptor);
  const entry = await entryOf(context, origin.source, document);
  requirePlatform(origin.name, entry.platform, selection);
  return [found(origin, entry, false)];
}

/** A platform that is asked for is an assertion about a single image. */
function requirePlatform(name: string, platform: Platform | undefined, { platforms = [] }: ImageSelection): void {
  if (platforms.length === 0 || platforms.some((wanted) => matchesPlatform(platform, wanted))) return;
  const has = platform ? formatPlatform(platform) : "no platform";
  throw new OciError("NOT_FOUND", `Cannot take ${quote(name)}: the image has ${has}, expected ${platforms.map(formatPlatform).join(" or ")}`);
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
  const chosen = chooseEntries(index, { ...selection, name: origin.name, hostArchitecture: context.host.environment.architecture });
  const digests = new Set<string>(chosen.map((entry) => entry.digest));
  const goesAlong = (entry: Descriptor) => isAttestation(entry) && digests.has(entry.annotations?.[referenceDigestKey] ?? "");
  const along = selection.attestations === false ? [] : index.manifests.filter(goesAlong);
  const wanted = new Set([...chosen, ...along]);
  for (const entry of wanted) origin.foresee?.(origin.source, entry);
  const taken = index.manifests.filter((entry) => wanted.has(entry));
  return Promise.all(taken.map(async (entry) => found(origin, await withConfigPlatform(context, origin, entry), true)));
}

/** An entry of an index without platform gets the one its image's config records, as buildah does. */
async function withConfigPlatform(context: ListContext, origin: Origin, entry: Descriptor): Promise<Descriptor> {
  if (entry.platform !== undefined || entry.artifactType !== undefined || !isManifestMediaType(entry.mediaType) || isAttestation(entry)) return entry;
  const document = await context.pool.run(() => origin.source.manifest(entry, signalOf(context)));
  if (isIndexDocument(document)) return entry;
  const { platform } = await entryOf(context, origin.source, document);
  return platform === undefined ? entry : { ...entry, platform };
}
