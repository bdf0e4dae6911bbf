import { mapAll, OciError, quote } from "../base/mod.ts";
import { isAttestation, referenceDigestKey } from "../index/mod.ts";
import { type Descriptor, findEditObstacle, type ImageIndex, isIndexMediaType, type ManifestDocument } from "../spec/mod.ts";
import { chooseEntries, type ImageSelection, takesAll } from "./choose.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { type FoundImage, foundAt, type Origin } from "./found-image.ts";
import { lacksPlatform, withConfigPlatform } from "./image-entry.ts";
import { requireIndex } from "./place.ts";
import { type Reached, reachEntries } from "./reach.ts";

/**
 * Returns the images of an index that `selection` means, with their attestations. Who takes all gets an index in it whole, as the
 * entry it is; who chooses does so among the images of all levels.
 * @throws {OciError} `NOT_FOUND`, `LOSS` for a nested index that could be read in two ways, what {@linkcode reachEntries} throws
 */
export async function fromIndex(context: ListContext, origin: Origin, index: ImageIndex, selection: ImageSelection): Promise<readonly FoundImage[]> {
  const { name } = origin;
  const isWhole = takesAll(selection);
  const reached = isWhole
    ? index.manifests.map((entry): Reached => ({ entry, through: entry }))
    : await reachEntries({ name, index, read: (nested) => readNested(context, origin, nested), ...signalOf(context) });
  const manifests = reached.map(({ entry }) => entry);
  const chosen = chooseEntries({ ...index, manifests }, { ...selection, name, hostArchitecture: context.host.environment.architecture });
  const wanted = new Set([...chosen, ...(selection.attestations === false ? [] : attestationsOf(manifests, chosen))]);
  const taken = reached.filter(({ entry }) => wanted.has(entry));
  if (isWhole) sayNested(context, origin, taken);
  return mapAll(taken, (each, signal) => take({ ...context, signal }, origin, each), context.signal);
}

function attestationsOf(manifests: readonly Descriptor[], images: readonly Descriptor[]): readonly Descriptor[] {
  const digests = new Set<string>(images.map(({ digest }) => digest));
  return manifests.filter((entry) => isAttestation(entry) && digests.has(entry.annotations?.[referenceDigestKey] ?? ""));
}

async function take(context: ListContext, origin: Origin, reached: Reached): Promise<FoundImage> {
  const { entry, through } = reached;
  const source = await origin.sourceOf(through);
  if (source === undefined) return foundAt(origin, reached, { entry, from: source, selected: true });
  origin.foresee?.(source, entry);
  const completed = lacksPlatform(entry) ? await withConfigPlatform(context, source, entry) : entry;
  return foundAt(origin, reached, { entry: completed, from: source, selected: true });
}

async function readNested(context: ListContext, { name, sourceOf }: Origin, { entry, through }: Reached): Promise<ImageIndex> {
  const source = await sourceOf(through);
  if (source === undefined) throw new OciError("NOT_FOUND", `Cannot look into index "${entry.digest}": the list does not say where it lies`);
  const document = await context.pool.run(() => source.manifest(entry, signalOf(context)));
  requireClear(document, name);
  return requireIndex(document, name).value;
}

/** An entry that could be read in two ways must not be written again in one of them (CVE-2021-41190 is its kin). @throws {OciError} `LOSS` */
export function requireClear({ bytes }: ManifestDocument, name: string): void {
  const obstacle = findEditObstacle(bytes, quote(name));
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot take entries of ${quote(name)}: ${obstacle}, so they could mean something else to others`);
}

/** containers/image chooses among the entries of the outermost index only. */
function sayNested(context: ListContext, { name }: Origin, taken: readonly Reached[]): void {
  const [first, ...more] = taken.filter(({ entry }) => isIndexMediaType(entry.mediaType));
  if (first === undefined) return;
  const what = more.length === 0 ? `the index ${first.entry.digest}` : `the indexes ${first.entry.digest} and ${more.length} more`;
  warn(context, `${what} in ${quote(name)} stay${more.length === 0 ? "s" : ""} whole, where buildah and podman look for no image; --platform takes images out`);
}
