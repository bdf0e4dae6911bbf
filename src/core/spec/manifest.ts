import * as v from "valibot";
import { type Bytes, type EntriesOf, findAmbiguity, type JsonText, OciError, parseAs, quote, type RawMember, readJson, readJsonText } from "../base/mod.ts";
import { AnnotationsSchema } from "./annotation.ts";
import { type Descriptor, DescriptorSchema, descriptorMembers } from "./descriptor.ts";
import type { ImageIndex } from "./image-index.ts";
import type { ImageManifest } from "./image-manifest.ts";
import { type IndexMediaType, isIndexMediaType, isManifestMediaType, type ManifestMediaType, mediaTypes, normaliseMediaType } from "./media-type.ts";
import { platformMembers } from "./platform.ts";

/** A manifest as it was read: what it is called, its bytes, and what they say. The bytes are the truth. */
export interface ManifestDocument {
  /** Type, digest and size of the bytes. */
  readonly descriptor: Descriptor;
  /** The bytes as they were read. */
  readonly bytes: Bytes;
  /** What the bytes say. */
  readonly value: ImageIndex | ImageManifest;
}

/** A {@linkcode ManifestDocument} that is a list. */
export interface IndexDocument extends ManifestDocument {
  /** What the bytes say. */
  readonly value: ImageIndex;
}

/** Tells whether `value` is an image index or docker manifest list. */
export function isImageIndex(value: ImageIndex | ImageManifest): value is ImageIndex {
  return isIndexMediaType(value.mediaType);
}

/** Tells whether `document` is an image index or docker manifest list. */
export function isIndexDocument(document: ManifestDocument): document is IndexDocument {
  return isImageIndex(document.value);
}

/** Options of {@linkcode parseManifest}. */
export interface ParseManifestOptions {
  /** The type somebody promised: a descriptor's, else a `Content-Type` header's. It must agree with the document. */
  readonly mediaType?: string;
  /** What is read, for errors. @default "manifest" */
  readonly what?: string;
}

const maximumSize = 4 * 1024 * 1024;
const schemaVersion = v.literal(2);

const indexEntries = {
  schemaVersion,
  mediaType: v.picklist([mediaTypes.ociIndex, mediaTypes.dockerList]),
  artifactType: v.exactOptional(v.string()),
  manifests: v.array(DescriptorSchema),
  subject: v.exactOptional(DescriptorSchema),
  annotations: v.exactOptional(AnnotationsSchema),
} satisfies Omit<EntriesOf<ImageIndex>, "unknown">;

const manifestEntries = {
  schemaVersion,
  mediaType: v.picklist([mediaTypes.ociManifest, mediaTypes.dockerManifest]),
  artifactType: v.exactOptional(v.string()),
  config: DescriptorSchema,
  layers: v.array(DescriptorSchema),
  subject: v.exactOptional(DescriptorSchema),
  annotations: v.exactOptional(AnnotationsSchema),
} satisfies Omit<EntriesOf<ImageManifest>, "unknown">;

const indexMembers = Object.keys(indexEntries);
const manifestMembers = Object.keys(manifestEntries);

/** Checks an image index from outside. */
export const ImageIndexSchema: v.GenericSchema<unknown, ImageIndex> = v.object(indexEntries);
/** Checks an image manifest from outside. */
export const ImageManifestSchema: v.GenericSchema<unknown, ImageManifest> = v.object(manifestEntries);

/**
 * Returns what the bytes of a manifest say. The type comes from the promise, the document's `mediaType`, or its shape;
 * they must agree, and a document that is both a list and an image is refused (CVE-2021-41190).
 * @throws {OciError} `INVALID` that says what was expected where; `LIMIT` over 4 MiB
 */
export function parseManifest(bytes: Uint8Array, options: ParseManifestOptions = {}): ImageIndex | ImageManifest {
  const what = options.what ?? "manifest";
  if (bytes.length > maximumSize) throw new OciError("LIMIT", `Cannot read ${what}: ${bytes.length} bytes are more than 4 MiB`);
  const raw = readJson(bytes, what);
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) throw new OciError("INVALID", `Cannot read ${what}: expected an object`);
  const mediaType = typeOf(raw, options.mediaType, what);
  const text = namesKnownOnly(raw, isIndexMediaType(mediaType) ? indexMembers : manifestMembers) ? undefined : readJsonText(bytes, what);
  const members = withoutNulls({ ...raw, mediaType, subject: asGoReads("subject" in raw ? raw.subject : null) });
  if (isIndexMediaType(mediaType)) {
    const index = parseAs(ImageIndexSchema, { ...members, ...listOf("manifests", raw) }, what);
    return attach({ ...index, manifests: attachEach("manifests", index.manifests, text), ...attachOne("subject", index.subject, text) }, text, indexMembers);
  }
  const manifest = parseAs(ImageManifestSchema, { ...members, config: asGoReads(members.config), ...listOf("layers", raw) }, what);
  const config = attachDescriptor(manifest.config, member(text, "config"));
  const layers = attachEach("layers", manifest.layers, text);
  return attach({ ...manifest, config, layers, ...attachOne("subject", manifest.subject, text) }, text, manifestMembers);
}

/** Returns what the bytes of one descriptor say, unknown members too. @throws {OciError} `INVALID`, also for what could be read in two ways */
export function parseDescriptor(bytes: Uint8Array, what = "descriptor"): Descriptor {
  const descriptor = parseAs(DescriptorSchema, asGoReads(readJson(bytes, what)), what);
  const text = readJsonText(bytes, what);
  const obstacle = findAmbiguity(text) ?? findCaseVariant(text, descriptorNames);
  if (obstacle !== undefined) throw new OciError("INVALID", `Cannot read ${what}: ${obstacle}`);
  return attachDescriptor(descriptor, text);
}

/** Go reads `null` as absent. */
function withoutNulls(raw: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
}

/** Go writes a list that never had an item as `null`. */
function listOf(name: "manifests" | "layers", raw: object): Record<string, unknown> {
  const items: unknown = Object.entries(raw).find(([key]) => key === name)?.[1];
  if (items === undefined) return {};
  return { [name]: items === null ? [] : Array.isArray(items) ? items.map(asGoReads) : items };
}

/** Returns a descriptor without nulls, and its platform with an empty text where `os` or `architecture` is missing. */
function asGoReads(descriptor: unknown): unknown {
  if (typeof descriptor !== "object" || descriptor === null || Array.isArray(descriptor)) return descriptor;
  const members = withoutNulls(descriptor);
  const { platform } = members;
  if (typeof platform !== "object" || platform === null || Array.isArray(platform)) return members;
  return { ...members, platform: { architecture: "", os: "", ...withoutNulls(platform) } };
}

const declaredType = v.nullish(v.string(), "");

/** Header values that say nothing of the content. */
const genericTypes = new Set(["", "application/json", "text/plain", "application/octet-stream", "binary/octet-stream"]);

function typeOf(raw: object, promised: string | undefined, what: string): IndexMediaType | ManifestMediaType {
  const fields: Partial<Record<string, unknown>> = { ...raw };
  const isList = "manifests" in raw;
  const isImage = "config" in raw || "layers" in raw || "fsLayers" in raw || "history" in raw;
  if (isList && isImage) throw new OciError("INVALID", `Cannot read ${what}: it has the members of an index and of an image`);
  if (fields.schemaVersion === 1)
    throw new OciError("UNSUPPORTED", `Cannot read ${what}: docker image manifest version 2, schema 1 is obsolete and not supported`);
  const declared = parseAs(declaredType, fields.mediaType, `${what} at mediaType`) || undefined;
  const normalised = promised === undefined ? "" : normaliseMediaType(promised);
  const outer = genericTypes.has(normalised) ? undefined : normalised;
  if (declared !== undefined && outer !== undefined && normaliseMediaType(declared) !== outer) {
    throw new OciError("INVALID", `Cannot read ${what}: it says ${quote(declared)} and was announced as ${quote(outer)}`);
  }
  const type = declared ?? outer ?? inferType(fields, isList);
  if (isIndexMediaType(type) && !isImage) return type;
  if (isManifestMediaType(type) && !isList) return type;
  if (isIndexMediaType(type) || isManifestMediaType(type)) throw new OciError("INVALID", `Cannot read ${what}: its members are not those of ${type}`);
  throw new OciError("INVALID", `Cannot read ${what}: ${quote(type)} is not a type of manifest or index`);
}

function inferType(fields: Partial<Record<string, unknown>>, isList: boolean): string {
  if (isList) return mediaTypes.ociIndex;
  const config = fields.config;
  const type = typeof config === "object" && config !== null && "mediaType" in config ? config.mediaType : undefined;
  return type === mediaTypes.dockerConfig ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
}

/** Most documents say nothing unknown; their text need not be read a second time. */
function namesKnownOnly(raw: object, known: readonly string[]): boolean {
  return Object.entries(raw).every(([name, value]) => known.includes(name) && namesKnownDescriptors(name, value));
}

function namesKnownDescriptors(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => namesKnownDescriptors(name, item));
  if (typeof value !== "object" || value === null || name === "annotations") return true;
  return namesKnownOnly(value, name === "platform" ? platformMembers : descriptorMembers);
}

function member(text: JsonText | undefined, name: string): JsonText | undefined {
  return text?.members?.findLast(([key]) => key === name)?.[1];
}

/** Returns `value` with the members of `text` that are not among the `known` ones. */
function attach<T extends object>(value: T, text: JsonText | undefined, known: readonly string[]): T & { readonly unknown?: readonly RawMember[] } {
  const rest = (text?.members ?? []).filter(([name]) => !known.includes(name));
  return rest.length === 0 ? value : { ...value, unknown: rest.map(([name, { json }]): RawMember => [name, json]) };
}

function attachDescriptor(value: Descriptor, text: JsonText | undefined): Descriptor {
  const platform = value.platform && attach(value.platform, member(text, "platform"), platformMembers);
  return attach({ ...value, ...(platform && { platform }) }, text, descriptorMembers);
}

function attachOne<K extends string>(name: K, value: Descriptor | undefined, text: JsonText | undefined): Partial<Record<K, Descriptor>> {
  const result: Partial<Record<K, Descriptor>> = {};
  if (value) result[name] = attachDescriptor(value, member(text, name));
  return result;
}

function attachEach(name: string, values: readonly Descriptor[], text: JsonText | undefined): readonly Descriptor[] {
  if (text === undefined) return values;
  const items = member(text, name)?.items;
  return values.map((value, at) => attachDescriptor(value, items?.[at]));
}

/**
 * Returns why a manifest with these bytes cannot be edited without loss, or undefined when it can: what
 * {@linkcode findAmbiguity} finds, and names that differ from a known one only in case, which Go reads as the known one.
 */
export function findEditObstacle(bytes: Uint8Array, what = "manifest"): string | undefined {
  const text = readJsonText(bytes, what);
  return findAmbiguity(text) ?? findCaseVariant(text, rootNames);
}

/** Names an object knows, folded as Go folds them, and the objects below that have known names themselves. */
interface KnownNames {
  readonly names: ReadonlyMap<string, string>;
  readonly below: ReadonlyMap<string, KnownNames>;
}

function knownNames(names: readonly string[], below: readonly (readonly [string, KnownNames])[] = []): KnownNames {
  return { names: new Map(names.map((name) => [fold(name), name])), below: new Map(below) };
}

const descriptorNames = knownNames(descriptorMembers, [["platform", knownNames(platformMembers)]]);
const rootNames = knownNames(
  [...indexMembers, ...manifestMembers],
  ["manifests", "subject", "config", "layers"].map((name) => [name, descriptorNames] as const),
);

/** Upper case first: Go takes the long s (U+017F) for an s and the Kelvin sign for a k. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

function findCaseVariant(text: JsonText, known: KnownNames): string | undefined {
  for (const [name, value] of text.members ?? []) {
    const meant = known.names.get(fold(name));
    if (meant !== undefined && meant !== name) return `the name ${quote(name)} differs from "${meant}" only in case`;
    const below = known.below.get(name);
    const inner = below && findCaseVariant(value, below);
    if (inner !== undefined) return inner;
  }
  for (const item of text.items ?? []) {
    const inner = findCaseVariant(item, known);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
