import { basicAuthorization, type Challenge, type Credentials, hasPassword, isKnownChallenge, parseChallenges } from "../../auth/mod.ts";
import { isOciError, OciError, quote, RegistryError } from "../../base/mod.ts";
import { type HttpResponse, isTransientStatus } from "../../http/mod.ts";
import type { RegistryClient } from "./client.ts";
import { apiHost, type Connection, originOf, sendToHost } from "./connection.ts";
import { failureOf, registryError } from "./errors.ts";

/** Whom a registry is asked about. */
export interface LoginCheck {
  /** The registry as the user calls it. */
  readonly domain: string;
  /** Whether certificates need not be valid, where the user has said neither. */
  readonly isInsecure: boolean;
  /** Who wants in. */
  readonly credentials: Credentials;
  /** Ends the requests. */
  readonly signal?: AbortSignal;
}

/**
 * Asks the registry for its root, `/v2/`, with `credentials`. Returns whether it wanted any: one that lets everybody in says
 * nothing about them.
 * @throws {OciError} `DENIED` for credentials that it refuses, `NETWORK`, `REGISTRY`
 */
export async function verifyLogin(client: RegistryClient, check: LoginCheck): Promise<boolean> {
  const first = await askRoot(client, check);
  if (first.status !== 401) return await finish(first, check, false);
  const challenge = chooseChallenge(parseChallenges(first.headers.get("www-authenticate")), check.credentials);
  if (challenge === undefined) return await finish(first, check, true);
  await first.discard();
  const authorization = await authorise(client, check, challenge);
  return await finish(await askRoot(client, check, authorization), check, true);
}

/** Returns the answer, asking again as long as it is one that passes. */
async function askRoot(client: RegistryClient, check: LoginCheck, authorization?: string): Promise<HttpResponse> {
  const connection = connectionOf(client, check);
  const signal = check.signal && { signal: check.signal };
  const urlAt = (origin: string) => `${origin}/v2/`;
  return await client.http.retry(async () => {
    const response = await sendToHost(client, connection, {
      method: "GET",
      urlAt,
      retries: 0,
      ...(authorization !== undefined && { authorization }),
      ...signal,
    });
    if (isTransientStatus(response.status)) throw await failureOf(response, attemptedOf(check));
    return response;
  }, signal);
}

function connectionOf({ verifyTls }: RegistryClient, { domain, isInsecure }: LoginCheck): Connection {
  return { host: apiHost(domain), isInsecure: verifyTls === undefined ? isInsecure : !verifyTls };
}

function attemptedOf({ domain }: LoginCheck): { readonly doing: string; readonly method: "GET" } {
  return { doing: `Cannot log in to ${quote(domain)}`, method: "GET" };
}

function chooseChallenge(challenges: readonly Challenge[], credentials: Credentials): Challenge | undefined {
  return challenges.find((challenge) => isKnownChallenge(challenge) && (challenge.scheme === "bearer" || hasPassword(credentials)));
}

/** Returns the value of `Authorization`; a token for nothing in particular still says who asks. */
async function authorise(client: RegistryClient, check: LoginCheck, challenge: Challenge): Promise<string> {
  const { domain, credentials } = check;
  const signal = check.signal && { signal: check.signal };
  if (challenge.scheme === "basic") return basicAuthorization(credentials);
  const scope = challenge.parameters.get("scope");
  const connection = connectionOf(client, check);
  const registry = `${originOf(client, connection)}/`;
  const isInsecure = connection.isInsecure === true;
  const request = { challenge, registry, domain, isInsecure, scopes: scope === undefined ? [] : [scope], credentials, ...signal };
  try {
    return await client.http.retry(() => client.tokens.authorise(request), signal);
  } catch (error) {
    throw isRefusal(error) ? invalid(domain, error) : error;
  }
}

async function finish(response: HttpResponse, check: LoginCheck, wanted: boolean): Promise<boolean> {
  if (response.status !== 200) {
    const error = await registryError(response, attemptedOf(check));
    throw isRefusal(error) ? invalid(check.domain, error) : error;
  }
  await response.discard();
  return wanted;
}

function isRefusal(error: unknown): error is RegistryError {
  return isOciError(error, "DENIED") && error instanceof RegistryError && error.answer.status === 401;
}

function invalid(domain: string, cause: RegistryError): OciError {
  return new OciError("DENIED", `Cannot log in to ${quote(domain)}: invalid username/password`, { cause });
}
