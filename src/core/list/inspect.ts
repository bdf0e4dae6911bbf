import { isOciError, mapAll, OciError } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  hasDomain,
  hasTransport,
  isImageIndex,
  isIndexMediaType,
  isManifestMediaType,
  type ManifestDocument,
  parseLocation,
} from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { openLocalPlace } from "./local-place.ts";

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
 * Returns a local list, or what a location holds: a list or a single image. A name that is not stored is asked of its registry.
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
  if (!hasTransport(list)) {
    const place = openLocalPlace(context, list);
    const view = await place.tryRead();
    if (view) return { id: view.id, names: view.names, document: view.document, state: view.state, sourceOf: (entry) => place.sourceOf(view, entry) };
    if (!hasDomain(list)) throw new OciError("NOT_FOUND", `${list}: image not known`);
  }
  const name = hasTransport(list) ? list : `docker://${list}`;
  const source = await context.transports.source(parseLocation(name));
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
