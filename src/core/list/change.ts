import { OciError, quote } from "../base/mod.ts";
import { addEntries, type EntryPatch, isAttestation } from "../index/mod.ts";
import { type Descriptor, type Digest, mediaTypes } from "../spec/mod.ts";
import type { EntrySource, Features, ListState } from "../store/mod.ts";
import { type ListContext, warn } from "./context.ts";
import { splitFeatures } from "./features.ts";
import { convertState, type Format, listLosses, settleState } from "./format.ts";
import type { FoundImage } from "./found-image.ts";
import type { ListPlace, ListView } from "./place.ts";

/** What a verb that changed a list gives back. */
export interface ListResult {
  /** ID of a local list; digest of the index at a location. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** Digest of the index as it would be pushed, or was written. */
  readonly digest: Digest;
  /** Size of the index in bytes. */
  readonly size: number;
  /** Type of the index. */
  readonly mediaType: string;
  /** Digests of the entries that were touched. */
  readonly entries: readonly Digest[];
}

/** Returns the result of a change that left `view` behind. */
export function resultOf(view: ListView, entries: readonly Digest[] = []): ListResult {
  const { digest, size, mediaType } = view.document.descriptor;
  return { id: view.id, names: view.names, digest, size, mediaType, entries };
}

/** What a verb does to the entries it adds. */
export interface AddPatches {
  /** Applied to every image; attestations stay as they are. */
  readonly all: EntryPatch;
  /** Applied to an image that was not selected by its platform: overrides of what it records. */
  readonly overrides: EntryPatch;
}

/** Returns `state` with the images in it, patched. */
export function addFound(state: ListState, images: readonly FoundImage[], { all, overrides }: AddPatches): ListState {
  if (images.length === 0) return state;
  const both: EntryPatch = { ...all, platform: { ...all.platform, ...overrides.platform } };
  const index = addEntries(
    state.index,
    images.map(({ entry, selected, stated = false }) => ({
      entry,
      isStated: stated,
      ...(!isAttestation(entry) && { patch: selected ? all : both }),
    })),
  );
  const sources = { ...state.sources };
  for (const { entry, source } of images) if (source !== undefined) sources[entry.digest] = withFiles(source, sources[entry.digest]);
  return { ...state, index, sources };
}

/** The same artifact may be made of files in several places, and is known by all of them. */
function withFiles(source: EntrySource, before: EntrySource | undefined): EntrySource {
  const files = [...new Set([...(before?.files ?? []), ...(source.files ?? [])])];
  return files.length === 0 ? source : { ...source, files };
}

/** Returns the digests of `entries`, each once. */
export function digestsOf(entries: readonly Descriptor[]): readonly Digest[] {
  return [...new Set(entries.map(({ digest }) => digest))];
}

/** A change of a list's content, brought into a type that can hold it. */
export interface Finishing {
  /** The list's place: without a record beside it, what the type cannot hold would be lost. */
  readonly place: ListPlace;
  /** The format the user typed: consent to what it drops. */
  readonly format?: Format;
  /** The features the list's record keeps already, of which nothing more is said. */
  readonly known?: Features;
}

/**
 * Returns `state` in the type it should have. Says every conversion and everything the type cannot hold, through `say`;
 * refuses to drop anything that nobody agreed to. @throws {OciError} `LOSS`
 */
export function finish(state: ListState, finishing: Finishing, say: (message: string) => void): ListState {
  const { place, format, known } = finishing;
  if (format !== undefined) {
    const settled = convertState(state, format, known);
    const gone = [...settled.lost, ...(place.hasRecord ? [] : settled.kept)];
    if (gone.length > 0) say(`the list ${quote(place.name)} becomes ${settled.state.index.mediaType} as asked for and loses ${listLosses(gone)}`);
    if (place.hasRecord && settled.kept.length > 0) sayKept(settled.kept, say);
    return place.hasRecord ? settled.state : { ...settled.state, features: {} };
  }
  const settled = settleState(state);
  const split = settled.state.index.mediaType === mediaTypes.ociIndex ? splitFeatures(settled.state, known) : { state: settled.state, kept: [] };
  const kept = [...settled.kept, ...split.kept];
  if (!place.hasRecord && (kept.length > 0 || settled.lost.length > 0)) {
    const gone = listLosses([...kept, ...settled.lost]);
    throw new OciError(
      "LOSS",
      `Cannot edit ${quote(place.name)}: an OCI image index cannot hold ${gone}, and there is no local record to keep it; --format oci agrees to the loss`,
    );
  }
  if (settled.because.length > 0)
    say(`the list ${quote(place.name)} becomes an OCI image index, as a docker manifest list cannot hold ${listLosses(settled.because)}`);
  if (kept.length > 0) sayKept(kept, say);
  return split.state;
}

function sayKept(kept: Parameters<typeof listLosses>[0], say: (message: string) => void): void {
  say(`an OCI image index cannot hold ${listLosses(kept)}; the list's record keeps it for a push as v2s2`);
}

/** Returns a function that reports each message as a warning once, however often a change is applied again. */
export function sayOnce(context: ListContext): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (!said.has(message)) warn(context, message);
    said.add(message);
  };
}
