import { OciError, quote } from "../base/mod.ts";
import type { Digest, ImageIndex } from "../spec/mod.ts";

/**
 * Returns `index` without the entries that have one of `digests`.
 * @throws {OciError} `NOT_FOUND` if no entry has one of them
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
export function removeEntries(index: ImageIndex, digests: readonly Digest[]): ImageIndex {
  const there = new Set(index.manifests.map((entry) => entry.digest));
  const missing = digests.find((digest) => !there.has(digest));
  if (missing !== undefined) {
    throw new OciError("NOT_FOUND", `Cannot remove ${quote(missing)}: none of ${index.manifests.length} entries has it`);
  }
  const gone = new Set(digests);
  return { ...index, manifests: index.manifests.filter((entry) => !gone.has(entry.digest)) };
}
