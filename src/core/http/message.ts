import type { ByteStream, Bytes, Secrets } from "../base/mod.ts";
import type { TlsOptions } from "../port/mod.ts";

/** Methods a registry knows. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A body that is streamed: opened anew for every try. */
export interface StreamedBody {
  /** Length in bytes, sent as `Content-Length`. */
  readonly length: number;
  /** Opens the content from its start. */
  open(): Promise<ByteStream>;
}

/** A request. */
export interface HttpRequest {
  /** Method. */
  readonly method: HttpMethod;
  /** Absolute URL, http or https. */
  readonly url: string;
  /** Headers, none of them secret: they follow a redirect. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of `Authorization`: goes to the origin of {@linkcode url} and to no other, whatever redirects say. */
  readonly authorization?: string;
  /** What is sent. */
  readonly body?: Bytes | StreamedBody;
  /** How to trust the origin of {@linkcode url}; another origin is shown no certificate of this side. */
  readonly tls?: TlsOptions;
  /** Unix socket to send it to, instead of the host of {@linkcode url}; no proxy is asked, and no redirect is followed. */
  readonly socketPath?: string;
  /** Milliseconds of silence after which the request is given up; the client's own number where it is left out. */
  readonly idleTimeout?: number;
  /** Whether the request goes at once, even to a host that has had too many: it belongs to one that is under way. @default false */
  readonly urgent?: boolean;
  /** Tries after the first; the client's own number where it is left out. */
  readonly retries?: number;
  /** Ends the request, and the reading of its answer. */
  readonly signal?: AbortSignal;
}

/** Returns whom `request` reaches: host and port, or a socket. */
export function peerOf({ url, socketPath }: Pick<HttpRequest, "url" | "socketPath">): string {
  return socketPath ?? new URL(url).host;
}

/** An answer. Read its body or call `discard`, else the connection cannot be used again. */
export interface HttpResponse {
  /** Status. */
  readonly status: number;
  /** Headers. */
  readonly headers: Headers;
  /** Where the answer came from, after redirects; it may hold secrets in its query. */
  readonly url: string;
  /** What the other side knows of this side and may say again in its own words. */
  readonly secrets: Secrets;
  /** Milliseconds the other side asked to wait. */
  readonly retryAfter?: number;
  /** The body. It fails when nothing came for the idle time, and with the signal. */
  readonly body: ByteStream;
  /** Returns the body. @throws {OciError} `LIMIT` over `limit` bytes */
  readBody(limit: number): Promise<Bytes>;
  /** Lets go of the body. */
  discard(): Promise<void>;
}
