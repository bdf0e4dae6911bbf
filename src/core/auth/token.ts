import * as v from "valibot";
import { encodeUtf8, formatBase64, OciError, parseSecretJson, quote, RegistryError, type Secrets } from "../base/mod.ts";
import { type HttpClient, type HttpRequest, type HttpResponse, isTransientStatus, readErrorBody, redactUrl, resolveHop, TransientError } from "../http/mod.ts";
import type { Clock, TlsOptions } from "../port/mod.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credential-store.ts";
import type { Scope } from "./scope.ts";

/** What a token is wanted for. */
export interface TokenRequest {
  /** What the registry asked for, scheme `bearer`. */
  readonly challenge: Challenge;
  /** URL of the registry that asked. */
  readonly registry: string;
  /** The registry as the user calls it, for messages. */
  readonly domain: string;
  /** What the token must allow, most important first. */
  readonly scopes: readonly Scope[];
  /** Who asks; nobody in particular if left out. */
  readonly credentials?: Credentials;
  /** Whether certificates need not be valid. @default false */
  readonly isInsecure?: boolean;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

/** Gets tokens, each once. */
export interface TokenClient {
  /** Returns the value of `Authorization` for a request. What may pass is thrown as it is, for the `retry` around the request. @throws {OciError} `DENIED` where the credentials are refused, `REGISTRY` for a realm that must not be asked */
  authorise(request: TokenRequest): Promise<string>;
  /** Forgets a value of `Authorization` that the registry no longer takes. */
  forget(authorization: string): void;
}

/** What a token client takes from outside. */
export interface TokenTools {
  /** Makes requests. */
  readonly http: HttpClient;
  /** Tells when a token has run out. */
  readonly clock: Clock;
  /** Returns how to trust a host; `isElsewhere` is one that is not the registry's own. */
  readonly tlsFor: (host: string, trust: { readonly isInsecure: boolean; readonly isElsewhere: boolean }) => Promise<TlsOptions | undefined>;
}

interface Token {
  readonly authorization: string;
  /** Monotonic time. */
  readonly expires: number;
}

const maximumBody = 64 * 1024;
/** Seconds a token lives where the answer says less (distribution `auth/token`). */
const shortestLife = 60;
/** Milliseconds a token is renewed before its end. */
const margin = 5_000;

interface Entry {
  readonly pending: Promise<Token>;
  token?: Token;
}

/** Returns a client that asks for a token once per registry, realm, service, user and set of scopes, however many want it at the same time. */
export function createTokenClient(tools: TokenTools): TokenClient {
  const entries = new Map<string, Entry>();
  const identities = new Map<string, string>();

  const start = (key: string, request: TokenRequest): Entry => {
    const entry: Entry = { pending: fetchToken(tools, request, identities) };
    entries.set(key, entry);
    entry.pending.then(
      (token) => {
        entry.token = token;
      },
      () => entries.get(key) === entry && entries.delete(key),
    );
    return entry;
  };
  return {
    async authorise(request) {
      const key = keyOf(request);
      const known = entries.get(key);
      const isGood = known !== undefined && (known.token === undefined || known.token.expires > tools.clock.monotonic());
      const entry = isGood ? known : start(key, request);
      return (await untilAborted(entry.pending, request.signal)).authorization;
    },
    forget(authorization) {
      for (const [key, entry] of entries) if (entry.token?.authorization === authorization) entries.delete(key);
    },
  };
}

/** Waits for what others may wait for too: one who gives up must not take it from them. */
async function untilAborted<T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await pending;
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function keyOf({ challenge, registry, scopes, credentials, isInsecure }: TokenRequest): string {
  const { parameters } = challenge;
  return JSON.stringify([new URL(registry).origin, parameters.get("realm"), parameters.get("service"), [...scopes].sort(), credentials, isInsecure]);
}

async function fetchToken(tools: TokenTools, request: TokenRequest, identities: Map<string, string>): Promise<Token> {
  const realm = realmOf(request, tools.http.secrets);
  const tls = await tools.tlsFor(realm.host, { isInsecure: request.isInsecure === true, isElsewhere: realm.host !== new URL(request.registry).host });
  const { identityToken: identity, password = "" } = request.credentials ?? {};
  for (const secret of [identity ?? "", password]) tools.http.secrets.add(secret);
  const key = JSON.stringify([realm.href, identity]);
  const [first, second] = grantsFor(realm, request, identities.get(key) ?? identity);
  const ask = (grant: HttpRequest) => tools.http.request({ ...grant, ...(tls && { tls }), retries: 0, urgent: true });
  let response = await ask(first);
  if (second !== undefined && (response.status === 404 || response.status === 405)) {
    await response.discard();
    response = await ask(second);
  }
  if (isTransientStatus(response.status)) throw new TransientError(await tokenError(request, response), response.retryAfter);
  if (response.status !== 200) throw await tokenError(request, response);
  const answer = readAnswer(await response.readBody(maximumBody), request.domain);
  for (const secret of [answer.token, answer.refreshToken ?? ""]) tools.http.secrets.add(secret);
  if (identity !== undefined && answer.refreshToken !== undefined) identities.set(key, answer.refreshToken);
  return { authorization: `Bearer ${answer.token}`, expires: tools.clock.monotonic() + answer.life * 1000 - margin };
}

/**
 * Returns the requests that get a token, the second for a service that does not know the method of the first: some make
 * tokens for GET only, some for POST only. An identity token is never left out, or the registry would be asked anonymously.
 */
function grantsFor(realm: URL, request: TokenRequest, identity: string | undefined): readonly [HttpRequest, HttpRequest?] {
  const { credentials } = request;
  const query = () => queryGrant(realm, request);
  const withPassword = credentials !== undefined && hasPassword(credentials);
  if (identity !== undefined) {
    const refresh = formGrant(realm, request, { grant_type: "refresh_token", refresh_token: identity });
    return withPassword ? [refresh, query()] : [refresh];
  }
  if (!withPassword) return [query()];
  return [query(), formGrant(realm, request, { grant_type: "password", username: credentials.username, password: credentials.password })];
}

/**
 * Returns where the registry says tokens are made: hostile input, held to the same rules as a redirect. Credentials go over
 * http only to the host that the user named (CVE-2019-10214, GHSA-28r5-37g7-p6mp, GHSA-xf85-363p-868w).
 */
function realmOf({ challenge, registry, domain, credentials }: TokenRequest, secrets: Secrets): URL {
  const realm = resolveHop(challenge.parameters.get("realm") ?? null, registry, { what: "token realm", secrets });
  if (credentials && realm.protocol !== "https:" && realm.hostname !== new URL(registry).hostname) {
    throw new OciError("REGISTRY", `Cannot log in to ${quote(domain)}: its tokens are made at "${realm.host}" over http, which would show the credentials`);
  }
  return realm;
}

/** Asks with GET (distribution `auth/token`). */
function queryGrant(realm: URL, { challenge, scopes, credentials }: TokenRequest): HttpRequest {
  const service = challenge.parameters.get("service");
  const query = [
    ...(service === undefined ? [] : [["service", service]]),
    ...(credentials ? [["account", credentials.username]] : []),
    ...scopes.map((scope) => ["scope", scope]),
  ];
  const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`).join("&");
  const url = text === "" ? realm.href : `${realm.href}${realm.search === "" ? "?" : "&"}${text}`;
  return { method: "GET", url, ...(credentials && { authorization: basicAuthorization(credentials) }) };
}

/** Asks with POST (distribution `auth/oauth`); secrets go into the body, never into a URL. */
function formGrant(realm: URL, { challenge, scopes }: TokenRequest, secrets: Readonly<Record<string, string>>): HttpRequest {
  const form = new URLSearchParams({ ...secrets, service: challenge.parameters.get("service") ?? "", client_id: "ocidex" });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  return { method: "POST", url: realm.href, headers: { "content-type": "application/x-www-form-urlencoded" }, body: encodeUtf8(form.toString()) };
}

/** Tells whether there is a password, be it an empty one, and not only an identity token. */
export function hasPassword({ password, identityToken }: Credentials): boolean {
  return identityToken === undefined || password !== "";
}

/** Returns the value of `Authorization` for the scheme `basic` (RFC 7617). */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${formatBase64(encodeUtf8(`${username}:${password}`))}`;
}

const AnswerSchema = v.object({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
  refresh_token: v.nullish(v.string()),
  expires_in: v.optional(v.unknown()),
});

interface Answer {
  readonly token: string;
  readonly life: number;
  readonly refreshToken: string | undefined;
}

function readAnswer(bytes: Uint8Array, domain: string): Answer {
  const answer = parseSecretJson(AnswerSchema, bytes, `the token for ${quote(domain)}`);
  const token = answer.token || answer.access_token;
  // A token becomes a header, so it must not be able to end one.
  if (!token || !/^[!-~]+$/.test(token)) throw new OciError("REGISTRY", `Cannot log in to ${quote(domain)}: the answer of the token service holds no token`);
  const life = typeof answer.expires_in === "number" && answer.expires_in > shortestLife ? answer.expires_in : shortestLife;
  return { token, life, refreshToken: answer.refresh_token || undefined };
}

/** A 404 here says nothing about what was asked of the registry, so it must not read as "not there". */
async function tokenError({ domain }: TokenRequest, response: HttpResponse): Promise<OciError> {
  const body = await readErrorBody(response);
  const said = body.text === "" ? "" : ` (${body.text})`;
  const url = redactUrl(response.url);
  const message = `Cannot log in to ${quote(domain)}: the token service ${quote(url)} answered ${response.status}${said}`;
  if (response.status === 404) return new OciError("REGISTRY", message);
  return new RegistryError(message, { method: "GET", url, status: response.status, codes: body.codes });
}
