import { OciError, quote } from "../base/mod.ts";
import { annotateEntry, annotateIndex, type EntryPatch, type IndexPatch } from "../index/mod.ts";
import type { Descriptor, Digest } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import type { ListContext } from "./context.ts";
import { findListEntry } from "./entry.ts";
import type { Format } from "./format.ts";
import { openListPlace } from "./open-place.ts";
import { describeSubject } from "./subject.ts";

/** A change of the index itself. */
export interface IndexChange extends Omit<IndexPatch, "subject"> {
  /** Image the index refers to. */
  readonly subject?: string;
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
 * import { annotateIndexOf, createList, inspectList, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * await createList(lists, "app", { format: "v2s2" });
 * await annotateIndexOf(lists, "app", { annotations: { "org.opencontainers.image.description": "An app" } });
 * const { document } = await inspectList(lists, "app");
 * assert.equal(document.value.annotations?.["org.opencontainers.image.description"], "An app");
 * ```
 */
export async function annotateIndexOf(context: ListContext, list: string, change: IndexChange, options: AnnotateOptions = {}): Promise<ListResult> {
  const place = await openListPlace(context, list);
  const { subject: subjectName, ...rest } = change;
  const [view, subject] = await Promise.all([place.read(), subjectName === undefined ? undefined : describeSubject(context, subjectName)]);
  const patch: IndexPatch = { ...rest, ...(subject && { subject }) };
  const say = sayOnce(context);
  const written = await place.edit(view, (state) => finish({ ...state, index: annotateIndex(state.index, patch) }, { place, ...options }, say));
  return resultOf(written);
}

/**
 * Changes the entries that `entries` name: digest, digest prefix, platform, or image name, in this order.
 * @throws {OciError} `NOT_FOUND` that names the entries there are; `INVALID` if several match
 */
export async function annotateEntries(context: ListContext, list: string, entries: readonly string[], patch: EntryPatch, options: AnnotateOptions = {}): Promise<ListResult> {
  if (entries.length === 0) throw new OciError("INVALID", `Cannot annotate ${quote(list)}: no entry is named`);
  const place = await openListPlace(context, list);
  const view = await place.read();
  const chosen: Descriptor[] = [];
  for (const entry of entries) chosen.push(await findListEntry(context, view, entry));
  const digests = chosen.map((entry) => entry.digest);
  const say = sayOnce(context);
  const written = await place.edit(view, (state) => finish(patchEntries(state, digests, patch), { place, ...options }, say));
  return resultOf(written, digests);
}

function patchEntries(state: ListState, digests: readonly Digest[], patch: EntryPatch): ListState {
  const index = digests.reduce((current, digest) => annotateEntry(current, digest, patch), state.index);
  if (patch.unset?.includes("features") !== true) return { ...state, index };
  const features = Object.fromEntries(Object.entries(state.features).filter(([digest]) => !digests.some((one) => one === digest)));
  return { ...state, index, features };
}
