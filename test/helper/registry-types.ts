import type { IncomingHttpHeaders } from "node:http";

/** A request the registry saw. */
export interface SeenRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly path: string;
  /** Header names are lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Status of the answer; 0 while there is none, or when the connection was reset. */
  status: number;
  /** Bytes of the request's body. */
  size: number;
}

/** A request whose connection is cut when so many bytes of its body have come; the upload session keeps them. */
export interface Cut {
  readonly cut: number;
}

/** What {@linkcode RegistryOptions.fault} may do to a request: cut the connection, answer with a status, answer anything, or spoil the body of the right answer. */
export type Fault =
  | "reset"
  | "corrupt"
  | "truncate"
  | number
  | Cut
  | { readonly status: number; readonly headers?: Readonly<Record<string, string | readonly string[]>>; readonly body?: string | Uint8Array };

/** What registries do that the specification does not say, see `registry-profiles.ts`. An answer stands for the refusal that is given. */
export interface Quirks {
  /** Largest body of a PATCH in bytes, and the answer to more. */
  readonly patchLimit?: readonly [number, FixedAnswer];
  /** Answer to every PATCH. */
  readonly patch?: FixedAnswer;
  /** Answer to a blob in one PUT. */
  readonly wholeBlob?: FixedAnswer;
  /** Status of the answer to an accepted chunk. @default 202 */
  readonly chunkStatus?: number;
  /** Whether `Range` in answers to chunks stays at what it was after the first. @default false */
  readonly stuckRange?: boolean;
  /** Answer to a blob that is there already. */
  readonly knownBlob?: FixedAnswer;
  /** Answer where nobody has made the repository. */
  readonly missingRepository?: FixedAnswer;
  /** Answer to a mount from another repository, or only from one that does not exist. */
  readonly mount?: FixedAnswer;
  readonly mountFromMissing?: FixedAnswer;
  /** Answer to a mount without `from`. */
  readonly mountFromAnywhere?: FixedAnswer;
  /** Length of what is added to the query of every upload location. */
  readonly longLocation?: number;
  /** Answer to a manifest that refers to what is missing. */
  readonly lacking?: FixedAnswer;
  /** Answer to a manifest of more than 4 MiB. */
  readonly largeManifest?: FixedAnswer;
  /** Answer to a manifest without `mediaType`. */
  readonly untypedManifest?: FixedAnswer;
  /** Answer to an index in an index. */
  readonly nestedIndex?: FixedAnswer;
  /** Answer to an index whose children are no images. */
  readonly foreignChild?: FixedAnswer;
  /** Answer to the same child, or the same layer, twice. */
  readonly repeatedChild?: FixedAnswer;
  readonly repeatedLayer?: FixedAnswer;
  /** Answer to docker's media types. */
  readonly dockerTypes?: FixedAnswer;
  /** Answer to another digest, or another media type, at a tag that is taken. */
  readonly movedTag?: FixedAnswer;
  readonly changedType?: FixedAnswer;
  /** Answer to every so many manifests, although nothing is wrong with them. */
  readonly forgetful?: readonly [number, FixedAnswer];
  /** Answer to GET, and to HEAD, of a manifest that is missing. */
  readonly missingManifest?: FixedAnswer;
  readonly missingHead?: FixedAnswer;
  /** Answer to both for a tag that is missing. */
  readonly missingTag?: FixedAnswer;
  /** Whether GET leaves out `Docker-Content-Digest`. @default false */
  readonly silentGet?: boolean;
  /** Bytes that `Content-Length` of a HEAD says too much. @default 0 */
  readonly headLength?: number;
  /** Whether the first child is answered to who does not accept an index. @default false, then 404 */
  readonly childWithoutAccept?: boolean;
  /** Whether blobs are redirected to a storage that refuses credentials. Needs `tokenServer: "other"`. @default false */
  readonly redirectsBlobs?: boolean;
  /** Answer to every so many requests. */
  readonly throttle?: readonly [number, FixedAnswer];
  /** Answer where referrers are asked for. */
  readonly referrers?: FixedAnswer;
  /** Whether the tag `sha256-<hex>` stands for the manifest of that digest. @default false */
  readonly subjectTag?: boolean;
  /** Whether only the last of several scopes of a repository counts. @default false */
  readonly lastScopeOnly?: boolean;
  /** Answer to a token for a repository that does not exist, beside one that does. */
  readonly scopeOfMissing?: FixedAnswer;
}

/** An answer that is always the same. */
export interface FixedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A manifest as far as registries look at it. */
export interface LooseManifest {
  readonly mediaType?: string;
  readonly config?: SeededDescriptor;
  readonly layers?: readonly (SeededDescriptor & { readonly urls?: readonly string[] })[];
  readonly manifests?: readonly SeededDescriptor[];
  readonly subject?: SeededDescriptor;
}

export interface RegistryOptions {
  /** @default none */
  readonly quirks?: Quirks;
  /** @default "none" */
  readonly auth?: "none" | "basic" | "bearer";
  /** @default "user" */
  readonly username?: string;
  /** @default "secret" */
  readonly password?: string;
  /** Token that stands for the user in the refresh grant. */
  readonly identityToken?: string;
  /** Whether anybody may read (with bearer a token is needed all the same). @default false */
  readonly anonymousPull?: boolean;
  /** Where tokens come from. @default "same" */
  readonly tokenServer?: "same" | "other";
  /** Members of the token answer instead of `token`. */
  readonly tokenReply?: (token: string) => unknown;
  /** @default true */
  readonly allowMount?: boolean;
  /** Refuses manifests whose blobs or children are missing. @default true */
  readonly strict?: boolean;
  /** @default "relative" */
  readonly location?: "relative" | "absolute";
  /** Added to every upload `Location`, raw, for example `?_state=a%20b~`. */
  readonly locationQuery?: string;
  /** Whether `Docker-Content-Digest` is sent. @default true */
  readonly digestHeader?: boolean;
  /** Whether `ETag` is sent and `If-Match` honoured on manifests. @default false */
  readonly etag?: boolean;
  /** Whether the referrers API and `OCI-Subject` exist. @default false */
  readonly referrers?: boolean;
  /** How many referrers a page lists. @default all */
  readonly referrersPage?: number;
  /** Whether tags can be deleted. @default true */
  readonly deleteTags?: boolean;
  /** Largest body of one upload request; more is 413. */
  readonly maximumBody?: number;
  /** Value of `OCI-Chunk-Min-Length`. */
  readonly chunkMinimum?: number;
  /** Whether an upload session is forgotten when its connection breaks, as distribution 2.8 does. @default false */
  readonly forgetsBroken?: boolean;
  /** Milliseconds every answer waits. */
  readonly latency?: number;
  /** Address to listen at. @default "127.0.0.1" */
  readonly address?: "127.0.0.1" | "::1";
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly fault?: (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;
}

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface StoredRepository {
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
  readonly blobs: Map<string, Uint8Array>;
}

/** Type, digest and size; enough to be a descriptor. */
export interface SeededDescriptor {
  readonly mediaType: string;
  readonly digest: `${string}:${string}`;
  readonly size: number;
}

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Origin of the token server. */
  readonly tokenOrigin: string;
  /** All requests but those to the token end-point, in order of arrival. */
  readonly requests: SeenRequest[];
  /** Requests to the token end-point. */
  readonly tokenRequests: SeenRequest[];
  readonly repositories: Map<string, StoredRepository>;
  /** Connections accepted so far. */
  connections(): number;
  /** Upload sessions that are open. */
  openUploads(): number;
  repository(name: string): StoredRepository;
  putBlob(repository: string, bytes: Uint8Array | string, mediaType?: string): SeededDescriptor;
  putManifest(repository: string, reference: string, manifest: unknown, mediaType?: string): SeededDescriptor;
  /** Lets every token that was given out run out. */
  expireTokens(): void;
  /** `METHOD path` of every request so far, digests and upload ids replaced by names. */
  log(): readonly string[];
  clear(): void;
  stop(): Promise<void>;
}
