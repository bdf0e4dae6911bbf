import { type Challenge, type CredentialStore, createTokenClient, type TokenClient } from "../../auth/mod.ts";
import type { Secrets } from "../../base/mod.ts";
import type { Cache } from "../../content/mod.ts";
import { createHttpClient, type HttpClient } from "../../http/mod.ts";
import type { BlobOutcome, Clock, Fetch, Hash, Random, Report, TlsOptions } from "../../port/mod.ts";
import type { Digest, ManifestDocument } from "../../spec/mod.ts";
import { createKeep, type Keep } from "./keep.ts";
import { createRecent, type Recent } from "./recent.ts";

/** What a client of registries takes of a host. */
export interface RegistryHost {
  /** Makes requests. */
  readonly fetch: Fetch;
  /** Digests. */
  readonly hash: Hash;
  /** Time. */
  readonly clock: Clock;
  /** Chance. */
  readonly random: Random;
}

/** Options of {@linkcode createRegistryClient}. */
export interface RegistryClientOptions {
  /** Where credentials are looked up. @default nowhere: every registry is asked anonymously */
  readonly credentials?: CredentialStore;
  /** Whether certificates must be valid; false also lets a registry speak plain http. @default true, but for ways that are insecure */
  readonly verifyTls?: boolean;
  /** Returns how to trust a host and port; `isElsewhere` is one that nobody named, but a registry or a setting. @default the runtime's own trust */
  readonly tlsFor?: (host: string, isElsewhere: boolean) => Promise<TlsOptions | undefined>;
  /** Returns the proxy for a URL. @default none */
  readonly proxyFor?: (url: string) => string | undefined;
  /** Is told of warnings and retries. */
  readonly report?: Report;
  /** Where manifests and configs are kept from one run to the next. @default nowhere */
  readonly cache?: Cache;
  /** Tries after the first. @default 3 */
  readonly retries?: number;
  /** Milliseconds to wait before each further try. @default up to 500, doubled with every try and at most 30 s, by chance */
  readonly retryDelay?: number;
  /** Milliseconds after which a silent connection is given up. @default 60000 */
  readonly idleTimeout?: number;
  /** Value of `User-Agent`. @default "ocidex" */
  readonly userAgent?: string;
  /** Takes what is sent and must not be shown. @default a set of its own */
  readonly secrets?: Secrets;
}

/** What all places in registries share during a run: connections, tokens, what was read, what is on its way. */
export interface RegistryClient {
  /** Makes requests. */
  readonly http: HttpClient;
  /** Gets tokens. */
  readonly tokens: TokenClient;
  /** Looks up credentials. */
  readonly credentials: CredentialStore;
  /** Digests. */
  readonly hash: Hash;
  /** Time. */
  readonly clock: Clock;
  /** What earlier runs have read. */
  readonly cache: Cache | undefined;
  /** Is told of warnings and retries. */
  readonly report: Report;
  /** Tries after the first. */
  readonly retries: number;
  /** Whether certificates must be valid, where the user has said so or not. */
  readonly verifyTls: boolean | undefined;
  /** Returns how to trust a host and port. */
  readonly tlsFor: (host: string, trust: Trust) => Promise<TlsOptions>;
  /** What is known of registries. */
  readonly memory: RegistryMemory;
}

/** How far a host is trusted. */
export interface Trust {
  /** Whether certificates need not be valid. @default false */
  readonly isInsecure?: boolean;
  /** Whether nobody named the host, but a registry or a setting. @default false */
  readonly isElsewhere?: boolean;
}

/** What a client remembers; keys are `host/repository` and, where content is meant, `@digest`. */
export interface RegistryMemory {
  /** Schemes by host, once known; plain http counts only where certificates need not be valid. */
  readonly schemes: Map<string, "https" | "http">;
  /** Last challenge of a repository. */
  readonly challenges: Map<string, Challenge>;
  /** Manifests that were read. */
  readonly documents: Keep<string, ManifestDocument>;
  /** Small blobs that were read, by digest. */
  readonly blobs: Keep<Digest, Uint8Array<ArrayBuffer>>;
  /** Blobs that are being put; the size stands behind the digest. */
  readonly uploads: Map<string, Promise<BlobOutcome>>;
  /** Manifests that are being put. */
  readonly manifests: Map<string, Promise<void>>;
  /** Blobs that the registry has taken or said it has, keys as of {@linkcode uploads}. */
  readonly brought: Recent;
  /** Manifests that the registry has said it has. */
  readonly present: Recent;
  /** Manifests that an index refers to which the registry has. */
  readonly implied: Recent;
  /** Manifests that the registry has taken. */
  readonly written: Recent;
  /** Fallback tags that are being edited. */
  readonly referrers: Map<string, Promise<void>>;
  /** Repositories that refuse a blob in one piece. */
  readonly chunked: Set<string>;
  /** Repositories that refuse to be asked for a mount from themselves. */
  readonly refusesMount: Set<string>;
  /** Hosts of mirrors that could not be reached, or had no time. */
  readonly unreachable: Set<string>;
}

/** Bytes of manifests, and again of configs, kept for a run. */
const keptBytes = 32 * 1024 * 1024;

/** Returns a client; nothing is asked before a place needs it. */
export function createRegistryClient(host: RegistryHost, options: RegistryClientOptions = {}): RegistryClient {
  const { verifyTls, report = () => {}, retries = 3, credentials = { get: async () => undefined }, ...rest } = options;
  const http = createHttpClient(host, { ...rest, report, retries });
  const tlsFor = async (name: string, { isInsecure = false, isElsewhere = false }: Trust): Promise<TlsOptions> => ({
    ...(await options.tlsFor?.(name, isElsewhere)),
    ...(isInsecure && { verify: false }),
  });
  return {
    http,
    tokens: createTokenClient({ http, clock: host.clock, tlsFor }),
    credentials,
    hash: host.hash,
    clock: host.clock,
    cache: options.cache,
    report,
    retries,
    verifyTls,
    tlsFor,
    memory: {
      schemes: new Map(),
      challenges: new Map(),
      documents: createKeep(keptBytes, (document) => document.bytes.length),
      blobs: createKeep(keptBytes, (bytes) => bytes.length),
      uploads: new Map(),
      manifests: new Map(),
      brought: createRecent(host.clock),
      present: createRecent(host.clock),
      implied: createRecent(host.clock),
      written: createRecent(host.clock),
      referrers: new Map(),
      chunked: new Set(),
      refusesMount: new Set(),
      unreachable: new Set(),
    },
  };
}
