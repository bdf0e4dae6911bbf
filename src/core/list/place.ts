import { OciError, quote } from "../base/mod.ts";
import { newDocument } from "../content/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import { type Descriptor, type Digest, type ImageIndex, type IndexDocument, isIndexDocument, type ManifestDocument } from "../spec/mod.ts";
import type { EntrySource, ListState } from "../store/mod.ts";
import type { ListContext } from "./context.ts";
import type { FoundImage } from "./found-image.ts";

/** A list as it stands somewhere. */
export interface ListView {
  /** ID of a local list; digest of the index at a location. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** What it holds. */
  readonly state: ListState;
  /** The index as it would be pushed, or was read. */
  readonly document: IndexDocument;
}

/** How a list is written. */
export interface WriteOptions {
  /** Manifests that were made for this edit and that the entries refer to. */
  readonly documents?: readonly ManifestDocument[];
}

/** Where a list lives: the local store, or a location. The verbs do not know the difference. */
export interface ListPlace {
  /** The list as the user named it. */
  readonly name: string;
  /** Whether what the index's type cannot hold is kept beside it. */
  readonly hasRecord: boolean;
  /** Whether a new list replaces what the name said. */
  readonly replaces: boolean;
  /** Returns the list. @throws {OciError} `NOT_FOUND` */
  read(): Promise<ListView>;
  /** Returns the list, or undefined if there is none. */
  tryRead(): Promise<ListView | undefined>;
  /** Returns the name of the list that the user's words are, or undefined where they are (part of) its ID. */
  nameIn(view: Pick<ListView, "names">): string | undefined;
  /** Prepares for an image that will be added. */
  readonly foresee?: (source: ContentSource, descriptor: Descriptor) => void;
  /**
   * Runs `task` with `images` as a list of this place may have them: of content that can be had in this run only, a local list keeps
   * all that they lead to, and a list at a location takes it along when it is written.
   */
  hold<T>(images: readonly FoundImage[], task: (images: readonly FoundImage[]) => Promise<T>): Promise<T>;
  /** Makes the list, all or nothing. @throws {OciError} `EXISTS` for the name of a local list, unless `replace` */
  create(state: ListState, options?: WriteOptions & { readonly replace?: boolean; readonly onlyIfAbsent?: boolean }): Promise<ListView>;
  /** Edits the list that was read; `change` may be called again on a newer state. @throws {OciError} `CONFLICT` at a location that somebody else changed */
  edit(view: ListView, change: (state: ListState) => ListState, options?: WriteOptions): Promise<ListView>;
  /** Returns where content of `state` comes from as it is recorded, or undefined where nothing is known. */
  originOf(state: ListState, digest: Digest): EntrySource | undefined;
  /** Returns the source that such a record names for an entry, what is held for {@linkcode hold} included. */
  open(origin: EntrySource, entry: Descriptor): Promise<ContentSource>;
  /** Returns where the content of an entry comes from, or undefined where nothing is known. */
  sourceOf(view: ListView, entry: Descriptor): Promise<ContentSource | undefined>;
}

/** A list that was read, and where it lies. */
export interface OpenedList {
  /** The list's place. */
  readonly place: ListPlace;
  /** The list as it was read. */
  readonly view: ListView;
}

/** Returns those of `entries`, which nobody brings along, that `target` must be asked for: a registry looks by itself when the list is written. */
export function leftToCheck(target: ContentTarget, entries: readonly Descriptor[]): readonly Descriptor[] {
  return target.repository === undefined ? entries : [];
}

/** Checks that an index of this type can be written to `target`. @throws {OciError} `UNSUPPORTED` that says why not */
export function requireAccepted(target: ContentTarget, mediaType: string): void {
  if (target.accepts(mediaType)) return;
  throw new OciError(
    "UNSUPPORTED",
    `Cannot write ${quote(target.name)}: it cannot hold ${mediaType}${target.refusal === undefined ? "" : `: ${target.refusal}`}`,
  );
}

/** Returns the document of `index`. */
export function documentOf(context: ListContext, index: ImageIndex): IndexDocument {
  const document = newDocument(context.host.hash, index);
  if (!isIndexDocument(document)) throw new TypeError("an index gave a document that is none");
  return document;
}

/** Returns the documents by their digests. */
export function byDigest(documents: readonly ManifestDocument[]): ReadonlyMap<Digest, ManifestDocument> {
  return new Map(documents.map((document) => [document.descriptor.digest, document]));
}

/** Returns the list that `document` is. @throws {OciError} `INVALID` for an image */
export function requireIndex(document: ManifestDocument, name: string): IndexDocument {
  if (isIndexDocument(document)) return document;
  throw new OciError("INVALID", `Cannot use ${quote(name)} as a list: image is not a manifest list, its type is ${document.descriptor.mediaType}`);
}
