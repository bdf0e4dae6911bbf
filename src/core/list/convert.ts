import { mapAll, OciError } from "../base/mod.ts";
import { newDocument } from "../content/mod.ts";
import { convertImage } from "../copy/mod.ts";
import { isAttestation, type Loss, removeEntries, rewriteEntries, rewriteLosses } from "../index/mod.ts";
import {
  type Descriptor,
  type Digest,
  findEditObstacle,
  type IndexDocument,
  isIndexDocument,
  isManifestMediaType,
  type ManifestDocument,
} from "../spec/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";
import { joinFeatures } from "./features.ts";
import { convertState, type Format, listLosses } from "./format.ts";
import { documentOf, type ListPlace, type ListView } from "./place.ts";

/** A list converted for a push, with the manifests that were made for it. */
export interface ConvertedList {
  /** The index to write. */
  readonly document: IndexDocument;
  /** Manifests that were made, by digest. */
  readonly documents: ReadonlyMap<Digest, ManifestDocument>;
  /** The entries whose images they came from, by the new digest. */
  readonly originals: ReadonlyMap<Digest, Descriptor>;
}

interface Conversion {
  readonly place: ListPlace;
  readonly view: ListView;
  readonly format: Format;
}

interface Made {
  readonly entry: Descriptor;
  readonly document: ManifestDocument;
  readonly lost: readonly Loss[];
}

/** Returns the list of `view` and its images in `format`. Says everything that is lost and every attestation whose statement names an old digest. */
export async function convertList(context: ListContext, conversion: Conversion): Promise<ConvertedList> {
  const { view, format } = conversion;
  const attestations = view.state.index.manifests.filter(isAttestation);
  const images = view.state.index.manifests.filter((entry) => !isAttestation(entry));
  const made = (await mapAll(images, (entry) => convertEntry(context, conversion, entry), context.signal)).flatMap((one) => (one ? [one] : []));
  const changed = made.filter(({ entry, document }) => entry.digest !== document.descriptor.digest);
  const replaced = new Map(changed.map(({ entry, document }) => [entry.digest, document.descriptor]));
  const dropped = format === "v2s2" ? attestations : [];
  const joined = joinFeatures({ ...view.state, index: removeEntries(view.state.index, dropped) });
  const digests = new Map<string, string>(changed.map(({ entry, document }) => [entry.digest, document.descriptor.digest]));
  const settled = convertState({ ...joined, index: rewriteEntries(joined.index, replaced) }, format);
  const rewritten = rewriteLosses(view.state.index, new Set(replaced.keys()));
  const lost = [...rewritten, ...settled.lost, ...settled.kept, ...made.flatMap((one) => one.lost)];
  if (digests.size > 0)
    warn(context, `the push as ${format} gives images new digests: ${[...digests].map(([old, fresh]) => `${old} becomes ${fresh}`).join(", ")}`);
  if (lost.length > 0) warn(context, `the push as ${format} loses ${listLosses(lost)}`);
  for (const { digest } of dropped) warn(context, `the push as v2s2 leaves out the attestation ${digest}, which docker images cannot have`);
  if (format === "oci" && changed.length > 0 && attestations.length > 0)
    warn(context, "the attestations of converted images now point to the new digests, their statements still name the old ones");
  return {
    document: documentOf(context, settled.state.index),
    documents: new Map(changed.map(({ document }) => [document.descriptor.digest, document])),
    originals: new Map(changed.map(({ entry, document }) => [document.descriptor.digest, entry])),
  };
}

async function convertEntry(context: ListContext, { place, view, format }: Conversion, entry: Descriptor): Promise<Made | undefined> {
  const source = await place.sourceOf(view, entry);
  if (source === undefined || !isManifestMediaType(entry.mediaType)) {
    throw new OciError(
      "UNSUPPORTED",
      `Cannot convert ${entry.digest} to ${format}: ${source ? `its type is ${entry.mediaType}` : "the list does not say where it lies"}`,
    );
  }
  const document = await context.pool.run(() => source.manifest(entry, signalOf(context)));
  if (isIndexDocument(document) || !("layers" in document.value))
    throw new OciError("UNSUPPORTED", `Cannot convert ${entry.digest} to ${format}: it is not an image`);
  const { manifest, lost } = convertImage(document.value, format, document.descriptor.digest);
  if (manifest === document.value) return { entry, document, lost: [] };
  const obstacle = findEditObstacle(document.bytes, `manifest ${entry.digest}`);
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot convert ${entry.digest} to ${format}: ${obstacle}, so it could lose data`);
  return { entry, document: newDocument(context.host.hash, manifest), lost };
}
