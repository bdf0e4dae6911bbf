import { type Bytes, OciError, quote, shorten } from "../../base/mod.ts";
import {
  type Descriptor,
  type Digest,
  encodeImageIndex,
  findEditObstacle,
  formatLocation,
  type ImageIndex,
  isImageIndex,
  type ManifestDocument,
  mediaTypes,
  mergeAnnotations,
  type OciLocation,
  parseLayoutReference,
  parseManifest,
} from "../../spec/mod.ts";

/** Annotation of an entry of a layout's `index.json` that gives it a name (image-spec annotations.md). */
const refName = "org.opencontainers.image.ref.name";
const namesShown = 10;

/** Which entry of a layout is meant: by name, by place, or the only one. */
export interface EntryName {
  /** The layout in words, for messages. */
  readonly what: string;
  /** Value of the annotation `org.opencontainers.image.ref.name`. */
  readonly reference?: string;
  /** Place in `index.json`, from 0. */
  readonly position?: number;
}

/** Returns the name of the entry that `location` means, or `tag` instead of it. @throws {OciError} `INVALID` for a tag that is no name */
export function entryName(location: OciLocation, tag?: string): EntryName {
  if (tag === undefined) return { ...location, what: quote(formatLocation(location)) };
  const reference = parseLayoutReference(tag);
  return { what: quote(formatLocation({ transport: location.transport, path: location.path, reference })), reference };
}

/** Returns the descriptor of `document` as an entry has it. */
export function withArtifactType({ descriptor, value }: ManifestDocument): Descriptor {
  return value.artifactType === undefined ? descriptor : { ...descriptor, artifactType: value.artifactType };
}

/** Options of {@linkcode setEntry}. */
export interface SetEntryOptions {
  /** What the entry must still be; without it whatever is there is replaced. */
  readonly guard?: { readonly expected: Digest | undefined };
}

/** Returns what `index.json` says. @throws {OciError} `INVALID` if it is damaged */
export function readLayoutIndex(bytes: Bytes, what: string): ImageIndex {
  const index = parseManifest(bytes, { what: `index.json of ${what}` });
  if (!isImageIndex(index)) throw new OciError("INVALID", `Cannot read index.json of ${what}: it is an image manifest, expected an image index`);
  return index;
}

/** Returns what `index.json` says, for an edit of it; where there is none, an empty index. @throws {OciError} `INVALID` if an edit would lose something */
export function readLayoutIndexToEdit(bytes: Bytes | undefined, what: string): ImageIndex {
  if (bytes === undefined) return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
  const index = readLayoutIndex(bytes, what);
  const obstacle = findEditObstacle(bytes);
  if (obstacle !== undefined) throw new OciError("INVALID", `Cannot edit index.json of ${what}: ${obstacle}`);
  return index;
}

/** Returns the bytes of `index`. @throws {OciError} `LIMIT` over 4 MiB, which nobody would read again */
export function encodeLayoutIndex(index: ImageIndex, what: string): Bytes {
  const bytes = encodeImageIndex(index);
  if (bytes.length > 4 * 1024 * 1024) throw new OciError("LIMIT", `Cannot write index.json of ${what}: it would be larger than 4 MiB`);
  return bytes;
}

/** Returns the entry that `name` means, or undefined if there is none. @throws {OciError} `INVALID` if no name was given and there are several */
export function findEntry(index: ImageIndex, name: EntryName): Descriptor | undefined {
  const at = locate(index, name);
  return at === undefined ? undefined : index.manifests[at];
}

/** Returns the error for a name that no entry has. */
export function noSuchEntry(verb: string, index: ImageIndex, name: EntryName): OciError {
  const there = index.manifests.length === 0 ? "the layout is empty" : `the layout has ${listNames(index)}`;
  return new OciError("NOT_FOUND", `Cannot ${verb} ${name.what}: there is no such entry, ${there}`);
}

/**
 * Returns `index` with an entry for `descriptor` under `name`. An entry of that name is replaced where it stands, all others
 * stay. Without a name the only entry without one is replaced, as long as a guard does not tell which one was meant.
 * An entry that is edited (its digest was given) or stays the same keeps its annotations; a new one has its name only.
 * @throws {OciError} `CONFLICT` if the entry is not what was expected, `NOT_FOUND` for a place behind the last entry
 */
export function setEntry(index: ImageIndex, name: EntryName, descriptor: Descriptor, { guard }: SetEntryOptions = {}): ImageIndex {
  if (guard) checkGuard(index, name, guard.expected);
  const at = guard || name.reference !== undefined || name.position !== undefined ? locate(index, name) : locateUnnamed(index, descriptor.digest);
  const old = at === undefined ? undefined : index.manifests[at];
  if (old === undefined && name.position !== undefined) throw noSuchEntry("write", index, name);
  const { mediaType, digest, size } = descriptor;
  const annotations = name.reference === undefined ? undefined : { [refName]: name.reference };
  if (old === undefined) return { ...index, manifests: [...index.manifests, { mediaType, digest, size, ...(annotations && { annotations }) }] };
  const isEdit = old.digest === digest || guard?.expected !== undefined || name.position !== undefined;
  const entry = isEdit ? edited(old, descriptor) : { mediaType, digest, size, ...(annotations && { annotations }) };
  const manifests = index.manifests.flatMap((each, place) => {
    if (place === at) return [entry];
    return name.reference !== undefined && entryNameOf(each) === name.reference ? [] : [each];
  });
  return { ...index, manifests };
}

/** Returns `index` with an entry without a name for `descriptor`, unless one points to it: what refers to a subject is found by reading it. */
export function keepEntry(index: ImageIndex, descriptor: Descriptor): ImageIndex {
  if (index.manifests.some(({ digest }) => digest === descriptor.digest)) return index;
  const { mediaType, digest, size, artifactType } = descriptor;
  return { ...index, manifests: [...index.manifests, { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) }] };
}

/** Returns `index` without the entry that `name` means. @throws {OciError} `NOT_FOUND`, `INVALID` if no name was given and there are several */
export function removeEntry(index: ImageIndex, name: EntryName): ImageIndex {
  const found = findEntry(index, name);
  if (found === undefined) throw noSuchEntry("remove", index, name);
  const isMeant = (each: Descriptor) => each === found || (name.reference !== undefined && entryNameOf(each) === name.reference);
  return { ...index, manifests: index.manifests.filter((each) => !isMeant(each)) };
}

/** Returns the name of an entry, if it has one. */
export function entryNameOf(entry: Descriptor): string | undefined {
  return mergeAnnotations(entry.annotations, {})?.[refName] || undefined;
}

function locate(index: ImageIndex, name: EntryName): number | undefined {
  const { manifests } = index;
  if (name.position !== undefined) return name.position < manifests.length ? name.position : undefined;
  if (name.reference !== undefined) return place(manifests.findIndex((entry) => entryNameOf(entry) === name.reference));
  if (manifests.length > 1) {
    throw new OciError("INVALID", `Cannot choose an entry of ${name.what}: it has ${listNames(index)}; expected a name (oci:DIR:NAME) or a place (oci:DIR:@0)`);
  }
  return manifests.length === 0 ? undefined : 0;
}

/** Where an entry without a name goes: the layout's only entry when it is the same, else the only one without a name. */
function locateUnnamed({ manifests }: ImageIndex, digest: Digest): number | undefined {
  if (manifests.length === 1 && manifests[0]?.digest === digest) return 0;
  const unnamed = manifests.flatMap((entry, at) => (entryNameOf(entry) === undefined ? [at] : []));
  return unnamed.find((at) => manifests[at]?.digest === digest) ?? (unnamed.length === 1 ? unnamed[0] : undefined);
}

function place(at: number): number | undefined {
  return at < 0 ? undefined : at;
}

function edited(old: Descriptor, { mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  const { data: _data, artifactType: _artifactType, ...kept } = old;
  const type = artifactType ?? (old.digest === digest ? old.artifactType : undefined);
  return { ...kept, mediaType, digest, size, ...(type !== undefined && { artifactType: type }) };
}

function checkGuard(index: ImageIndex, name: EntryName, expected: Digest | undefined): void {
  const actual = findEntry(index, name)?.digest;
  if (actual === expected) return;
  const seen = actual === undefined ? "it is gone" : `it is ${actual} now`;
  throw new OciError("CONFLICT", `Cannot write ${name.what}: ${seen}, and ${expected ?? "nothing"} was there when it was read, run it again`);
}

function listNames({ manifests }: ImageIndex): string {
  const shown = manifests.slice(0, namesShown).map((entry) => {
    const name = entryNameOf(entry);
    return name === undefined ? `${shorten(entry.digest, 19)} without a name` : quote(name);
  });
  const more = manifests.length - shown.length;
  const count = manifests.length === 1 ? "1 entry" : `${manifests.length} entries`;
  return `${count}: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
