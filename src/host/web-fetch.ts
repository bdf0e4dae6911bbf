import { type ByteStream, type Bytes, NetworkError, OciError, quote, streamOf } from "../core/base/mod.ts";
import type { Fetch, FetchInit, TlsOptions } from "../core/port/mod.ts";
import { guarded, type Step } from "./guarded.ts";
import { networkError } from "./network-failure.ts";
import { createUpload, type Upload } from "./upload.ts";

/** A request with everything decided, for one runtime to send. */
export interface Outgoing {
  /** Where to; http or https, without credentials. */
  readonly url: URL;
  /** The method in capitals. */
  readonly method: string;
  /** All headers, also the ones that follow from the body. */
  readonly headers: Headers;
  /** The body: bytes, or pieces to be asked for one by one. */
  readonly body?: Bytes | AsyncIterable<Bytes>;
  /** Ends the request and the reading of its answer. */
  readonly signal?: AbortSignal;
  /** Trust. */
  readonly tls: TlsOptions;
  /** Proxy; there is none where there is a socket. */
  readonly proxyUrl?: string;
  /** Unix socket to connect to. */
  readonly socketPath?: string;
}

/** An answer as a runtime gives it. */
export interface Incoming {
  /** Status. */
  readonly status: number;
  /** Headers. */
  readonly headers: Headers;
  /** Returns the next piece of the body; undefined where there can be no body. */
  readonly next?: () => Promise<Step>;
  /** Gives the rest of the body up. */
  readonly stop: () => void;
}

/** Returns the `Fetch` of the port over `send`, which knows one runtime: bodies, cancellation and errors are the same everywhere. */
export function createFetch(send: (request: Outgoing) => Promise<Incoming>): Fetch {
  return async (address, init = {}) => {
    const url = parseTarget(address, init.socketPath);
    const signal = init.signal ?? undefined;
    signal?.throwIfAborted();
    const upload = createUpload(init.body, signal);
    const context = { name: init.socketPath ?? url.host, signal, upload, proxyUrl: init.socketPath === undefined ? init.proxyUrl : undefined };
    try {
      const incoming = await send(await outgoing(url, init, upload));
      return respond(url, incoming, context);
    } catch (error) {
      upload?.stop(error);
      throw failure(error, context);
    }
  };
}

/** Returns what the web's own `fetch` is told. */
export function webInit({ method, headers, body, signal }: Outgoing): RequestInit {
  const init = { method, headers, redirect: "manual", duplex: "half", ...(signal && { signal }) } as const;
  if (body === undefined) return init;
  return { ...init, body: body instanceof Uint8Array ? body : streamOf(body) };
}

/** Returns an answer of the web's own `fetch`. */
export function webAnswer(response: Response): Incoming {
  const reader = response.body?.getReader();
  return {
    status: response.status,
    headers: response.headers,
    ...(reader && { next: () => reader.read() }),
    stop: () => void reader?.cancel().catch(() => {}),
  };
}

function parseTarget(address: string, socketPath: string | undefined): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) throw new OciError("INVALID", `Cannot request ${quote(address.replace(/[?#].*/s, ""))}: it is not a URL`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new OciError("INVALID", `Cannot request a ${quote(url.protocol)} URL: only http and https are known`);
  if (socketPath !== undefined && url.protocol !== "http:")
    throw new OciError("INVALID", `Cannot request from socket ${quote(socketPath)}: only http is spoken there`);
  if (url.username || url.password) throw new OciError("INVALID", `Cannot request from ${quote(url.host)}: credentials do not belong into a URL`);
  return url;
}

async function outgoing(url: URL, init: FetchInit, upload: Upload | undefined): Promise<Outgoing> {
  const headers = new Headers(init.headers);
  const body = upload?.pieces ?? (await bytesOf(init.body, headers));
  return {
    url,
    method: (init.method ?? "GET").toUpperCase(),
    headers,
    tls: init.tls ?? {},
    ...(body !== undefined && { body }),
    ...(init.signal && { signal: init.signal }),
    ...(init.socketPath === undefined ? init.proxyUrl !== undefined && { proxyUrl: init.proxyUrl } : { socketPath: init.socketPath }),
  };
}

/** Returns what `fetch` would send for `body`, and notes its type in `headers`. */
async function bytesOf(body: FetchInit["body"], headers: Headers): Promise<Bytes | undefined> {
  if (body === undefined || body === null) return undefined;
  const read = new Response(body);
  const type = read.headers.get("content-type");
  if (type !== null && !headers.has("content-type")) headers.set("content-type", type);
  return new Uint8Array(await read.arrayBuffer());
}

interface Context {
  /** What is reached, for errors. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  readonly upload: Upload | undefined;
  readonly proxyUrl: string | undefined;
}

function failure(error: unknown, { name, signal, upload, proxyUrl }: Context): unknown {
  if (signal?.aborted) return signal.reason;
  const failed = upload?.failure();
  return failed === undefined ? networkError(name, error, proxyUrl) : failed.error;
}

function respond(url: URL, incoming: Incoming, context: Context): Response {
  const { status, headers } = incoming;
  if (status < 200 || status > 599) {
    incoming.stop();
    throw new NetworkError(`Cannot reach ${quote(context.name)}: it answered with status ${status}`, "other");
  }
  const response = new Response(bodyOf(incoming, context), { status, headers });
  Object.defineProperty(response, "url", { value: url.href });
  return response;
}

/** Statuses whose answers have no body (RFC 9110 section 15). */
export const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

function bodyOf(incoming: Incoming, context: Context): ByteStream | null {
  const { next } = incoming;
  const stop = (): void => {
    incoming.stop();
    context.upload?.stop();
  };
  if (next === undefined || bodyless.has(incoming.status)) {
    stop();
    return null;
  }
  return streamOf(guarded({ next, stop, fail: (error) => failure(error, context) }), context.signal);
}
