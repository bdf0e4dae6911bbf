import { OciError, quote } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  formatPlatform,
  hasTransport,
  isIndexDocument,
  isIndexMediaType,
  type Location,
  type ManifestDocument,
  matchesPlatform,
  type Platform,
  parseDescriptor,
  parseLocation,
} from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import type { ImageSelection } from "./choose.ts";
import { type ListContext, signalOf } from "./context.ts";
import { withFeatures } from "./features.ts";
import { type Foresee, type FoundImage, foundAt, type Origin } from "./found-image.ts";
import { fromIndex, requireClear } from "./from-index.ts";
import { entryOf } from "./image-entry.ts";
import { isShortName, parseImageLocation, splitPlatform } from "./image-name.ts";
import { sourceOfEntry } from "./local-place.ts";
import { pinLocation } from "./pin.ts";
import { withShortName } from "./short-name.ts";
import { locateStored } from "./stored-image.ts";
import { findInStoredList } from "./stored-list.ts";

/** A place that one document is read from. */
interface Opened extends Origin {
  readonly source: ContentSource;
}

/** Returns the images that `text` names: `[IMAGE][=PLATFORM]`, or `@FILE` with a descriptor in JSON. */
export async function findImages(context: ListContext, text: string, selection: ImageSelection = {}, foresee?: Foresee): Promise<readonly FoundImage[]> {
  if (text === "") throw new OciError("INVALID", `Cannot read image "": the name is empty`);
  if (text.startsWith("@")) return [await readDescriptorFile(context, text.slice(1))];
  const { name, platform } = splitPlatform(text);
  const local = hasTransport(name) ? undefined : await context.store.find(name);
  if (local !== undefined) {
    return fromIndex(context, { ...localOrigin(context, name, local), foresee }, withFeatures(local), withPlatform(selection, platform));
  }
  const stored = await locateStored(context, name, selection.platforms);
  const find = (location: Location) => findAt(context, { name, location, platform, selection, ...(foresee && { foresee }) });
  if (stored !== undefined) {
    const images = await findInStoredList(context, { name, location: stored, foresee }, withPlatform(selection, platform));
    return images ?? find(stored);
  }
  const sought = "it is neither a local list nor in container storage";
  return isShortName(name) ? await withShortName(context, { name, sought }, find) : await find(parseImageLocation(name));
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
  const pin: Origin["pin"] = ({ entry }) => ({ location: pinLocation(context.host.files, location, entry) });
  const origin: Opened = { name, source, sourceOf: async () => source, pin, foresee };
  if (platform !== undefined) return findStated(context, origin, platform, selection);
  const document = await context.pool.run(() => source.resolve(signalOf(context)));
  return fromDocument(context, origin, document, selection);
}

function withPlatform(selection: ImageSelection, platform: Platform | undefined): ImageSelection {
  return platform === undefined ? selection : { ...selection, platforms: [platform] };
}

/** Each entry of a local list has its own source, and what lies in an entry is where that is. */
function localOrigin(context: ListContext, name: string, record: ListState): Origin {
  return {
    name,
    sourceOf: (entry) => sourceOfEntry(context, record, entry),
    pin({ entry, through }) {
      const recorded = record.sources[through.digest];
      if (recorded === undefined || entry === through) return recorded;
      const location = pinLocation(context.host.files, parseLocation(recorded.location), entry);
      return { location, ...(recorded.kept === "all" && { kept: recorded.kept }) };
    },
  };
}

async function readDescriptorFile(context: ListContext, path: string): Promise<FoundImage> {
  const what = `descriptor ${quote(path)}`;
  const bytes = path === "-" ? await context.host.terminal.readInput(1 << 20) : await context.host.files.readFile(path, 1 << 20);
  return { entry: parseDescriptor(bytes, what), selected: true };
}

/** The platform is stated, so an image is not read at all; from an index it selects. */
async function findStated(context: ListContext, origin: Opened, platform: Platform, selection: ImageSelection): Promise<readonly FoundImage[]> {
  const descriptor = await context.pool.run(() => origin.source.describe(signalOf(context)));
  if (isIndexMediaType(descriptor.mediaType)) {
    const document = await context.pool.run(() => origin.source.resolve(signalOf(context)));
    return fromDocument(context, origin, document, { ...selection, platforms: [platform] });
  }
  requirePlatform(origin.name, platform, selection);
  origin.foresee?.(origin.source, descriptor);
  const { mediaType, digest, size } = descriptor;
  return [found(origin, { mediaType, digest, size, platform }, { selected: true, stated: true })];
}

function found(origin: Opened, entry: Descriptor, how: Pick<FoundImage, "selected" | "stated">): FoundImage {
  return foundAt(origin, { entry, through: entry }, { entry, from: origin.source, ...how });
}

async function fromDocument(context: ListContext, origin: Opened, document: ManifestDocument, selection: ImageSelection): Promise<readonly FoundImage[]> {
  if (isIndexDocument(document)) {
    requireClear(document, origin.name);
    return fromIndex(context, origin, document.value, selection);
  }
  origin.foresee?.(origin.source, document.descriptor);
  const entry = await entryOf(context, origin.source, document);
  requirePlatform(origin.name, entry.platform, selection);
  return [found(origin, entry, { selected: false })];
}

/** A platform that is asked for is an assertion about a single image. */
function requirePlatform(name: string, platform: Platform | undefined, { platforms = [] }: ImageSelection): void {
  if (platforms.length === 0 || platforms.some((wanted) => matchesPlatform(platform, wanted))) return;
  const has = platform ? formatPlatform(platform) : "no platform";
  throw new OciError("NOT_FOUND", `Cannot take ${quote(name)}: the image has ${has}, expected ${platforms.map(formatPlatform).join(" or ")}`);
}
