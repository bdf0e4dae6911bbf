import { OciError, quote } from "../base/mod.ts";
import { type AddedEntryOptions, type AddResult, addToPlace } from "./add-found.ts";
import { type ArtifactDescription, makeArtifact } from "./artifact.ts";
import type { ListContext } from "./context.ts";
import { openListPlace } from "./open-place.ts";
import { warnReservedKeys } from "./reserved.ts";

/** Options of {@linkcode addArtifactToList}. */
export interface AddArtifactOptions extends AddedEntryOptions {
  /** What the artifact is, beside its files. */
  readonly artifact?: ArtifactDescription;
}

/**
 * Adds one artifact made of `files` to a list. A local list keeps their content, so that what becomes of them later does not matter;
 * to a list at a location they go at once.
 * @throws {OciError} `NOT_FOUND` for a list or file that is not there; `MISMATCH` for a file that changes meanwhile
 * @example Put a bill of materials beside the images
 * ```ts
 * import assert from "node:assert/strict";
 * import { addArtifactToList, createList, inspectList, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const host = memoryHost();
 * const file = await host.files.create("/sbom.spdx.json");
 * await file.write(new TextEncoder().encode("{}"));
 * await file.close();
 *
 * const lists = openLists(host, { root: "/lists" });
 * await createList(lists, "app");
 * const { added } = await addArtifactToList(lists, "app", ["/sbom.spdx.json"], { artifact: { artifactType: "application/spdx+json" } });
 * const { document } = await inspectList(lists, "app");
 * assert.deepEqual("manifests" in document.value && document.value.manifests.map(({ digest, artifactType }) => [digest, artifactType]), [
 *   [added[0], "application/spdx+json"],
 * ]);
 * ```
 */
export async function addArtifactToList(context: ListContext, list: string, files: readonly string[], options: AddArtifactOptions = {}): Promise<AddResult> {
  if (files.length === 0) throw new OciError("INVALID", `Cannot add an artifact to ${quote(list)}: no file is named`);
  const place = await openListPlace(context, list);
  const view = await place.read();
  const artifact = await makeArtifact(context, files, options.artifact);
  const result = await addToPlace(context, { place, view, found: [[artifact]] }, options);
  warnReservedKeys(context, options.artifact?.annotations);
  return result;
}
