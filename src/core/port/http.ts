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
}

/**
 * One request, as `fetch` makes it. A streamed body with a `content-length` header is sent with that length and is never kept
 * in memory; with `redirect: "manual"` a redirect is returned with its `location` readable; a body is never decoded.
 * Failures of the connection reject with an `OciError` of code `NETWORK`, whose message names host and cause and whose
 * `cause.code` is the system's (`ECONNREFUSED`, …); those of TLS too, with {@linkcode TlsError}.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>;
