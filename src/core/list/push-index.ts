import { addVariants, isAttestation, type Loss, markZstd, needsOci, rewriteEntries } from "../index/mod.ts";
import { type Descriptor, type Digest, type ImageIndex, type ManifestDocument, mediaTypes } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { joinFeatures, splitFeatures } from "./features.ts";
import { convertState, type Format, indexMediaTypeOf, type Settled, settleState } from "./format.ts";
import { type ImageChange, isZstdAfter } from "./push-changes.ts";

/** An image that was changed for a push. */
export interface ChangedImage extends ImageChange {
  /** Its manifest now. */
  readonly document: ManifestDocument;
  /** What it lost. */
  readonly lost: readonly Loss[];
}

/** What a list is to become. */
interface Wanted {
  /** Its images now. */
  readonly images: readonly ChangedImage[];
  /** The format it gets. */
  readonly format?: Format;
  /** Whether entries tell how layers are compressed. */
  readonly isMarked: boolean;
}

/** A list that points to what its images have become. */
export interface ChangedIndex extends Settled {
  /** What makes an OCI image index of it although nobody asked for that. */
  readonly because: readonly Loss[];
  /** Attestations that were left out. */
  readonly dropped: readonly Descriptor[];
}

/** Returns `state` pointing to what its images have become, in the type that can hold it; undefined where nothing changes. */
export function changeIndex(state: ListState, { images, format, isMarked }: Wanted): ChangedIndex | undefined {
  const joined = joinFeatures(state);
  const dropped = format === "v2s2" ? joined.index.manifests.filter(isAttestation) : [];
  const kept = dropped.length === 0 ? joined.index : { ...joined.index, manifests: joined.index.manifests.filter((entry) => !isAttestation(entry)) };
  const replaced = rewriteEntries(kept, new Map(images.filter(isReplaced).map(({ image, document }) => [image.entry.digest, document.descriptor])));
  const marked = isMarked ? markEntries(replaced, images) : replaced;
  const beside = images.filter(({ added }) => added !== undefined).map(entryBeside);
  const index = beside.length > 0 || marked !== replaced ? addVariants(marked, beside) : marked;
  if (index === state.index && hasFormat(index, format)) return undefined;
  return { ...settle({ ...joined, index }, format), dropped };
}

/** Returns the digests of images that others stand in place of, with theirs. */
export function replacedDigests(images: readonly ChangedImage[]): ReadonlyMap<Digest, Digest> {
  return new Map(images.filter(isReplaced).map(({ image, document }) => [image.entry.digest, document.descriptor.digest]));
}

/** Tells whether an image stands in place of another. */
export function isReplaced({ added, image, document }: ChangedImage): boolean {
  return added === undefined && document !== image.document;
}

function hasFormat(index: ImageIndex, format: Format | undefined): boolean {
  if (format === undefined) return true;
  return index.mediaType === indexMediaTypeOf(format) && (format === "oci" || needsOci(index).length === 0);
}

function markEntries(index: ImageIndex, images: readonly ChangedImage[]): ImageIndex {
  const marks = new Map(images.map((image) => [image.document.descriptor.digest, isZstdAfter(image)]));
  const manifests = index.manifests.map((entry) => {
    const mark = marks.get(entry.digest);
    return mark === undefined || isAttestation(entry) ? entry : markZstd(entry, mark);
  });
  return manifests.every((entry, at) => entry === index.manifests[at]) ? index : { ...index, manifests };
}

/** The entry of an added image says what that of the image beside it says; `data` and `urls` speak of other bytes. */
function entryBeside(change: ChangedImage): Descriptor {
  const { data: _data, urls: _urls, ...said } = change.image.entry;
  const { mediaType, digest, size } = change.document.descriptor;
  return markZstd({ ...said, mediaType, digest, size }, isZstdAfter(change) === true);
}

function settle(state: ListState, format: Format | undefined): Settled & { readonly because: readonly Loss[] } {
  if (format !== undefined) return { ...convertState(state, format), because: [] };
  if (state.index.mediaType === mediaTypes.dockerList) return settleState(state);
  return { ...splitFeatures(state), lost: [], because: [] };
}
