import { OciError, quote } from "../base/mod.ts";
import { type MadeContent, newDocument, type WorkFiles } from "../content/mod.ts";
import { type Descriptor, type Digest, findEditObstacle, type IndexDocument } from "../spec/mod.ts";
import { type PushCompression, planCompression } from "./compression.ts";
import type { ListContext } from "./context.ts";
import { joinFeatures } from "./features.ts";
import type { Format } from "./format.ts";
import { documentOf, type ListPlace, type ListView } from "./place.ts";
import { changeManifest, type ImageChange, planChanges } from "./push-changes.ts";
import { readImages } from "./push-images.ts";
import { type ChangedImage, changeIndex } from "./push-index.ts";
import { type CompressedLayers, compressLayers, sayLayersLeft } from "./push-layers.ts";
import { sayAsItStands, sayIndexesLeft, sayPrepared } from "./push-notices.ts";
import { findStaleSubjects } from "./push-subjects.ts";

/** A list as it is pushed. */
export interface PreparedList {
  /** The index to write. */
  readonly document: IndexDocument;
  /** Manifests and layers that were made for it. */
  readonly made: MadeContent;
  /** The entries whose images they came from, by the new digest. */
  readonly originals: ReadonlyMap<Digest, Descriptor>;
}

/** What is pushed, and as what. */
export interface Preparation {
  /** The list's place. */
  readonly place: ListPlace;
  /** The list. */
  readonly view: ListView;
  /** The format that list and images get. @default the one they have */
  readonly format?: Format | undefined;
  /** What layers get. @default they stay as they are */
  readonly compression?: PushCompression | undefined;
  /** Takes layers that are compressed. */
  readonly work: WorkFiles;
}

/**
 * Returns the list as it is pushed: as it stands, byte for byte, or with its images compressed and converted. Says all that becomes
 * another and whatever gets lost. Nothing is written but files of `work`, and what can be refused is before a layer is read.
 * @throws {OciError} `UNSUPPORTED`, `INVALID` for what contradicts itself, `LOSS` for what cannot be edited, `MISMATCH`
 */
export async function prepareList(context: ListContext, { place, view, format, compression = {}, work }: Preparation): Promise<PreparedList> {
  const plan = planCompression(context.host, compression, format);
  if (format === undefined && plan === undefined) return asItStands(context, view);
  const asked = { ...(format && { format }), ...(plan && { plan }) };
  const entries = joinFeatures(view.state).index.manifests;
  const planned = planChanges(await readImages(context, { place, view, entries, withLayers: plan !== undefined, ...asked }), asked);
  for (const change of planned) changeManifest(change, ({ descriptor }) => descriptor);
  if (plan !== undefined) sayIndexesLeft(context, entries);
  sayLayersLeft(context, planned);
  const layers = await compressLayers(context, work, planned);
  const images = planned.map((change) => changeImage(context, change, layers));
  const after = changeIndex(view.state, { images, isMarked: plan !== undefined, ...asked });
  if (after === undefined) return asItStands(context, view);
  const obstacle = place.hasRecord ? undefined : findEditObstacle(view.document.bytes, quote(place.name));
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot change ${quote(place.name)} for the push: ${obstacle}, so it could lose data`);
  const stale = await findStaleSubjects(context, { place, view, entries, images });
  sayPrepared(context, { before: view.state.index, after, images, stale, ...asked });
  const changed = images.filter(({ image, document }) => document !== image.document);
  return {
    document: documentOf(context, after.state.index),
    made: { manifests: new Map(changed.map(({ document }) => [document.descriptor.digest, document])), blobs: layers.blobs },
    originals: new Map(changed.map(({ image, document }) => [document.descriptor.digest, image.entry])),
  };
}

function asItStands(context: ListContext, { document, state }: ListView): PreparedList {
  sayAsItStands(context, state);
  return { document, made: { manifests: new Map() }, originals: new Map() };
}

function changeImage(context: ListContext, change: ImageChange, layers: CompressedLayers): ChangedImage {
  const { manifest, lost } = changeManifest(change, layers.made);
  const { document } = change.image;
  return { ...change, document: manifest === document.value ? document : newDocument(context.host.hash, manifest), lost };
}
