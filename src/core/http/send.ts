import type { $Fetch } from "ofetch";
import { type ByteStream, isOciError, iterate, NetworkError, quote, readAll, type Secrets } from "../base/mod.ts";
import type { Clock, FetchInit, Report } from "../port/mod.ts";
import { incomingBody, type OutgoingBody, outgoingBody } from "./body.ts";
import type { Gate } from "./gate.ts";
import { redactUrl } from "./hop.ts";
import { type IdleWatch, watchIdle } from "./idle.ts";
import { type HttpRequest, type HttpResponse, peerOf } from "./message.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { secretsOf } from "./secrets.ts";

/** What sending takes. */
export interface SendTools {
  /** ofetch without its own ideas of bodies, errors and retries. */
  readonly fetch: $Fetch["raw"];
  /** Reads dates in `Retry-After`. */
  readonly clock: Clock;
  /** Milliseconds of silence. */
  readonly idleTimeout: number;
  /** Bounds the requests to a host that has had too many. */
  readonly gate: Gate;
  /** Value of `User-Agent`. */
  readonly userAgent: string;
  /** Is told of every answer. */
  readonly report: Report;
  /** Returns the proxy for a URL. */
  readonly proxyFor: (url: string) => string | undefined;
  /** Takes what is sent and must not be shown. */
  readonly secrets: Secrets;
}

/** An unread body is read to its end up to here, so that the connection stays usable; a longer one is cut off. */
const drainLimit = 64 * 1024;

/** Sends `request` once; a redirect is an answer like any other. */
export async function send(tools: SendTools, request: HttpRequest): Promise<HttpResponse> {
  const host = peerOf(request);
  const watch = watchIdle(tools.clock, request.idleTimeout ?? tools.idleTimeout, host);
  const signal = AbortSignal.any([watch.signal, ...(request.signal ? [request.signal] : [])]);
  let body: OutgoingBody | undefined;
  try {
    signal.throwIfAborted();
    if (request.body && "open" in request.body) body = outgoingBody(await request.body.open(), watch, signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  try {
    const passing = { host, signal, ...(request.urgent !== undefined && { urgent: request.urgent }) };
    return await tools.gate.run(passing, async () => {
      watch.wait();
      const response = await tools.fetch(request.url, initOf(tools, request, { body: body?.stream, signal }));
      watch.pause();
      return answerOf(response, { request, watch, signal, tools });
    });
  } catch (error) {
    watch.pause();
    const failure = body?.failure();
    if (signal.aborted) throw signal.reason;
    if (failure) throw failure.error;
    throw networkErrorOf(error, host);
  }
}

/** What ofetch is told beside the request: give the answer back as it is. */
interface Plain {
  readonly retry: false;
  readonly ignoreResponseError: true;
  readonly responseType: "stream";
}

function initOf(tools: SendTools, request: HttpRequest, sent: { readonly body: ByteStream | undefined; readonly signal: AbortSignal }): FetchInit & Plain {
  const { body } = request;
  const content = sent.body ?? (body instanceof Uint8Array ? body : undefined);
  const length = body && "open" in body ? body.length : undefined;
  const { socketPath } = request;
  const proxyUrl = socketPath === undefined ? tools.proxyFor(request.url) : undefined;
  for (const secret of secretsOf(request.authorization, proxyUrl)) tools.secrets.add(secret);
  return {
    retry: false,
    ignoreResponseError: true,
    responseType: "stream",
    method: request.method,
    redirect: "manual",
    signal: sent.signal,
    headers: {
      "user-agent": tools.userAgent,
      "accept-encoding": "identity",
      ...request.headers,
      ...(length !== undefined && { "content-length": String(length) }),
      ...(request.authorization !== undefined && { authorization: request.authorization }),
    },
    ...(content !== undefined && { body: content }),
    ...(request.tls && { tls: request.tls }),
    ...(proxyUrl !== undefined && { proxyUrl }),
    ...(socketPath !== undefined && { socketPath }),
  };
}

/** ofetch wraps failures in one whose message holds the whole URL, so only its cause is taken. */
function networkErrorOf(error: unknown, host: string): unknown {
  const cause = error instanceof Error && error.name === "FetchError" ? error.cause : error;
  if (isOciError(cause)) return cause;
  return new NetworkError(`Cannot reach ${quote(host)}: the connection failed`, "other", { cause });
}

interface Answering {
  readonly request: HttpRequest;
  readonly watch: IdleWatch;
  readonly signal: AbortSignal;
  readonly tools: SendTools;
}

function answerOf(response: Response, { request, watch, signal, tools }: Answering): HttpResponse {
  const body = incomingBody(request.method === "HEAD" ? null : response.body, watch, signal);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), tools.clock.now());
  return {
    status: response.status,
    headers: response.headers,
    url: request.url,
    secrets: tools.secrets,
    ...(retryAfter !== undefined && { retryAfter }),
    body,
    readBody: (limit) => readAll(body, { limit, what: `the answer of "${redactUrl(request.url)}"` }),
    discard: () => drain(body),
  };
}

async function drain(body: ByteStream): Promise<void> {
  if (body.locked) return;
  let size = 0;
  try {
    for await (const piece of iterate(body)) {
      size += piece.length;
      if (size > drainLimit) return;
    }
  } catch {
    // The answer has been judged already; what its body does no longer matters.
  }
}
