import { OciError, quote } from "../base/mod.ts";
import { overlaySource } from "../content/mod.ts";
import { type ListDestination, type PlannedWrite, rehearse } from "../copy/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import { type Descriptor, type Digest, formatLocation } from "../spec/mod.ts";
import type { ListContext } from "./context.ts";
import { type Destination, tagged } from "./destination.ts";
import { type ListPlace, type ListView, leftToCheck, requireAccepted } from "./place.ts";
import type { PreparedList } from "./push-prepare.ts";

/** One push under way: what goes, and how. */
export interface Pushing {
  readonly context: ListContext;
  readonly place: ListPlace;
  readonly view: ListView;
  /** What is written. */
  readonly prepared: PreparedList;
  /** Digest of the list before anything was left out or changed. */
  readonly original: Digest;
  /** Brings the images along. */
  readonly all: boolean;
  /** Takes signatures along. */
  readonly signatures: boolean;
  /** Asks for every blob. */
  readonly verifyBlobs: boolean;
  /** Writes nothing. */
  readonly dryRun: boolean;
  /** What a dry run has planned. */
  readonly planned: Set<string>;
}

/** What went to one destination. */
export interface Pushed {
  /** How many images were brought along or found there. */
  readonly images: number;
  /** What would have been written, had it not been a dry run. */
  readonly writes: readonly PlannedWrite[];
}

/** A destination, opened. */
export interface OpenedDestination extends ListDestination {
  /** What would have been written, so far, of a dry run. */
  readonly writes: readonly PlannedWrite[];
}

/** Returns `destination` ready to be pushed to; nothing is asked yet. @throws {OciError} `UNSUPPORTED`, `DENIED` where nothing can be written */
export async function openDestination(pushing: Pushing, { location, tags }: Destination, known: ReadonlySet<Descriptor>): Promise<OpenedDestination> {
  const { target, source } = await pushing.context.transports.place(location);
  requireAccepted(target, pushing.prepared.document.descriptor.mediaType);
  const nameOf = (tag: string | undefined): string => formatLocation(tagged(location, tag));
  const rehearsal = pushing.dryRun ? rehearse(target, { nameOf, planned: pushing.planned }) : undefined;
  return {
    target: rehearsal?.target ?? target,
    readable: source,
    present: presentEntries(pushing, known, target),
    writes: rehearsal?.writes ?? [],
    ...(tags && { tags }),
  };
}

/** Entries that nobody brings along must be there. */
function presentEntries({ prepared, all }: Pushing, known: ReadonlySet<Descriptor>, target: ContentTarget): readonly Descriptor[] {
  const entries = prepared.document.value.manifests;
  return all
    ? leftToCheck(
        target,
        entries.filter((entry) => !known.has(entry)),
      )
    : entries;
}

/** Returns where an entry comes from, if the list says so; one that was made for the push comes from where its original lies. */
export async function entrySource({ place, view, prepared }: Pushing, entry: Descriptor): Promise<ContentSource | undefined> {
  const source = await place.sourceOf(view, prepared.originals.get(entry.digest) ?? entry);
  return source && overlaySource(source, prepared.made);
}

/** Returns where the list lies as it is pushed, if anywhere. */
export async function rootSource({ place, view, prepared, original }: Pushing): Promise<ContentSource | undefined> {
  const { descriptor } = prepared.document;
  return place.hasRecord || descriptor.digest !== original ? undefined : await place.sourceOf(view, descriptor);
}

/** Returns where an entry comes from. @throws {OciError} `NOT_FOUND` where nobody says so */
export async function requireSource(pushing: Pushing, entry: Descriptor): Promise<ContentSource> {
  const source = await entrySource(pushing, entry);
  if (source === undefined) throw new OciError("NOT_FOUND", `Cannot push image ${quote(entry.digest)}: the list does not say where it lies`);
  return source;
}

/** Returns the entries to bring along: one whose origin nobody recorded (a descriptor that was given as it is) cannot be. */
export async function knownEntries(pushing: Pushing): Promise<ReadonlySet<Descriptor>> {
  const entries = pushing.prepared.document.value.manifests;
  const sources = await Promise.all(entries.map((entry) => entrySource(pushing, entry)));
  return new Set(entries.filter((_, at) => sources[at] !== undefined));
}
