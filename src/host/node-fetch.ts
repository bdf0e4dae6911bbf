import { Readable } from "node:stream";
import { createSecureContext } from "node:tls";
import type { Agent, buildConnector, Dispatcher } from "undici";
import type { Environment, Fetch } from "../core/port/mod.ts";
import { createTrust, type TlsSettings } from "./trust.ts";
import { bodyless, createFetch, type Incoming, type Outgoing } from "./web-fetch.ts";

/** Registries answer with long challenges and signed locations; undici stops at 16 KiB. */
const maxHeaderSize = 2 ** 18;
const connectTimeout = 30_000;

/** How to make a TLS connection. */
export interface ConnectSettings extends TlsSettings {
  /** Milliseconds a connection may take to come about. */
  readonly timeout: number;
}

/** Returns a function that makes TLS connections. */
export type ConnectTls = (settings: ConnectSettings) => buildConnector.connector;

/** Takes the connection, or what went wrong. */
export type ConnectCallback = buildConnector.Callback;

/**
 * Returns the `Fetch` of Node and Deno over undici's dispatchers. `fetch` itself cannot serve: Node's keeps a streamed body
 * in memory, Deno's drops its length, asks the environment for proxies and has no unverified TLS for one request.
 */
export function nodeFetch(environment: Environment, connectTls?: ConnectTls): Fetch {
  const trust = createTrust(environment);
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const dispatcherOf = ({ url, tls, proxyUrl, socketPath }: Outgoing): Promise<Dispatcher> => {
    const needsTls = url.protocol === "https:" || proxyUrl?.startsWith("https:") === true;
    const key = JSON.stringify([proxyUrl ?? null, socketPath ?? null, needsTls ? tls : null]);
    const known = dispatchers.get(key);
    if (known !== undefined) return known;
    const made = (async () => await createDispatcher({ connectTls, proxyUrl, socketPath, tls: needsTls ? await trust(tls) : undefined }))();
    dispatchers.set(key, made);
    made.catch(() => dispatchers.delete(key));
    return made;
  };
  return createFetch(async (request) => await send(await dispatcherOf(request), request));
}

interface DispatcherOptions {
  readonly tls: TlsSettings | undefined;
  readonly proxyUrl: string | undefined;
  readonly socketPath: string | undefined;
  readonly connectTls: ConnectTls | undefined;
}

async function createDispatcher({ tls, proxyUrl, socketPath, connectTls }: DispatcherOptions): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import("undici");
  const options: Agent.Options = { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize };
  const timeout = connectTimeout;
  if (socketPath !== undefined) return new Agent({ ...options, connect: { timeout, socketPath } });
  if (proxyUrl === undefined && tls && connectTls) return new Agent({ ...options, connect: connectTls({ ...tls, timeout }) });
  // Made once: a context with all authorities takes longer than a connection.
  const connect = { timeout, ...(tls && { secureContext: createSecureContext(tls), rejectUnauthorized: tls.rejectUnauthorized }) };
  if (proxyUrl === undefined) return new Agent({ ...options, connect });
  return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connect, proxyTls: connect, proxyTunnel: false });
}

async function send(dispatcher: Dispatcher, request: Outgoing): Promise<Incoming> {
  const { url, method, headers, body, signal } = request;
  const answer = await dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: Object.fromEntries(headers),
    // A HEAD would close its connection otherwise.
    reset: false,
    ...(body !== undefined && { body: body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false }) }),
    ...(signal && { signal }),
  });
  const stop = (): void => void answer.body.destroy();
  const head = { status: answer.statusCode, headers: readHeaders(answer.headers) };
  if (method === "HEAD" || bodyless.has(answer.statusCode)) {
    // There is nothing to read; the limit only says that a length is no reason to close the connection.
    await answer.body.dump({ limit: Number.MAX_SAFE_INTEGER });
    return { ...head, stop: () => {} };
  }
  const pieces = answer.body[Symbol.asyncIterator]();
  return { ...head, stop, next: () => pieces.next() };
}

function readHeaders(raw: Readonly<Record<string, string | readonly string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) for (const one of [value ?? []].flat()) headers.append(name, one);
  return headers;
}
