import * as v from "valibot";
import { type Bytes, OciError, parseJson, quote } from "../../base/mod.ts";
import { type ContentReader, readTreeFile, type Tree } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import { type Digest, digestAlgorithm, encodedDigest, formatLocation, type OciLocation } from "../../spec/mod.ts";

/** A layout for reading, in a directory or in an archive (image-spec image-layout.md). */
export interface OpenLayout {
  /** The location. */
  readonly location: OciLocation;
  /** The location in words, for messages, in quotes. */
  readonly what: string;
  /** Its files. */
  readonly tree: Tree;
  /** Its blobs. */
  readonly content: ContentReader;
}

/** Does `task` with a layout, and returns what it returns; it may be called again. */
export type UseLayout = <T>(options: ContentOptions, task: (layout: OpenLayout) => Promise<T>) => Promise<T>;

/** Name of the file that makes a directory a layout. */
export const markerName = "oci-layout";
const version = "1.0.0";
/** What the marker says. */
export const markerText: string = JSON.stringify({ imageLayoutVersion: version });
/** Name of the file that holds the names. */
export const indexName = "index.json";
const markerLimit = 64 * 1024;
const indexLimit = 4 * 1024 * 1024;
const MarkerSchema: v.GenericSchema<unknown, { readonly imageLayoutVersion: string }> = v.object({ imageLayoutVersion: v.string() });

/** Names a blob `blobs`, its algorithm, its digits. */
export function layoutNaming(digest: Digest): readonly string[] {
  return ["blobs", digestAlgorithm(digest) ?? "", encodedDigest(digest)];
}

/** Returns the layout in `tree`. */
export function openLayout(location: OciLocation, tree: Tree, content: ContentReader): OpenLayout {
  return { location, what: quote(formatLocation(location)), tree, content };
}

/** Returns the bytes of `index.json`. @throws {OciError} `NOT_FOUND` if there is no layout, `INVALID` if it is not one, `UNSUPPORTED` for another version */
export async function readLayout(layout: OpenLayout, options: ContentOptions = {}): Promise<Bytes> {
  const { isMarked, index } = await readMarked(layout, options);
  const { what } = layout;
  if (!isMarked) throw new OciError("NOT_FOUND", `Cannot read ${what}: it has no file "${markerName}", so it is not an OCI layout`);
  if (index === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: the layout has no ${indexName}`);
  return index;
}

/** What {@linkcode readMarked} has found. */
export interface MarkedIndex {
  /** Whether there is a marker. */
  readonly isMarked: boolean;
  /** The bytes of `index.json`, where there is one. */
  readonly index: Bytes | undefined;
}

/**
 * Reads `index.json`, then the marker: who makes a layout writes them the other way round, so that one that is just being made is
 * never taken for a damaged one.
 * @throws {OciError} `INVALID` for an `index.json` without a marker beside it, `UNSUPPORTED` for a layout of another version
 */
export async function readMarked(layout: OpenLayout, options: ContentOptions = {}): Promise<MarkedIndex> {
  const index = await readIndexFile(layout, options);
  const isMarked = await checkMarker(layout, options);
  if (index === undefined || isMarked) return { isMarked, index };
  const { what } = layout;
  throw new OciError("INVALID", `Cannot use ${what}: it has an ${indexName} and no file "${markerName}", expected ${markerText} in it`);
}

/** Returns the bytes of `index.json`, or undefined if there is none. @throws {OciError} `LIMIT` */
async function readIndexFile({ tree, what }: OpenLayout, options: ContentOptions = {}): Promise<Bytes | undefined> {
  return readTreeFile(tree, { parts: [indexName], what: `${indexName} of ${what}` }, { ...options, limit: indexLimit });
}

/** Tells whether the marker is there. @throws {OciError} `UNSUPPORTED` for one of another version */
async function checkMarker({ tree, what }: OpenLayout, options: ContentOptions = {}): Promise<boolean> {
  const bytes = await readTreeFile(tree, { parts: [markerName], what: `${markerName} of ${what}` }, { ...options, limit: markerLimit });
  if (bytes === undefined) return false;
  const { imageLayoutVersion } = parseJson(MarkerSchema, bytes, `${markerName} of ${what}`);
  if (imageLayoutVersion === version) return true;
  throw new OciError("UNSUPPORTED", `Cannot use ${what}: its layout has version ${quote(imageLayoutVersion)}, expected ${version}`);
}
