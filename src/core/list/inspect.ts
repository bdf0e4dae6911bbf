import { isOciError, mapAll, OciError } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  formatLocation,
  hasTransport,
  isImageIndex,
  isIndexMediaType,
  isManifestMediaType,
  type Location,
  type ManifestDocument,
  parseLocation,
} from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { isShortName, parseImageLocation } from "./image-name.ts";
import { openLocalPlace } from "./local-place.ts";
import { withShortName } from "./short-name.ts";

/** Options of {@linkcode inspectList}. */
export interface InspectOptions {
  /** Reads the manifests that the entries point to as well. @default false */
  readonly manifests?: boolean;
}

/** What {@linkcode inspectList} found. */
export interface Inspection {
  /** ID of a local list; digest of what a location holds. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** The document: a list as it would be pushed, or what the location holds, byte for byte. */
  readonly document: ManifestDocument;
  /** What the record of a local list holds beside the document. */
  readonly state?: ListState;
  /** Manifests of the entries, by digest, as far as they were asked for and could be read. */
  readonly manifests: ReadonlyMap<Digest, ManifestDocument>;
}

/**
 * Returns a local list, or what a location holds: a list or a single image. A name that is not stored is asked of its registry, a
 * short one of those that are settled for such.
 * A manifest of an entry that cannot be read is warned of.
 * @throws {OciError} `NOT_FOUND`
 */
export async function inspectList(context: ListContext, list: string, options: InspectOptions = {}): Promise<Inspection> {
  const { sourceOf, ...found } = await find(context, list);
  return { ...found, manifests: options.manifests === true ? await readManifests(context, found.document, sourceOf) : new Map() };
}

interface Found extends Omit<Inspection, "manifests"> {
  readonly sourceOf: (entry: Descriptor) => Promise<ContentSource | undefined>;
}

async function find(context: ListContext, list: string): Promise<Found> {
  if (hasTransport(list)) return await findAt(context, parseLocation(list), list);
  const place = openLocalPlace(context, list);
  const view = await place.tryRead();
  if (view) return { id: view.id, names: view.names, document: view.document, state: view.state, sourceOf: (entry) => place.sourceOf(view, entry) };
  if (!isShortName(list)) return await findAt(context, parseImageLocation(list));
  const { references } = await context.transports.registries.shortName(list);
  if (references.length === 0) throw new OciError("NOT_FOUND", `${list}: image not known`);
  return await withShortName(context, list, (location) => findAt(context, location));
}

async function findAt(context: ListContext, location: Location, name: string = formatLocation(location)): Promise<Found> {
  const source = await context.transports.source(location);
  const document = await source.resolve(signalOf(context));
  return { id: document.descriptor.digest, names: [name], document, sourceOf: async () => source };
}

async function readManifests(context: ListContext, { value }: ManifestDocument, sourceOf: Found["sourceOf"]): Promise<Inspection["manifests"]> {
  const entries = isImageIndex(value) ? value.manifests.filter(({ mediaType }) => isManifestMediaType(mediaType) || isIndexMediaType(mediaType)) : [];
  const read = async (entry: Descriptor): Promise<readonly (readonly [Digest, ManifestDocument])[]> => {
    try {
      const source = await sourceOf(entry);
      return source ? [[entry.digest, await context.pool.run(() => source.manifest(entry, signalOf(context)))]] : [];
    } catch (error) {
      if (!isOciError(error)) throw error;
      warn(context, error.message);
      return [];
    }
  };
  return new Map((await mapAll(entries, read, context.signal)).flat());
}
