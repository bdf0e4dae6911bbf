import { NetworkError } from "../../base/mod.ts";
import type { HttpRequest, HttpResponse } from "../../http/mod.ts";
import type { TlsOptions } from "../../port/mod.ts";
import type { RegistryClient } from "./client.ts";

/** Returns the host of the API of a registry that users call `domain`. */
export function apiHost(domain: string): string {
  return domain === "docker.io" ? "registry-1.docker.io" : domain;
}

/** Returns scheme and host of the API at `host`, as far as the scheme is known. */
export function originOf(client: RegistryClient, host: string): string {
  return `${client.memory.schemes.get(host) ?? "https"}://${host}`;
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
export async function sendToHost(client: RegistryClient, host: string, { urlAt, ...request }: HostRequest): Promise<HttpResponse> {
  const tls = await client.tlsFor(host);
  const { schemes } = client.memory;
  const known = schemes.get(host);
  const send = () => client.http.request({ ...request, url: urlAt(originOf(client, host)), tls });
  try {
    const response = await send();
    if (known === undefined && !schemes.has(host)) schemes.set(host, "https");
    return response;
  } catch (error) {
    if (known !== undefined || !(error instanceof NetworkError)) throw error;
    if (tls.verify !== false || error.reason !== "tls-handshake") throw withAdvice(error, tls);
    schemes.set(host, "http");
    return await send();
  }
}

function withAdvice(error: NetworkError, tls: TlsOptions): NetworkError {
  if (tls.verify === false) return error;
  if (error.reason === "tls-handshake")
    return new NetworkError(`${error.message}; if plain http is meant, say --tls-verify=false`, error.reason, { cause: error });
  if (error.reason === "tls-certificate")
    return new NetworkError(`${error.message}; --tls-verify=false goes on without checking it`, error.reason, { cause: error });
  return error;
}
