import { equalBytes, OciError, quote } from "../base/mod.ts";
import { type MadeContent, overlaySource } from "../content/mod.ts";
import { copyList, isSameRepository } from "../copy/mod.ts";
import type { ContentPlace, ContentSource, ContentTarget } from "../port/mod.ts";
import { type Descriptor, type Digest, findEditObstacle, formatLocation, type Location } from "../spec/mod.ts";
import type { EntrySource, ListState } from "../store/mod.ts";
import { type ListContext, quietly, signalOf, warn } from "./context.ts";
import { editUntilFree } from "./edit-until-free.ts";
import { openEntrySource } from "./entry-source.ts";
import { withFeatures } from "./features.ts";
import type { Foresee } from "./found-image.ts";
import { isMissing } from "./missing.ts";
import { byDigest, documentOf, type ListPlace, type ListView, leftToCheck, requireAccepted, requireIndex, type WriteOptions } from "./place.ts";

/** Returns the list at `location` as a place: the index is read, edited and written where it is, and no layer moves that is there already. */
export async function openLocationPlace(context: ListContext, location: Location): Promise<ListPlace> {
  const name = formatLocation(location);
  const opened = await context.transports.place(location);
  const { target, foresee } = foreseeing(context, opened.target);
  const place: ContentPlace = { ...opened, target };
  const held = new Map<string, ContentSource>();
  const open: ListPlace["open"] = async (origin, entry) => held.get(origin.location) ?? openEntrySource(context, origin, entry);
  const read = async (): Promise<ListView> => {
    const document = requireIndex(await place.source.resolve(signalOf(context)), name);
    return { id: document.descriptor.digest, names: [name], state: { index: document.value, sources: {}, features: {} }, document };
  };
  return {
    name,
    hasRecord: false,
    replaces: true,
    nameIn: () => name,
    foresee,
    hold(images, task) {
      for (const { source, content } of images) if (source && content) held.set(source.location, content);
      return task(images);
    },
    read,
    async tryRead() {
      try {
        return await read();
      } catch (error) {
        if (isMissing(error, name)) return undefined;
        throw error;
      }
    },
    create: async (state, options = {}) => {
      refuseDigest(location);
      return write(context, place, { name, state, options, open, before: [], ...(options.onlyIfAbsent === true && { expected: undefined }) });
    },
    edit: async (view, change, options = {}) => {
      refuseDigest(location);
      const edit = (current: ListView): Promise<ListView> => editOnce(context, place, { name, view: current, change, options, open });
      return place.target.repository === undefined ? editUntilFree(context, { view, read, edit }) : edit(view);
    },
    open,
    originOf: (state, digest) => (Object.hasOwn(state.sources, digest) ? state.sources[digest] : { location: name }),
    sourceOf: async (_view, _entry) => place.source,
  };
}

interface Editing {
  readonly name: string;
  readonly open: ListPlace["open"];
  readonly view: ListView;
  readonly change: (state: ListState) => ListState;
  readonly options: WriteOptions;
}

/** Writes the edit of what was read. @throws {OciError} `CONFLICT` if that is no longer what is there */
async function editOnce(context: ListContext, place: ContentPlace, { name, view, change, options, open }: Editing): Promise<ListView> {
  const obstacle = findEditObstacle(view.document.bytes, quote(name));
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot edit ${quote(name)}: ${obstacle}, so an edit could lose data`);
  const state = change(view.state);
  if (state === view.state || equalBytes(documentOf(context, withFeatures(state)).bytes, view.document.bytes)) return view;
  const { digest } = view.document.descriptor;
  const signatures = (await place.source.signatures?.(digest, signalOf(context))) ?? [];
  const written = await write(context, place, { name, state, options, open, before: view.state.index.manifests, expected: digest });
  if (signatures.length > 0) warn(context, `the signatures of ${quote(name)} are gone: they were of ${digest}, before the edit`);
  return written;
}

/** Asks for an image while its config is still being read: one round trip less before its blobs go. */
function foreseeing(context: ListContext, opened: ContentTarget): { readonly target: ContentTarget; readonly foresee: Foresee } {
  const asked = new Map<Digest, Promise<boolean>>();
  return {
    target: { ...opened, hasManifest: (descriptor, options) => asked.get(descriptor.digest) ?? opened.hasManifest(descriptor, options) },
    foresee(source, descriptor) {
      if (asked.has(descriptor.digest) || isSameRepository(source.repository, opened.repository)) return;
      const answer = context.pool.run(() => opened.hasManifest(descriptor, signalOf(context)));
      answer.catch(() => {});
      asked.set(descriptor.digest, answer);
    },
  };
}

function refuseDigest(location: Location): void {
  if (location.transport === "docker" && location.reference.digest !== undefined) {
    throw new OciError("INVALID", `Cannot edit ${quote(formatLocation(location))}: a digest names content that cannot change, expected a tag`);
  }
}

interface Writing extends Pick<Editing, "name" | "options" | "open"> {
  readonly state: ListState;
  /** Entries that were there. */
  readonly before: readonly Descriptor[];
  readonly expected?: Digest | undefined;
}

async function write(context: ListContext, place: ContentPlace, writing: Writing): Promise<ListView> {
  const { name, state, options, open } = writing;
  const document = documentOf(context, withFeatures(state));
  requireAccepted(place.target, document.descriptor.mediaType);
  const made: MadeContent = { manifests: byDigest(options.documents ?? []) };
  const isBrought = (entry: Descriptor) => Object.hasOwn(state.sources, entry.digest);
  const before = new Set(writing.before.map(({ digest }) => digest));
  await copyList({
    root: document,
    entries: state.index.manifests.filter(isBrought),
    present: leftToCheck(
      place.target,
      state.index.manifests.filter((entry) => !isBrought(entry) && !before.has(entry.digest)),
    ),
    source: async (entry) => overlaySource(await open(requireOrigin(state, entry), entry), made),
    target: place.target,
    pool: context.pool,
    report: quietly(context.report),
    ...("expected" in writing && { expected: writing.expected }),
    ...signalOf(context),
  });
  return { id: document.descriptor.digest, names: [name], state: { ...state, sources: {} }, document };
}

function requireOrigin({ sources }: ListState, { digest }: Descriptor): EntrySource {
  const recorded = sources[digest];
  if (recorded === undefined) throw new TypeError(`no source for ${digest}`);
  return recorded;
}
