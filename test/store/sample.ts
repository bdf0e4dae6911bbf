import { createHash } from "node:crypto";
import { createIndex } from "../../src/core/index/mod.ts";
import { type Descriptor, mediaTypes } from "../../src/core/spec/mod.ts";
import type { ListState } from "../../src/core/store/mod.ts";

/** A list nothing was added to. */
export const emptyState: ListState = { index: createIndex(), sources: {}, features: {} };

/** Returns entry number `at`. */
export function entryOf(at: number): Descriptor {
  const digest = createHash("sha256").update(String(at)).digest("hex");
  return { mediaType: mediaTypes.ociManifest, digest: `sha256:${digest}`, size: 500 + at, platform: { architecture: "arm64", os: "linux" } };
}

/** Returns `state` with entry number `at` at its end. */
export function withEntry(state: ListState, at: number): ListState {
  return { ...state, index: { ...state.index, manifests: [...state.index.manifests, entryOf(at)] } };
}
