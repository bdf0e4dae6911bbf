import { OciError, quote } from "../base/mod.ts";
import type { Environment } from "../port/mod.ts";
import { isInRange, parseIpAddress } from "./ip-address.ts";

/**
 * Returns what tells the proxy for a URL, from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` in either case, as curl
 * and Go read them. This machine is never asked through a proxy. It throws an {@linkcode OciError} `UNSUPPORTED` for a proxy that
 * is no HTTP proxy, so that nothing goes another way than it should.
 */
export function readProxies(environment: Pick<Environment, "get">): (url: string) => string | undefined {
  const variable = (name: string) => environment.get(name.toLowerCase()) ?? environment.get(name);
  const all = variable("ALL_PROXY");
  const proxies = new Map([
    ["https:", variable("HTTPS_PROXY") ?? all],
    ["http:", variable("HTTP_PROXY") ?? all],
  ]);
  const exceptions = (variable("NO_PROXY") ?? "")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map((entry) => parseException(entry.toLowerCase()));
  return (text) => {
    const url = new URL(text);
    const proxy = proxies.get(url.protocol);
    if (proxy === undefined || isLoopback(url.hostname) || exceptions.some((isMeant) => isMeant(url))) return undefined;
    return completed(proxy);
  };
}

function completed(proxy: string): string {
  const url = proxy.includes("://") ? proxy : `http://${proxy}`;
  if (!URL.canParse(url)) throw new OciError("INVALID", "Cannot use the proxy that the environment names: it is not a URL");
  const { protocol, host } = new URL(url);
  if (protocol === "http:" || protocol === "https:") return url;
  throw new OciError("UNSUPPORTED", `Cannot use proxy ${quote(`${protocol}//${host}`)} that the environment names: expected http:// or https://`);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === "[::1]";
}

/** Tells whether a URL is meant by an entry of `NO_PROXY`. */
type Exception = (url: URL) => boolean;

/** Returns what tells which hosts an entry means: a name with those below it, an address, a range, each with a port or not. */
function parseException(entry: string): Exception {
  if (entry === "*") return () => true;
  const { host, port } = splitPort(entry);
  const isHost = parseHost(host);
  return (url) => isHost(url.hostname) && (port === undefined || port === (url.port || (url.protocol === "https:" ? "443" : "80")));
}

/** Colons are part of an IPv6 address that has no brackets. */
function splitPort(entry: string): { readonly host: string; readonly port?: string } {
  const [, host, port] = /^(\[.*\](?:\/\d+)?|[^:]*):(\d+)$/.exec(entry) ?? [];
  return host === undefined || port === undefined ? { host: entry } : { host, port };
}

function parseHost(host: string): (hostname: string) => boolean {
  const [, start = host, bits] = /^(.*)\/(\d{1,3})$/.exec(host) ?? [];
  const network = parseIpAddress(start);
  if (network) {
    return (hostname) => {
      const address = parseIpAddress(hostname);
      return address !== undefined && isInRange(address, network, bits === undefined ? network.bits : Number(bits));
    };
  }
  const name = host.replace(/^\*?\./, "");
  return (hostname) => (hostname === name && name === host) || hostname.endsWith(`.${name}`);
}
