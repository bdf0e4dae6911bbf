import { escapeControls, shorten, tryParseBase64 } from "../base/mod.ts";
import { type Annotations, type Descriptor, type Digest, type ImageIndex, type IndexMediaType, isDockerMediaType, type Platform } from "../spec/mod.ts";

/** A member that a conversion leaves out. */
export interface Loss {
  /** Where it stood: in the index itself, or in the entry of this digest. */
  readonly where: "index" | Digest;
  /** Its name, for an annotation `annotations.KEY`, for a member of the platform `platform.NAME`. */
  readonly field: string;
  /** Its value in short, for people. */
  readonly value: string;
}

/** An index in another format, and what it could not take along. */
export interface Conversion {
  /** The index in the new format. */
  readonly index: ImageIndex;
  /** What was left out. */
  readonly lost: readonly Loss[];
}

/**
 * Returns `index` as `mediaType`, and names what that cannot hold. The images it points to are not converted. An entry without
 * platform gets one of empty strings in a docker manifest list, which demands one, and loses it on the way back.
 * @example Make a docker manifest list
 * ```ts
 * import assert from "node:assert/strict";
 * import { convertIndex, createIndex, formatLoss } from "ocidex/index";
 * import { mediaTypes } from "ocidex/spec";
 *
 * const { index, lost } = convertIndex(createIndex({ annotations: { title: "app" } }), mediaTypes.dockerList);
 * assert.deepEqual(index, createIndex({ mediaType: mediaTypes.dockerList }));
 * assert.deepEqual(lost.map(formatLoss), ['annotation title="app" of the index']);
 * ```
 */
export function convertIndex(index: ImageIndex, mediaType: IndexMediaType): Conversion {
  if (index.mediaType === mediaType) return { index, lost: [] };
  if (!isDockerMediaType(mediaType)) return convertToOci(index, mediaType);
  const { annotations: _annotations, subject: _subject, artifactType: _type, ...rest } = index;
  return { index: { ...rest, mediaType, manifests: index.manifests.map(dockerEntry) }, lost: needsOci(index) };
}

/** Returns what a docker manifest list cannot hold of `index`, whatever it is now: an empty answer means that it can be one. */
export function needsOci(index: ImageIndex): readonly Loss[] {
  return [
    ...annotationLosses("index", index.annotations),
    ...textLoss("index", "subject", index.subject?.digest),
    ...textLoss("index", "artifactType", index.artifactType),
    ...index.manifests.flatMap((entry) => [
      ...annotationLosses(entry.digest, entry.annotations),
      ...textLoss(entry.digest, "artifactType", entry.artifactType),
      ...textLoss(entry.digest, "data", entry.data === undefined ? undefined : `${tryParseBase64(entry.data)?.length ?? 0} bytes`),
    ]),
  ];
}

/** Returns `loss` as `FIELD "VALUE" of WHERE`, fit for a terminal. */
export function formatLoss({ where, field, value }: Loss): string {
  const [, key] = /^annotations\.(.*)$/su.exec(field) ?? [];
  const what = key === undefined ? `${escapeControls(field)} "${escapeControls(value)}"` : `annotation ${escapeControls(key)}="${escapeControls(value)}"`;
  return `${what} of ${where === "index" ? "the index" : where}`;
}

function convertToOci(index: ImageIndex, mediaType: IndexMediaType): Conversion {
  const lost = index.manifests.flatMap(({ digest, platform }) => textLoss(digest, "platform.features", platform?.features?.join(",")));
  return { index: { ...index, mediaType, manifests: index.manifests.map(ociEntry) }, lost };
}

function dockerEntry(entry: Descriptor): Descriptor {
  if (entry.platform && entry.annotations === undefined && entry.artifactType === undefined && entry.data === undefined) return entry;
  const { annotations: _annotations, artifactType: _type, data: _data, platform = { architecture: "", os: "" }, ...rest } = entry;
  return { ...rest, platform };
}

function ociEntry(entry: Descriptor): Descriptor {
  const { platform, ...rest } = entry;
  if (platform === undefined || isEmptyPlatform(platform)) return rest;
  const { features, ...known } = platform;
  return features === undefined ? entry : { ...rest, ...(!isEmptyPlatform(known) && { platform: known }) };
}

/** Tells whether a docker entry's platform only stands there because one has to. */
function isEmptyPlatform({ architecture, os, ...more }: Platform): boolean {
  return architecture === "" && os === "" && Object.keys(more).length === 0;
}

function annotationLosses(where: Loss["where"], annotations: Annotations | undefined): readonly Loss[] {
  if (annotations === undefined) return [];
  const entries = Object.entries(annotations);
  if (entries.length === 0) return [{ where, field: "annotations", value: "{}" }];
  return entries.map(([key, value]) => ({ where, field: `annotations.${key}`, value: shorten(value, 60) }));
}

function textLoss(where: Loss["where"], field: string, value: string | undefined): readonly Loss[] {
  return value === undefined ? [] : [{ where, field, value: shorten(value, 80) }];
}
