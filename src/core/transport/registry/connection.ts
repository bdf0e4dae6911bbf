import { NetworkError } from "../../base/mod.ts";
import type { HttpRequest, HttpResponse } from "../../http/mod.ts";
import type { RegistryClient, Trust } from "./client.ts";

/** A registry's own host, and how far it is trusted. */
export interface Connection extends Trust {
  /** Host and port of the API. */
  readonly host: string;
}

/** Returns the host of the API of a registry that users call `domain`. */
export function apiHost(domain: string): string {
  return domain === "docker.io" ? "registry-1.docker.io" : domain;
}

/** Returns scheme and host of the API, as far as the scheme is known. */
export function originOf(client: RegistryClient, { host, isInsecure }: Connection): string {
  return `${(isInsecure === true && client.memory.schemes.get(host)) || "https"}://${host}`;
}

/** A request whose URL may need another scheme. */
export type HostRequest = Omit<HttpRequest, "url" | "tls"> & {
  /** Returns the URL for an origin. */
  readonly urlAt: (origin: string) => string;
};

/**
 * Sends a request to a registry's own host. Where certificates need not be valid, a host that fails the TLS handshake is
 * asked over plain http from then on; everywhere else that is an error that says how to allow it.
 */
export async function sendToHost(client: RegistryClient, connection: Connection, { urlAt, ...request }: HostRequest): Promise<HttpResponse> {
  const { host, isInsecure = false } = connection;
  const tls = await client.tlsFor(host, connection);
  const { schemes } = client.memory;
  const known = schemes.get(host);
  const send = () => client.http.request({ ...request, url: urlAt(originOf(client, connection)), tls });
  try {
    const response = await send();
    if (isInsecure && !schemes.has(host)) schemes.set(host, "https");
    return response;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (!isInsecure) throw withAdvice(error);
    if (known !== undefined || error.reason !== "tls-handshake") throw error;
    schemes.set(host, "http");
    return await send();
  }
}

function withAdvice(error: NetworkError): NetworkError {
  if (error.reason === "tls-handshake")
    return new NetworkError(`${error.message}; if plain http is meant, say --tls-verify=false or insecure = true in registries.conf`, error.reason, {
      cause: error,
    });
  if (error.reason === "tls-certificate")
    return new NetworkError(`${error.message}; --tls-verify=false goes on without checking it`, error.reason, { cause: error });
  return error;
}
