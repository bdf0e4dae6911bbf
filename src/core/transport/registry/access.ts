import {
  basicAuthorization,
  type Challenge,
  type Credentials,
  hasPassword,
  isKnownChallenge,
  mergeScopes,
  parseChallenges,
  repositoryScope,
  type Scope,
} from "../../auth/mod.ts";
import { quote } from "../../base/mod.ts";
import { type HttpMethod, type HttpRequest, type HttpResponse, isTransientStatus, type StreamedBody } from "../../http/mod.ts";
import type { Repository } from "../../port/mod.ts";
import { type Descriptor, type Digest, formatReference, parseDigest, parseTag, type Reference } from "../../spec/mod.ts";
import type { RegistryClient, Trust } from "./client.ts";
import { apiHost, type Connection, originOf, sendToHost } from "./connection.ts";
import { failureOf, type RegistryResponse } from "./errors.ts";

/** A request to a repository. */
export interface RegistryRequest {
  /** Method. */
  readonly method: HttpMethod;
  /** Path behind `/v2/<repository>/`, or a URL that the registry gave. */
  readonly at: string | URL;
  /** How the sentence of a failure begins: `Cannot read "…"`. */
  readonly doing: string;
  /** Headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Body. */
  readonly body?: Uint8Array<ArrayBuffer> | StreamedBody;
  /** Repository a blob is mounted from, which a token must allow to read. */
  readonly from?: string;
  /** Whether it belongs to a request that is under way, see {@linkcode HttpRequest.urgent}. @default false */
  readonly urgent?: boolean;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

/** How a repository is reached. */
export interface Way extends Trust {
  /** What is named. */
  readonly reference: Reference;
  /** What the host is to answer for, where it stands for several registries (distribution-spec "Registry Proxying"). */
  readonly namespace?: string;
  /** Whether another way is tried when this one fails, so that no time is lost on it. @default false */
  readonly isOneOfSeveral?: boolean;
}

/** A repository as the requests to it see it. */
export interface Access {
  /** What all repositories share. */
  readonly client: RegistryClient;
  /** What is named. */
  readonly reference: Reference;
  /** Where blobs can be mounted from. */
  readonly repository: Repository;
  /** Begins of keys in the client's memory. */
  readonly key: string;
  /** Returns who asks. */
  credentials(): Promise<Credentials | undefined>;
  /** Returns a name for messages: the repository with a tag or digest. */
  nameOf(version: string): string;
  /** Sends a request once and returns the answer, whatever its status. */
  send(request: RegistryRequest): Promise<RegistryResponse>;
  /** Sends a request and returns what `read` makes of the answer; both again as long as they fail with what passes. */
  exchange<T>(request: RegistryRequest, read: (response: RegistryResponse) => Promise<T>): Promise<T>;
  /** Tells whether `url` is the registry's own. */
  isOwn(url: URL): boolean;
}

/** Returns access to a repository for reading, or for writing too. What the user says of certificates goes before what is settled. */
export function openAccess(client: RegistryClient, way: Way, actions: readonly string[]): Access {
  const { reference, isElsewhere = false, namespace } = way;
  const host = apiHost(reference.domain);
  const connection: Connection = { host, isElsewhere, isInsecure: client.verifyTls === undefined ? way.isInsecure === true : !client.verifyTls };
  const query = namespace === undefined ? "" : `?ns=${encodeURIComponent(namespace)}`;
  const key = `${host}/${reference.repository}${query}`;
  const own = repositoryScope(reference.repository, actions);
  const access: Access = {
    client,
    reference,
    key,
    repository: { origin: `https://${host}`, repository: reference.repository, ...(namespace !== undefined && { isMirrored: true }) },
    credentials: () => credentialsOf({ client, reference, connection }),
    nameOf: (version) => quote(`${reference.domain}/${reference.repository}${version.includes(":") ? "@" : ":"}${version}`),
    // A URL leaves the default port out, a name may spell it.
    isOwn: (url) => url.origin === new URL(originOf(client, connection)).origin,
    async send(given) {
      const asked = typeof given.at === "string" ? { ...given, at: `${given.at}${query}` } : given;
      const request = way.isOneOfSeveral === true ? { ...asked, urgent: true } : asked;
      const target = typeof request.at === "string" ? undefined : request.at;
      if (target && !access.isOwn(target)) return await sendElsewhere({ client, reference, connection, key, request }, target);
      const scopes = [own, ...(request.from === undefined ? [] : [repositoryScope(request.from, ["pull"])])];
      return await sendAuthorised({ client, reference, connection, key, request, scopes });
    },
    exchange: (request, read) =>
      client.http.retry(
        async () => {
          const response = await access.send(request);
          if (isTransientStatus(response.status)) throw await failureOf(response, request);
          return await read(response);
        },
        { ...(way.isOneOfSeveral === true && { retries: 0 }), ...(request.signal && { signal: request.signal }) },
      ),
  };
  return access;
}

/** Returns `manifests/<reference>`; tags and digests are checked before they become part of a path (CVE-2024-3727). @throws {OciError} `INVALID` */
export function manifestPath(version: string): string {
  return `manifests/${version.includes(":") ? parseDigest(version) : parseTag(version)}`;
}

/** Returns the key of a tag or digest of this repository in the client's memory. */
export function memoryKey({ key }: Access, version: string): string {
  return `${key}${version.includes(":") ? "@" : ":"}${version}`;
}

/** Returns the key of a blob of this repository in the client's memory; a second descriptor of another size is a lie of one of them. */
export function blobKey(access: Access, { digest, size }: Descriptor): string {
  return `${memoryKey(access, digest)} ${size}`;
}

/** Returns `blobs/<digest>`. */
export function blobPath(digest: Digest): string {
  return `blobs/${parseDigest(digest)}`;
}

/** Returns tag or digest that `reference` names, a digest before a tag. */
export function versionOf(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/** Returns the whole name of `reference` in quotes, for messages. */
export function quoteReference(reference: Reference): string {
  return quote(formatReference(reference));
}

/** Sends to another origin what a `Location` sends there: without credentials, and its challenges are not answered (GHSA-jxpm-75mh-9fp7). */
async function sendElsewhere({ client, connection, request }: Omit<Sending, "scopes">, url: URL): Promise<HttpResponse> {
  const { certificate: _certificate, key: _key, ...trust } = await client.tlsFor(url.host, { ...connection, isElsewhere: true });
  return await client.http.request({ ...plain(request), url: url.href, tls: trust, retries: 0 });
}

function plain({ method, headers, body, urgent, signal }: RegistryRequest): Pick<RegistryRequest, "method" | "headers" | "body" | "urgent" | "signal"> {
  return { method, ...(headers && { headers }), ...(body && { body }), ...(urgent !== undefined && { urgent }), ...(signal && { signal }) };
}

interface Sending {
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly connection: Connection;
  readonly key: string;
  readonly request: RegistryRequest;
  readonly scopes: readonly Scope[];
}

/**
 * Sends with what the repository asked for last, and once more with what it asks for now. A second refusal is the
 * registry's word: a token that allows less than was asked for must not lead to a loop.
 */
async function sendAuthorised(sending: Sending): Promise<RegistryResponse> {
  const { client, key, request } = sending;
  const remembered = client.memory.challenges.get(key);
  const first = remembered && (await authorise(sending, remembered, sending.scopes));
  const response = await sendOnce(sending, first);
  if (response.status !== 401) return response;
  const challenge = await lettingGo(response, () => chooseChallenge(sending, parseChallenges(response.headers.get("www-authenticate"))));
  if (challenge === undefined) return advised(sending, response);
  client.memory.challenges.set(key, challenge);
  if (first !== undefined) client.tokens.forget(first);
  const asked = challenge.parameters.get("scope");
  const scopes = asked === undefined ? sending.scopes : mergeScopes([...sending.scopes, asked]);
  const second = await lettingGo(response, () => authorise(sending, challenge, scopes));
  if (second === undefined || second === first) return advised(sending, response);
  await response.discard();
  request.signal?.throwIfAborted();
  return advised(sending, await sendOnce(sending, second));
}

/** A refusal of who is nobody is another than one of somebody. */
async function advised(sending: Sending, response: HttpResponse): Promise<RegistryResponse> {
  if (response.status !== 401 && response.status !== 403) return response;
  const credentials = await lettingGo(response, () => credentialsOf(sending));
  const domain = quote(sending.reference.domain);
  return {
    ...response,
    advice: credentials
      ? `, the credentials that were found for ${domain} do not suffice`
      : `, no credentials were found for ${domain}: \`ocidex login\` keeps some, --creds and --authfile give them`,
  };
}

function sendOnce({ client, reference, connection, request }: Sending, authorization: string | undefined): Promise<HttpResponse> {
  const { at } = request;
  const urlAt = (origin: string) => (typeof at === "string" ? `${origin}/v2/${reference.repository}/${at}` : at.href);
  return sendToHost(client, connection, { ...plain(request), urlAt, retries: 0, ...(authorization !== undefined && { authorization }) });
}

async function authorise(sending: Sending, challenge: Challenge, scopes: readonly Scope[]): Promise<string | undefined> {
  const { client, reference, connection, request } = sending;
  const credentials = await credentialsOf(sending);
  if (challenge.scheme === "basic") return credentials && hasPassword(credentials) ? basicAuthorization(credentials) : undefined;
  return await client.tokens.authorise({
    challenge,
    registry: `${originOf(client, connection)}/`,
    domain: reference.domain,
    scopes: mergeScopes(scopes),
    isInsecure: connection.isInsecure === true,
    ...(credentials && { credentials }),
    ...(request.signal && { signal: request.signal }),
  });
}

/** Returns the first challenge that can be met: without a password `basic` cannot. */
async function chooseChallenge(sending: Sending, challenges: readonly Challenge[]): Promise<Challenge | undefined> {
  const known = challenges.filter(isKnownChallenge);
  if (known[0]?.scheme !== "basic") return known[0];
  const credentials = await credentialsOf(sending);
  return credentials && hasPassword(credentials) ? known[0] : (known.find(({ scheme }) => scheme === "bearer") ?? known[0]);
}

function credentialsOf({ client, reference, connection }: Pick<Sending, "client" | "reference" | "connection">): Promise<Credentials | undefined> {
  return client.credentials.get(reference.domain, reference.repository, { isElsewhere: connection.isElsewhere === true });
}

/** Runs `task`, and lets go of the answer's body if it fails, so that the connection stays usable. */
async function lettingGo<T>(response: HttpResponse, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    await response.discard();
    throw error;
  }
}
