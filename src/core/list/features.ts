import type { Loss } from "../index/mod.ts";
import { type Descriptor, type ImageIndex, mediaTypes } from "../spec/mod.ts";
import { type Features, featuresKey, type ListState } from "../store/mod.ts";

/*
 * CPU features of entries: a docker list holds them, an OCI index does not. There they stand in the list's record, beside the
 * index. An edit sees them in the entries (joined), and they go back to the record when it is done (split).
 */

/** Returns the index of `state` with the features its record keeps, as a docker list holds them. */
export function withFeatures(state: ListState): ImageIndex {
  if (Object.keys(state.features).length === 0) return state.index;
  const manifests = state.index.manifests.map((entry) => {
    const features = state.features[featuresKey(entry)];
    if (features === undefined || features.length === 0) return entry;
    return { ...entry, platform: { architecture: "", os: "", ...entry.platform, features } };
  });
  return { ...state.index, manifests };
}

/** Returns the index of `state` as it is pushed: a docker list has the features its record keeps. */
export function pushedIndex(state: ListState): ImageIndex {
  return state.index.mediaType === mediaTypes.dockerList ? withFeatures(state) : state.index;
}

/** Moves the features the record of `state` keeps into the entries: what an edit does to an entry it does to its features too. */
export function joinFeatures(state: ListState): ListState {
  return Object.keys(state.features).length === 0 ? state : { ...state, index: withFeatures(state), features: {} };
}

/** Moves the features in the entries of `state` to its record; `kept` are those that are not `known` already. */
export function splitFeatures(state: ListState, known: Features = {}): { readonly state: ListState; readonly kept: readonly Loss[] } {
  const features: Record<string, readonly string[]> = { ...state.features };
  const kept: Loss[] = [];
  let isSplit = false;
  const manifests = state.index.manifests.map((entry): Descriptor => {
    const own = entry.platform?.features;
    if (own === undefined || own.length === 0) return entry;
    const key = featuresKey(entry);
    const value = own.join(",");
    features[key] = own;
    if (known[key]?.join(",") !== value) kept.push({ where: entry.digest, field: "features", value });
    isSplit = true;
    return withoutFeatures(entry);
  });
  return isSplit ? { state: { ...state, index: { ...state.index, manifests }, features }, kept } : { state, kept };
}

/** In an OCI index an entry has no platform rather than one that says nothing. */
function withoutFeatures({ platform = { architecture: "", os: "" }, ...entry }: Descriptor): Descriptor {
  const { features: _, ...rest } = platform;
  const saysNothing = rest.os === "" && rest.architecture === "" && Object.keys(rest).length === 2;
  return saysNothing ? entry : { ...entry, platform: rest };
}
