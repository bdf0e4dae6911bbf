import type { Descriptor, Digest, ManifestDocument } from "../spec/mod.ts";

/** Where in a registry content lies, so that another repository of the same registry can take it over without a transfer. */
export interface Repository {
  /** Scheme, host and port of the registry's API. */
  readonly origin: string;
  /** Path of the repository. */
  readonly repository: string;
  /** Whether content that is read may lie in a mirror and not there, so that it is worth a try and nothing more. @default false */
  readonly isMirrored?: boolean;
}

/** Options every operation on content takes. */
export interface ContentOptions {
  /** Ends the operation. */
  readonly signal?: AbortSignal;
}

/** A manifest that speaks about another one: a signature, an attestation, a bill of materials. */
export interface Referrer {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** Tag that says what it speaks about, where the manifest itself names no subject: cosign's `sha256-….sig`. */
  readonly tag?: string;
}

/** Options of {@linkcode ContentTarget.putReferrer}. */
export interface PutReferrerOptions extends ContentOptions {
  /** Tag under which it is found, see {@linkcode Referrer.tag}. */
  readonly tag?: string;
}

/** A place manifests and blobs are read from. Everything it returns has been verified, a blob's stream at its end. */
export interface ContentSource {
  /** The place in words, for messages: the location without what it may hide. */
  readonly name: string;
  /** Where blobs can be mounted from, when this is a registry. */
  readonly repository?: Repository;
  /** Whether what it returns can be had only as long as this run lasts: who needs it afterwards keeps it. @default false */
  readonly isTemporary?: boolean;
  /** Content this answers for although it does not lie in {@linkcode repository}: made here, by a conversion for example. */
  readonly made?: Pick<ReadonlySet<Digest>, "has">;
  /** Returns the manifest the location names. @throws {OciError} `NOT_FOUND` */
  resolve(options?: ContentOptions): Promise<ManifestDocument>;
  /** Returns type, digest and size of the manifest the location names, where that is cheaper than the manifest. @throws {OciError} `NOT_FOUND` */
  describe(options?: ContentOptions): Promise<Descriptor>;
  /** Returns the manifest that `descriptor` points to; with size 0 the size is not known. @throws {OciError} `NOT_FOUND`, `MISMATCH` */
  manifest(descriptor: Descriptor, options?: ContentOptions): Promise<ManifestDocument>;
  /** Returns a small blob, a config for example. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB */
  smallBlob(descriptor: Descriptor, options?: ContentOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Returns a blob as a stream that fails at its end if digest or size differ. @throws {OciError} `NOT_FOUND` */
  blob(descriptor: Descriptor, options?: ContentOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** Returns the signatures that lie beside a manifest and are no manifests themselves, as containers/image writes them; a place without this keeps none. */
  signatures?(manifest: Digest, options?: ContentOptions): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** Returns what is said to refer to `subject`, itself not read; a place without this cannot tell. */
  referrers?(subject: Digest, options?: ContentOptions): Promise<readonly Referrer[]>;
}

/** Options of {@linkcode ContentTarget.putManifest}. */
export interface PutOptions extends ContentOptions {
  /** Whether the place has said that it has it and turned out not to, so that nothing it says counts. @default false */
  readonly again?: boolean;
}

/** Options of {@linkcode ContentTarget.putBlob}. */
export interface PutBlobOptions extends PutOptions {
  /** Where the blob also lies, to be mounted from. */
  readonly from?: Repository;
  /** Is told of every piece that went. */
  readonly onProgress?: (bytes: number) => void;
}

/** Options of {@linkcode ContentTarget.putRoot}. */
export interface PutRootOptions extends ContentOptions {
  /** Tag, or name in a layout, to use instead of the location's. */
  readonly tag?: string;
  /** What the location must still hold: a digest, or undefined for nothing; leave the member out to write whatever is there. @throws {OciError} `CONFLICT` */
  readonly expected?: Digest | undefined;
}

/** A place manifests and blobs are written to. What it is given is verified before it counts. */
export interface ContentTarget {
  /** The place in words, for messages. */
  readonly name: string;
  /** Where content put here can be mounted from, when this is a registry. */
  readonly repository?: Repository;
  /** Tells whether the place can hold a root of this media type. */
  accepts(mediaType: string): boolean;
  /** Why it cannot hold others, for messages. */
  readonly refusal?: string;
  /** Tells whether the manifest is there, its blobs with it. */
  hasManifest(descriptor: Descriptor, options?: ContentOptions): Promise<boolean>;
  /** Tells whether a blob is there, and changes nothing; a place without this finds out only when it is given the blob. */
  hasBlob?(descriptor: Descriptor, options?: ContentOptions): Promise<boolean>;
  /** Puts a blob there, unless it is; `open` may be called again when a transfer is repeated. */
  putBlob(
    descriptor: Descriptor,
    open: () => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>,
    options?: PutBlobOptions,
  ): Promise<"copied" | "mounted" | "exists">;
  /** Puts a manifest there under its digest; everything it refers to has been put. */
  putManifest(document: ManifestDocument, options?: PutOptions): Promise<void>;
  /** Makes a manifest that {@linkcode putManifest} has put there found by what it refers to, at the latest with the root; a place without this keeps no such. @throws {OciError} `LOSS` where others would get lost */
  putReferrer?(document: ManifestDocument, options?: PutReferrerOptions): Promise<void>;
  /** Keeps signatures beside a manifest it has or is about to get as the root, at the latest with the root; a place without this keeps none. */
  putSignatures?(manifest: Digest, signatures: readonly Uint8Array<ArrayBuffer>[], options?: ContentOptions): Promise<void>;
  /** Returns the tag that {@linkcode putManifest} edits for a manifest with this subject, or undefined where there is none. */
  referrersTag?(subject: Digest, options?: ContentOptions): Promise<string | undefined>;
  /** Puts the root there under the location's name, last of all: after this the copy counts. */
  putRoot(document: ManifestDocument, options?: PutRootOptions): Promise<void>;
  /** Ends a copy that writes no root: what it put counts by its digest. A place without this keeps what it is given at once, or only with a root. */
  settle?(options?: ContentOptions): Promise<void>;
  /** Takes away what an unfinished copy left, as far as the place allows. Called when a copy fails. */
  abandon(): Promise<void>;
}

/** A place whose name can be edited where it lies: what a list at a location needs. */
export interface ContentPlace {
  /** Reading. */
  readonly source: ContentSource;
  /** Writing. */
  readonly target: ContentTarget;
  /** Removes the name (a tag, an entry of a layout), never the content by its digest. @throws {OciError} `NOT_FOUND`, `UNSUPPORTED` where the place refuses */
  removeName(options?: ContentOptions): Promise<void>;
}
