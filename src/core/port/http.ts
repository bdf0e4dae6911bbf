/** How to trust the other side, and how to be trusted. */
export interface TlsOptions {
  /** Whether the certificate must be valid. @default true */
  readonly verify?: boolean;
  /** Certificates (PEM) to trust beside the runtime's and the system's. */
  readonly authorities?: readonly string[];
  /** Certificate of this side (PEM). */
  readonly certificate?: string;
  /** Key of {@linkcode certificate} (PEM). */
  readonly key?: string;
}

/** What goes to `fetch` beside the URL: the web's own options, and what the web cannot say. */
export interface FetchInit extends RequestInit {
  /** Trust for this request. */
  readonly tls?: TlsOptions;
  /** Proxy for this request, `http://user:password@host:port`; undefined means none, whatever the environment says. */
  readonly proxyUrl?: string;
  /** Path of a Unix socket to connect to; the URL is http, its host only a name that is sent, and no proxy is asked. */
  readonly socketPath?: string;
}

/**
 * One request, as `fetch` makes it, with these promises: the URL is http or https and carries no credentials (else `INVALID`);
 * a redirect is returned with its `location` readable and never followed; a body is never decoded; a streamed body with a
 * `content-length` header is sent with that length, is never kept in memory, and is cancelled as soon as the request ends.
 * A connection that fails, also while the body is read, rejects with a `NetworkError` whose message names the host, or the
 * socket, and the cause; a fired `signal` rejects with its reason, unchanged.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>;
