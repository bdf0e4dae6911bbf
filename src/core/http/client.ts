import { createFetch } from "ofetch";
import { createSecrets, isOciError, NetworkError, OciError, quote, retry, type Secrets } from "../base/mod.ts";
import type { Clock, Fetch, Random, Report } from "../port/mod.ts";
import { createGate } from "./gate.ts";
import { redactUrl, resolveHop } from "./hop.ts";
import { type HttpRequest, type HttpResponse, peerOf } from "./message.ts";
import { type SendTools, send } from "./send.ts";
import { isRedirectStatus, isTransientStatus } from "./status.ts";
import { parseWarnings } from "./warning.ts";

/** What a client takes from outside. */
export interface HttpTools {
  /** Makes one request. */
  readonly fetch: Fetch;
  /** Waits between tries. */
  readonly clock: Clock;
  /** Spreads the waits. */
  readonly random: Random;
}

/** Options of {@linkcode createHttpClient}. */
export interface HttpClientOptions {
  /** Value of `User-Agent`. @default "ocidex" */
  readonly userAgent?: string;
  /** Is told of retries and of warnings the other side sends. */
  readonly report?: Report;
  /** Tries after the first. @default 3 */
  readonly retries?: number;
  /** Milliseconds to wait before each further try. @default up to 500, doubled with every try and at most 30 s, by chance */
  readonly retryDelay?: number;
  /** Milliseconds after which a silent connection is given up. @default 60000 */
  readonly idleTimeout?: number;
  /** Returns the proxy for a URL, for every hop of a redirect too. @default none */
  readonly proxyFor?: (url: string) => string | undefined;
  /** Takes what is sent and must not be shown. @default a set of its own */
  readonly secrets?: Secrets;
}

/** Options of {@linkcode HttpClient.retry}. */
export interface RetryingOptions {
  /** Tries after the first; the client's own number where it is left out. */
  readonly retries?: number;
  /** Tells whether the try that failed began further on than the one before, so that tries are counted anew. @default never */
  readonly gotFurther?: () => boolean;
  /** Ends waiting and trying. */
  readonly signal?: AbortSignal;
}

/** Makes requests, each one done right. */
export interface HttpClient {
  /** What was sent and must not be shown; what a server says is shown without it. */
  readonly secrets: Secrets;
  /**
   * Returns the answer to `request`, whatever its status, after redirects and tries. The last try's answer is returned even
   * when its status is one that passes.
   * @throws {OciError} `NETWORK` without an answer, `REGISTRY` and `LIMIT` for redirects that cannot be followed
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Runs `task` again as long as it fails with what passes: a {@linkcode TransientError} or a failed connection. */
  retry<T>(task: (attempt: number) => Promise<T>, options?: RetryingOptions): Promise<T>;
}

/** A failure that may pass; `retry` throws its cause when it did not. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** What to throw in the end. */
  readonly failure: unknown;
  /** Least wait in milliseconds before the next try. */
  readonly retryAfter: number | undefined;

  /** Makes the error from the failure it stands for. */
  constructor(failure: unknown, retryAfter?: number) {
    super(failure instanceof Error ? failure.message : "the last try failed", { cause: failure });
    this.failure = failure;
    this.retryAfter = retryAfter;
  }
}

/** Tells whether a connection that failed this way may work a little later: not where a certificate or a name is wrong, or the system forbids it. */
export function isTransientFailure(error: unknown): boolean {
  if (!isOciError(error, "NETWORK")) return false;
  const reason = error instanceof NetworkError ? error.reason : "other";
  if (reason === "tls-handshake" || reason === "tls-certificate" || reason === "forbidden") return false;
  const { cause } = error;
  return !(reason === "name" && cause instanceof Error && "code" in cause && cause.code === "ENOTFOUND");
}

const maximumRedirects = 10;
const maximumDelay = 30_000;

/** Returns a client over `tools`. */
export function createHttpClient(tools: HttpTools, options: HttpClientOptions = {}): HttpClient {
  const { retries = 3, retryDelay, idleTimeout = 60_000, userAgent = "ocidex", secrets = createSecrets() } = options;
  // Type definitions of Bun give fetch a second function.
  const fetch = Object.assign((url: Parameters<typeof globalThis.fetch>[0], init?: RequestInit) => tools.fetch(String(url), init), { preconnect: () => {} });
  const sending: SendTools = {
    fetch: createFetch({ fetch }).raw,
    clock: tools.clock,
    gate: createGate(tools.clock),
    idleTimeout,
    userAgent,
    proxyFor: options.proxyFor ?? (() => undefined),
    secrets,
    report: options.report ?? (() => {}),
  };
  const warn = createWarner(options.report);
  const exhausted = new WeakSet<object>();

  const client: HttpClient = {
    secrets,
    async retry(task, { retries: own, signal, gotFurther } = {}) {
      const most = own ?? retries;
      try {
        return await retry(task, {
          policy: { retries: most, delay: retryDelay ?? 500, maximumDelay, isConstant: retryDelay !== undefined },
          tools: { sleep: tools.clock.sleep, random: tools.random.number },
          ...(signal && { signal }),
          ...(gotFurther && { gotFurther }),
          isTransient: (error) =>
            error instanceof TransientError ? (error.retryAfter ?? true) : !(error instanceof Error && exhausted.has(error)) && isTransientFailure(error),
          onRetry: (error, wait, attempt) =>
            options.report?.({ type: "retry", message: error instanceof Error ? error.message : String(error), wait, attempt, retries: most }),
        });
      } catch (error) {
        const failure = error instanceof TransientError ? error.failure : error;
        // Who tries several such things again must not try what was tried often enough.
        if (most > 0 && failure instanceof Error) exhausted.add(failure);
        throw failure;
      }
    },
    request(request) {
      const most = request.retries ?? retries;
      const task = async (attempt: number): Promise<HttpResponse> => {
        const response = await follow(sending, request);
        warn(request, response);
        if (attempt >= most || !isTransientStatus(response.status)) return response;
        await response.discard();
        throw new TransientError(
          new OciError("NETWORK", `Cannot use ${quote(peerOf(request))}: it answered ${response.status} to ${request.method} ${redactUrl(request.url)}`),
          response.retryAfter,
        );
      };
      return client.retry(task, { retries: most, ...(request.signal && { signal: request.signal }) });
    },
  };
  return client;
}

/** Follows redirects of reading requests; once an answer led elsewhere the credentials stay behind, also on the way back. */
async function follow(tools: SendTools, request: HttpRequest): Promise<HttpResponse> {
  const isReading = request.method === "GET" || request.method === "HEAD";
  const { origin } = new URL(request.url);
  let current = request;
  for (let hop = 0; ; hop++) {
    const response = await send(tools, current);
    tools.report({ type: "request", method: current.method, url: tools.secrets.hide(redactUrl(current.url)), status: response.status });
    if (!isReading || request.socketPath !== undefined || !isRedirectStatus(response.status)) return response;
    await response.discard();
    if (hop === maximumRedirects) throw new OciError("LIMIT", `Cannot read "${redactUrl(request.url)}": more than ${maximumRedirects} redirects`);
    const next = resolveHop(response.headers.get("location"), current.url, { what: "redirect", secrets: tools.secrets });
    current = next.origin === origin ? { ...current, url: next.href } : { ...withoutIdentity(current), url: next.href };
  }
}

/** Leaves out what would say who asks; how strictly to look at the other side stays. */
function withoutIdentity({ authorization: _, tls, ...rest }: HttpRequest): HttpRequest {
  if (tls === undefined) return rest;
  const { certificate: _certificate, key: _key, ...trust } = tls;
  return { ...rest, tls: trust };
}

/** Returns what reports each warning once; the number kept is bounded. */
function createWarner(report: Report | undefined): (request: HttpRequest, response: HttpResponse) => void {
  const seen = new Set<string>();
  return (request, response) => {
    if (report === undefined) return;
    const { host, origin } = new URL(request.url);
    if (new URL(response.url).origin !== origin) return;
    for (const text of parseWarnings(response.secrets.hide(response.headers.get("warning") ?? ""))) {
      const message = `Registry "${host}" warns: ${text}`;
      if (seen.has(message) || seen.size >= 100) continue;
      seen.add(message);
      report({ type: "warning", message });
    }
  };
}
