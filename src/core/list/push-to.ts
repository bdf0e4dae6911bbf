import { OciError, quote } from "../base/mod.ts";
import { overlaySource } from "../content/mod.ts";
import { copyList, type FoundReferrer, type PlannedWrite, rehearse, relaySource } from "../copy/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import { type Descriptor, type Digest, formatLocation } from "../spec/mod.ts";
import { type ListContext, quietly, signalOf } from "./context.ts";
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
  /** Asks for every blob. */
  readonly verifyBlobs: boolean;
  /** Writes nothing. */
  readonly dryRun: boolean;
}

/** What went to one destination. */
export interface Pushed {
  /** How many images were brought along or found there. */
  readonly images: number;
  /** What would have been written, had it not been a dry run. */
  readonly writes: readonly PlannedWrite[];
  /** Where it can be read now. */
  readonly source: ContentSource;
}

/** What goes along to a destination. */
export interface Along {
  /** What refers to the list and its images. */
  readonly referrers: readonly FoundReferrer[];
  /** Another destination, which has everything by now. */
  readonly first: ContentSource | undefined;
}

/** Pushes to `destination`; content that `first` has got already may come from there. */
export async function pushTo(pushing: Pushing, destination: Destination, { referrers, first }: Along): Promise<Pushed> {
  const { context, prepared, dryRun } = pushing;
  const { location, tags } = destination;
  const opened = await context.transports.place(location);
  const { document } = prepared;
  const { mediaType } = document.descriptor;
  requireAccepted(opened.target, mediaType);
  const rehearsal = dryRun ? rehearse(opened.target, (tag) => formatLocation(tagged(location, tag))) : undefined;
  const target = rehearsal?.target ?? opened.target;
  const known = await knownEntries(pushing);
  const { images } = await copyList({
    root: document,
    entries: pushing.all ? [...known] : [],
    present: presentEntries(pushing, known, target),
    source: async (entry) => relayed(await requireSource(pushing, entry), first, target),
    referrers: referrers.map((referrer) => ({ ...referrer, source: relayed(referrer.source, first, target) })),
    target,
    pool: context.pool,
    report: dryRun ? quietly(context.report) : context.report,
    verifyBlobs: pushing.verifyBlobs,
    ...(tags && { tags }),
    ...signalOf(context),
  });
  return { images, writes: rehearsal?.writes ?? [], source: opened.source };
}

function relayed(source: ContentSource, first: ContentSource | undefined, target: ContentTarget): ContentSource {
  return first === undefined ? source : relaySource(source, { first, target });
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

async function requireSource(pushing: Pushing, entry: Descriptor): Promise<ContentSource> {
  const source = await entrySource(pushing, entry);
  if (source === undefined) throw new OciError("NOT_FOUND", `Cannot push image ${quote(entry.digest)}: the list does not say where it lies`);
  return source;
}

/** An entry whose origin nobody recorded (a descriptor that was given as it is) cannot be brought along. */
async function knownEntries(pushing: Pushing): Promise<ReadonlySet<Descriptor>> {
  const entries = pushing.prepared.document.value.manifests;
  const sources = await Promise.all(entries.map((entry) => entrySource(pushing, entry)));
  return new Set(entries.filter((_, at) => sources[at] !== undefined));
}
