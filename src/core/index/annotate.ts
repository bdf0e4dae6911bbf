import {
  type Descriptor,
  type Digest,
  type ImageIndex,
  type IndexMediaType,
  isDockerMediaType,
  mergeAnnotations,
  type Platform,
  parseMediaType,
} from "../spec/mod.ts";
import { chosenEntries, type EntryChoice } from "./choice.ts";

/** Annotations to set; `undefined` takes one out. */
export type AnnotationPatch = Readonly<Record<string, string | undefined>>;

/** Members of a platform to set; what is absent or `undefined` stays, an empty optional member is taken out. */
export type PlatformPatch = { readonly [K in Exclude<keyof Platform, "unknown">]?: Platform[K] | undefined };

/** What {@linkcode annotateEntry} can take out of an entry. */
export const entryFields = ["os.version", "os.features", "variant", "features", "platform", "artifactType", "urls", "annotations", "data"] as const;
/** One of {@linkcode entryFields}. */
export type EntryField = (typeof entryFields)[number];

/** What to change in an entry. Taking out comes before setting. */
export interface EntryPatch {
  /** Annotations of the entry to set or take out. */
  readonly annotations?: AnnotationPatch;
  /** Members of the platform to set; an entry without platform gets one, with empty strings for what is not named. */
  readonly platform?: PlatformPatch;
  /** Type of the artifact the entry points to; an empty one is taken out. */
  readonly artifactType?: string;
  /** Members to take out. */
  readonly unset?: readonly EntryField[];
}

/** What {@linkcode annotateIndex} can take out of an index. */
export const indexFields = ["subject", "artifactType", "annotations"] as const;
/** One of {@linkcode indexFields}. */
export type IndexField = (typeof indexFields)[number];

/** What to change in an index itself. Taking out comes before setting. */
export interface IndexPatch {
  /** Annotations of the index to set or take out. */
  readonly annotations?: AnnotationPatch;
  /** The manifest the index refers to. */
  readonly subject?: Descriptor;
  /** Type of the artifact the index is; an empty one is taken out. */
  readonly artifactType?: string;
  /** Members to take out. */
  readonly unset?: readonly IndexField[];
}

/**
 * Returns `index` with `patch` applied to every entry that has `digest`. In a docker manifest list an entry always has a platform.
 * @throws {OciError} `NOT_FOUND` if no entry has the digest
 * @example Say what an image runs on
 * ```ts
 * import assert from "node:assert/strict";
 * import { annotateEntry, createIndex } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const index = createIndex({ manifests: [emptyDescriptor] });
 * const next = annotateEntry(index, emptyDescriptor.digest, { platform: { os: "linux", architecture: "arm64" }, annotations: { from: "ci" } });
 * assert.deepEqual(next.manifests[0]?.platform, { os: "linux", architecture: "arm64" });
 * assert.deepEqual(next.manifests[0]?.annotations, { from: "ci" });
 * assert.equal(index.manifests[0], emptyDescriptor);
 * ```
 */
export function annotateEntry(index: ImageIndex, digest: Digest, patch: EntryPatch): ImageIndex {
  return annotateEntries(index, [digest], patch);
}

/** Returns `index` with `patch` applied to the entries that `choices` mean, see {@linkcode annotateEntry}. @throws {OciError} `NOT_FOUND` */
export function annotateEntries(index: ImageIndex, choices: readonly EntryChoice[], patch: EntryPatch): ImageIndex {
  const chosen = chosenEntries(index, choices, "annotate");
  return { ...index, manifests: index.manifests.map((entry) => (chosen.has(entry) ? patchEntry(entry, patch, index.mediaType) : entry)) };
}

/**
 * Returns `index` with `patch` applied to the index itself.
 * @example Describe a multi-arch image, as ghcr.io shows it
 * ```ts
 * import assert from "node:assert/strict";
 * import { annotateIndex, createIndex } from "ocidex/index";
 *
 * const index = annotateIndex(createIndex(), { annotations: { "org.opencontainers.image.description": "My app" } });
 * assert.deepEqual(index.annotations, { "org.opencontainers.image.description": "My app" });
 * assert.deepEqual(annotateIndex(index, { unset: ["annotations"] }), createIndex());
 * ```
 */
export function annotateIndex(index: ImageIndex, patch: IndexPatch): ImageIndex {
  const { subject: oldSubject, artifactType: oldType, annotations: oldAnnotations, ...rest } = index;
  const kept = keeper(patch.unset);
  const subject = patch.subject ?? kept("subject", oldSubject);
  const artifactType = patchType(kept("artifactType", oldType), patch.artifactType);
  const annotations = patchAnnotations(kept("annotations", oldAnnotations), patch.annotations);
  return { ...rest, ...(subject && { subject }), ...(artifactType !== undefined && { artifactType }), ...(annotations && { annotations }) };
}

/** Returns `entry` with `patch` applied, as an index of type `indexType` holds it. */
export function patchEntry(entry: Descriptor, patch: EntryPatch, indexType: IndexMediaType): Descriptor {
  const { urls: oldUrls, annotations: oldAnnotations, data: oldData, artifactType: oldType, platform: oldPlatform, ...rest } = entry;
  const kept = keeper(patch.unset);
  const [urls, data] = [kept("urls", oldUrls), kept("data", oldData)];
  const annotations = patchAnnotations(kept("annotations", oldAnnotations), patch.annotations);
  const artifactType = patchType(kept("artifactType", oldType), patch.artifactType);
  const platform = patchPlatform(kept("platform", oldPlatform), patch) ?? (isDockerMediaType(indexType) ? { architecture: "", os: "" } : undefined);
  return {
    ...rest,
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(data !== undefined && { data }),
    ...(platform && { platform }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

function patchPlatform(platform: Platform | undefined, { platform: patch = {}, unset = [] }: EntryPatch): Platform | undefined {
  const sets = Object.values(patch).some((value) => value !== undefined);
  const clears = platform !== undefined && unset.some((name) => name in platform);
  if (!sets && !clears) return platform;
  const {
    architecture = "",
    os = "",
    "os.version": oldVersion,
    "os.features": oldOsFeatures,
    variant: oldVariant,
    features: oldFeatures,
    ...rest
  } = platform ?? {};
  const kept = keeper(unset);
  const version = patchText(kept("os.version", oldVersion), patch["os.version"]);
  const osFeatures = patchTexts(kept("os.features", oldOsFeatures), patch["os.features"]);
  const variant = patchText(kept("variant", oldVariant), patch.variant);
  const features = patchTexts(kept("features", oldFeatures), patch.features);
  const next: Platform = {
    ...rest,
    architecture: patch.architecture ?? architecture,
    os: patch.os ?? os,
    ...(version !== undefined && { "os.version": version }),
    ...(osFeatures && { "os.features": osFeatures }),
    ...(variant !== undefined && { variant }),
    ...(features && { features }),
  };
  return saysNothing(next) ? undefined : next;
}

/** As in buildah, whose OCI entries have no platform when all its members are empty. */
function saysNothing({ architecture, os, ...more }: Platform): boolean {
  return architecture === "" && os === "" && Object.keys(more).length === 0;
}

function keeper(unset: readonly string[] = []): <T>(name: EntryField | IndexField, value: T) => T | undefined {
  return (name, value) => (unset.includes(name) ? undefined : value);
}

function patchAnnotations(base: Descriptor["annotations"], patch: AnnotationPatch | undefined): Descriptor["annotations"] {
  return patch ? mergeAnnotations(base, patch) : base;
}

function patchType(base: string | undefined, patch: string | undefined): string | undefined {
  return patchText(base, patch ? parseMediaType(patch) : patch);
}

function patchText(base: string | undefined, patch: string | undefined): string | undefined {
  return patch === undefined ? base : patch === "" ? undefined : patch;
}

function patchTexts(base: readonly string[] | undefined, patch: readonly string[] | undefined): readonly string[] | undefined {
  return patch === undefined ? base : patch.length === 0 ? undefined : patch;
}
