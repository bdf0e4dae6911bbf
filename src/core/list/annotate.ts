import { OciError, quote } from "../base/mod.ts";
import { annotateEntries, annotateIndex, type EntryPatch, type IndexPatch } from "../index/mod.ts";
import type { Annotations, Descriptor, Digest, ManifestDocument } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { digestsOf, finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import type { ListContext } from "./context.ts";
import { entriesFinder } from "./entry.ts";
import type { Format } from "./format.ts";
import { annotateLevels, type EntryAnnotations } from "./levels.ts";
import { withManifestLevel } from "./manifest-level.ts";
import { openListPlace } from "./open-place.ts";
import type { ListView } from "./place.ts";
import { warnReservedKeys } from "./reserved.ts";
import { describeSubject } from "./subject.ts";

/** A change of the index itself. */
export interface IndexChange extends Omit<IndexPatch, "subject"> {
  /** Image the index refers to. */
  readonly subject?: string;
  /** Annotations of entries by platform, beside the change. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
  /** Annotations inside the manifests of images by platform, which get new digests by that. @default none */
  readonly manifestAnnotations?: readonly EntryAnnotations[];
}

/** A change of entries. */
export interface EntryChange extends EntryPatch {
  /** Annotations of the index, beside the change. @default none */
  readonly indexAnnotations?: Annotations;
  /** Annotations of entries by platform, beside the change. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
  /** Annotations inside the manifests of images by platform, which get new digests by that. @default none */
  readonly manifestAnnotations?: readonly EntryAnnotations[];
}

/** Options of {@linkcode annotateList}. */
export interface AnnotateOptions {
  /** Converts the list, and agrees to what that drops. */
  readonly format?: Format;
}

/**
 * Changes the index itself: its annotations, its subject, its artifact type. A docker list becomes an OCI index for it.
 * @example The description that registries show
 * ```ts
 * import assert from "node:assert/strict";
 * import { annotateList, createList, inspectList, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * await createList(lists, "app", { format: "v2s2" });
 * await annotateList(lists, "app", { annotations: { "org.opencontainers.image.description": "An app" } });
 * const { document } = await inspectList(lists, "app");
 * assert.equal(document.value.annotations?.["org.opencontainers.image.description"], "An app");
 * ```
 */
export async function annotateList(context: ListContext, list: string, change: IndexChange, options: AnnotateOptions = {}): Promise<ListResult> {
  const place = await openListPlace(context, list);
  const { subject: subjectName, entryAnnotations = [], manifestAnnotations = [], ...rest } = change;
  const [view, subject] = await Promise.all([place.read(), subjectName === undefined ? undefined : describeSubject(context, subjectName)]);
  const patch: IndexPatch = { ...rest, ...(subject && { subject }) };
  const say = sayOnce(context);
  const edit = (state: ListState): ListState => ({ ...state, index: annotateLevels(annotateIndex(state.index, patch), entryAnnotations) });
  const result = await withManifestLevel(context, { place, annotations: manifestAnnotations, say }, async ({ apply, documents }) => {
    const written = await place.edit(view, (state) => finish(apply(edit(state)), { place, known: view.state.features, ...options }, say), { documents });
    return resultOf(written, rewrittenIn(written, documents));
  });
  warnReservedKeys(context, change.annotations, ...[...entryAnnotations, ...manifestAnnotations].map(({ annotations }) => annotations));
  return result;
}

/**
 * Changes the entries that `entries` name: digest, digest prefix, platform, file of an artifact, or image name, in this order.
 * @throws {OciError} `NOT_FOUND` that names the entries there are; `INVALID` if several match
 */
export async function annotateListEntries(
  context: ListContext,
  list: string,
  entries: readonly string[],
  change: EntryChange,
  options: AnnotateOptions = {},
): Promise<ListResult> {
  if (entries.length === 0) throw new OciError("INVALID", `Cannot annotate ${quote(list)}: no entry is named`);
  const place = await openListPlace(context, list);
  const view = await place.read();
  const find = await entriesFinder(context, { place, view }, entries);
  let chosen: readonly Descriptor[] = [];
  const say = sayOnce(context);
  const { manifestAnnotations = [], entryAnnotations = [] } = change;
  const result = await withManifestLevel(context, { place, annotations: manifestAnnotations, say }, async (level) => {
    const edit = (state: ListState): ListState => {
      chosen = find(state.index);
      return finish(level.apply(changeEntries(state, chosen, change)), { place, known: view.state.features, ...options }, say);
    };
    const written = await place.edit(view, edit, { documents: level.documents });
    return resultOf(written, [...new Set([...digestsOf(chosen).map(level.digestOf), ...rewrittenIn(written, level.documents)])]);
  });
  warnReservedKeys(
    context,
    change.annotations,
    change.indexAnnotations,
    ...[...entryAnnotations, ...manifestAnnotations].map(({ annotations }) => annotations),
  );
  return result;
}

function rewrittenIn({ state }: ListView, documents: readonly ManifestDocument[]): readonly Digest[] {
  const made = new Set(documents.map(({ descriptor }) => descriptor.digest));
  return digestsOf(state.index.manifests).filter((digest) => made.has(digest));
}

function changeEntries(state: ListState, entries: readonly Descriptor[], change: EntryChange): ListState {
  const { indexAnnotations, entryAnnotations = [], manifestAnnotations: _, ...patch } = change;
  const patched = annotateLevels(annotateEntries(state.index, entries, patch), entryAnnotations);
  const index = indexAnnotations ? annotateIndex(patched, { annotations: indexAnnotations }) : patched;
  return { ...state, index };
}
