import { OciError, quote } from "../base/mod.ts";
import type { ImageFormat } from "../copy/mod.ts";
import { convertIndex, formatLoss, type Loss, needsOci } from "../index/mod.ts";
import { type IndexMediaType, mediaTypes } from "../spec/mod.ts";
import type { Features, ListState } from "../store/mod.ts";
import { splitFeatures, withFeatures } from "./features.ts";

/** The type of a list and its images: OCI, or docker's image manifest version 2, schema 2. */
export type Format = ImageFormat;

/** Returns the format that `text` names; `docker` is a synonym of `v2s2`. @throws {OciError} `INVALID` that names the good ones and where the bad one came from */
export function parseFormat(text: string, origin: string): Format {
  if (text === "oci") return "oci";
  if (text === "v2s2" || text === "docker") return "v2s2";
  throw new OciError("INVALID", `Cannot use format ${quote(text)} from ${origin}: expected oci, v2s2 or docker`);
}

/** Returns the media type of a list in `format`. */
export function indexMediaTypeOf(format: Format): IndexMediaType {
  return format === "oci" ? mediaTypes.ociIndex : mediaTypes.dockerList;
}

/** A state in another type, and what that type cannot hold and the record keeps, or does not. */
export interface Settled {
  /** The state in its new type. */
  readonly state: ListState;
  /** What is gone from the list for good. */
  readonly lost: readonly Loss[];
  /** What the index cannot hold and the list's record keeps from now on: `features`. */
  readonly kept: readonly Loss[];
}

/** Returns `state` with its index in `format`. What an OCI index cannot hold and is not `known` to be in the record moves there; what a docker list cannot hold is lost. */
export function convertState(state: ListState, format: Format, known?: Features): Settled {
  const mediaType = indexMediaTypeOf(format);
  if (format === "v2s2") {
    // An edit may have left in a docker list what only an index holds; named an index it loses that by the same rules.
    const { index, lost } = convertIndex({ ...withFeatures(state), mediaType: mediaTypes.ociIndex }, mediaType);
    return { state: { ...state, index, features: {} }, lost, kept: [] };
  }
  // What is kept in the record must be out of the index before it is converted, or the conversion counts it as lost.
  const split = splitFeatures(state, known);
  const { index, lost } = convertIndex(split.state.index, mediaType);
  return { state: { ...split.state, index }, lost, kept: split.kept };
}

/** Returns `state` in the type its content demands: a docker list that has got what only OCI can hold becomes an OCI index. */
export function settleState(state: ListState): Settled & { readonly because: readonly Loss[] } {
  const because = state.index.mediaType === mediaTypes.dockerList ? needsOci(state.index) : [];
  if (because.length === 0) return { state, lost: [], kept: [], because };
  return { ...convertState(state, "oci"), because };
}

/** Returns one sentence that lists `losses`. */
export function listLosses(losses: readonly Loss[]): string {
  return losses.map(formatLoss).join("; ");
}
