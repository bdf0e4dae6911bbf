import { OciError } from "../base/mod.ts";
import { type Digest, formatLocation, hasTransport, isImageIndex, type Location, type ManifestDocument, parseLocation } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { artifactsIn, fileNames } from "./artifact-names.ts";
import { type ListContext, signalOf } from "./context.ts";
import { type EntryManifests, readManifests, type SourceOfEntry } from "./entry-manifests.ts";
import { isShortName, parseImageLocation } from "./image-name.ts";
import { openLocalPlace } from "./local-place.ts";
import { withShortName } from "./short-name.ts";

/** Options of {@linkcode inspectList}. */
export interface InspectOptions {
  /** Reads the manifests that the entries point to as well: all of them, or those of artifacts, which name their files. @default false */
  readonly manifests?: boolean | "artifacts";
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
  readonly manifests: EntryManifests;
  /** What the files of artifacts are called, by digest, as far as manifests that were read or the record of a local list tell. */
  readonly files: ReadonlyMap<Digest, readonly string[]>;
}

/**
 * Returns a local list, or what a location holds: a list or a single image. A name that is not stored is asked of its registry, a
 * short one of those that are settled for such.
 * A manifest of an entry that cannot be read is warned of.
 * @throws {OciError} `NOT_FOUND`
 */
export async function inspectList(context: ListContext, list: string, options: InspectOptions = {}): Promise<Inspection> {
  const { sourceOf, ...found } = await find(context, list);
  const { value } = found.document;
  const [entries, artifacts] = isImageIndex(value) ? [value.manifests, artifactsIn(value)] : [[], []];
  const wanted = options.manifests === true ? entries : options.manifests === "artifacts" ? artifacts : [];
  const manifests = await readManifests(context, wanted, sourceOf);
  return { ...found, manifests, files: fileNames(context.host.files, artifacts, { manifests, sources: found.state?.sources ?? {} }) };
}

interface Found extends Omit<Inspection, "manifests" | "files"> {
  readonly sourceOf: SourceOfEntry;
}

async function find(context: ListContext, list: string): Promise<Found> {
  if (hasTransport(list)) return await findAt(context, parseLocation(list), list);
  const place = openLocalPlace(context, list);
  const view = await place.tryRead();
  if (view) return { id: view.id, names: view.names, document: view.document, state: view.state, sourceOf: (entry) => place.sourceOf(view, entry) };
  if (!isShortName(list)) return await findAt(context, parseImageLocation(list));
  const { references } = await context.transports.registries.shortName(list);
  if (references.length === 0) throw new OciError("NOT_FOUND", `${list}: image not known`);
  return await withShortName(context, { name: list, sought: "it is no local list" }, (location) => findAt(context, location));
}

async function findAt(context: ListContext, location: Location, name: string = formatLocation(location)): Promise<Found> {
  const source = await context.transports.source(location);
  const document = await source.resolve(signalOf(context));
  return { id: document.descriptor.digest, names: [name], document, sourceOf: async () => source };
}
