import { OciError, quote } from "../base/mod.ts";
import { annotateEntries, annotateIndex, type EntryPatch, type IndexPatch } from "../index/mod.ts";
import type { Annotations, Descriptor } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { digestsOf, finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import type { ListContext } from "./context.ts";
import { entriesFinder } from "./entry.ts";
import type { Format } from "./format.ts";
import { annotateLevels, type EntryAnnotations } from "./levels.ts";
import { openListPlace } from "./open-place.ts";
import { warnReservedKeys } from "./reserved.ts";
import { describeSubject } from "./subject.ts";

/** A change of the index itself. */
export interface IndexChange extends Omit<IndexPatch, "subject"> {
  /** Image the index refers to. */
  readonly subject?: string;
  /** Annotations of entries by platform, beside the change. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
}

/** A change of entries. */
export interface EntryChange extends EntryPatch {
  /** Annotations of the index, beside the change. @default none */
  readonly indexAnnotations?: Annotations;
  /** Annotations of entries by platform, beside the change. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
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
  const { subject: subjectName, entryAnnotations = [], ...rest } = change;
  const [view, subject] = await Promise.all([place.read(), subjectName === undefined ? undefined : describeSubject(context, subjectName)]);
  const patch: IndexPatch = { ...rest, ...(subject && { subject }) };
  const say = sayOnce(context);
  const edit = (state: ListState): ListState => ({ ...state, index: annotateLevels(annotateIndex(state.index, patch), entryAnnotations) });
  const written = await place.edit(view, (state) => finish(edit(state), { place, ...options }, say));
  warnReservedKeys(context, change.annotations, ...entryAnnotations.map(({ annotations }) => annotations));
  return resultOf(written);
}

/**
 * Changes the entries that `entries` name: digest, digest prefix, platform, or image name, in this order.
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
  const find = await entriesFinder(context, view.state.index, entries);
  let chosen: readonly Descriptor[] = [];
  const say = sayOnce(context);
  const written = await place.edit(view, (state) => {
    chosen = find(state.index);
    return finish(changeEntries(state, chosen, change), { place, ...options }, say);
  });
  warnReservedKeys(context, change.annotations, change.indexAnnotations, ...(change.entryAnnotations ?? []).map(({ annotations }) => annotations));
  return resultOf(written, digestsOf(chosen));
}

function changeEntries(state: ListState, entries: readonly Descriptor[], change: EntryChange): ListState {
  const { indexAnnotations, entryAnnotations = [], ...patch } = change;
  const patched = annotateLevels(annotateEntries(state.index, entries, patch), entryAnnotations);
  const index = indexAnnotations ? annotateIndex(patched, { annotations: indexAnnotations }) : patched;
  const clears = patch.platform?.features?.length === 0 || patch.unset?.includes("features") === true || patch.unset?.includes("platform") === true;
  if (!clears) return { ...state, index };
  const changed = new Set<string>(digestsOf(entries));
  const features = Object.fromEntries(Object.entries(state.features).filter(([digest]) => !changed.has(digest)));
  return { ...state, index, features };
}
