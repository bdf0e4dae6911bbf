import type { ImageIndex } from "../spec/mod.ts";
import { chosenEntries, type EntryChoice } from "./choice.ts";

/**
 * Returns `index` without the entries that `choices` mean.
 * @throws {OciError} `NOT_FOUND` for a choice that no entry is
 * @example Take an entry out
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex, removeEntries } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const index = createIndex({ manifests: [emptyDescriptor] });
 * assert.deepEqual(removeEntries(index, [emptyDescriptor.digest]), createIndex());
 * ```
 */
export function removeEntries(index: ImageIndex, choices: readonly EntryChoice[]): ImageIndex {
  const gone = chosenEntries(index, choices, "remove");
  return { ...index, manifests: index.manifests.filter((entry) => !gone.has(entry)) };
}
