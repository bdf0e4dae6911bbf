import { OciError, streamBytes } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import { type Descriptor, type Digest, type IndexDocument, mediaTypes } from "../spec/mod.ts";
import { type EntrySource, type ListRecord, type ListState, normaliseListName } from "../store/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { openEntrySource } from "./entry-source.ts";
import { joinFeatures, pushedIndex, splitFeatures } from "./features.ts";
import { holdImages } from "./hold-images.ts";
import { documentOf, type ListPlace, type ListView, type WriteOptions } from "./place.ts";

/** Returns the local list `name` as a place. */
export function openLocalPlace(context: ListContext, name: string): ListPlace {
  const { store } = context;
  const tryRead = async () => {
    const record = await store.find(name);
    return record && viewOf(context, record);
  };
  return {
    name,
    hasRecord: true,
    replaces: false,
    tryRead,
    nameIn: (view) => findName(view.names, name),
    async read() {
      const view = await tryRead();
      if (view === undefined) throw new OciError("NOT_FOUND", `${name}: image not known`);
      return view;
    },
    hold: (images, task) => holdImages(context, images, task),
    create: (state, options = {}) =>
      keeping(context, options, async () => viewOf(context, await store.create(name, state, { replace: options.replace ?? false, ...signalOf(context) }))),
    edit: (view, change, options = {}) => keeping(context, options, async () => viewOf(context, await store.edit(view.id, wholly(change), signalOf(context)))),
    originOf: recordedOrigin,
    open: (origin, entry) => openEntrySource(context, origin, entry),
    sourceOf: (view, entry) => sourceOfEntry(context, view.state, entry),
  };
}

/** What the index cannot hold stands beside it in the record; `change` sees it in the entries, and it follows them. */
function wholly(change: (state: ListState) => ListState): (state: ListState) => ListState {
  return (state) => {
    const joined = joinFeatures(state);
    const next = change(joined);
    if (next === joined) return state;
    return next.index.mediaType === mediaTypes.ociIndex ? splitFeatures(next).state : next;
  };
}

/** Returns the one of `names` that `text` is once completed, or undefined where it is no name. */
export function findName(names: readonly string[], text: string): string | undefined {
  try {
    const name = normaliseListName(text);
    return names.includes(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

/** The document is made when it is asked for: an edit encodes a long index only once more than it must. */
function viewOf(context: ListContext, record: ListRecord): ListView {
  let made: IndexDocument | undefined;
  return {
    id: record.id,
    names: record.names,
    state: record,
    get document() {
      return (made ??= documentOf(context, pushedIndex(record)));
    },
  };
}

/** Does an edit with the manifests that were made for it in the store. */
async function keeping(context: ListContext, { documents = [] }: WriteOptions, edit: () => Promise<ListView>): Promise<ListView> {
  if (documents.length === 0) return edit();
  return context.store.keep(async (keeper) => {
    for (const { descriptor, bytes } of documents) await keeper.put(descriptor, async () => streamBytes(bytes), signalOf(context));
    return edit();
  });
}

/** Returns the source that `state` records for `entry`, with a manifest made by an edit in front of it. */
export async function sourceOfEntry(context: ListContext, state: ListState, entry: Descriptor): Promise<ContentSource | undefined> {
  const recorded = recordedOrigin(state, entry.digest);
  return recorded && (await openEntrySource(context, recorded, entry));
}

function recordedOrigin(state: ListState, digest: Digest): EntrySource | undefined {
  return Object.hasOwn(state.sources, digest) ? state.sources[digest] : undefined;
}
