import type { Environment } from "../port/mod.ts";

/**
 * Returns what tells the proxy for a URL, from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` in either case, as curl
 * and Go read them. This machine is never asked through a proxy.
 */
export function readProxies(environment: Pick<Environment, "get">): (url: string) => string | undefined {
  const variable = (name: string) => environment.get(name.toLowerCase()) ?? environment.get(name);
  const all = variable("ALL_PROXY");
  const proxies = new Map([
    ["https:", completed(variable("HTTPS_PROXY") ?? all)],
    ["http:", completed(variable("HTTP_PROXY") ?? all)],
  ]);
  const exceptions = (variable("NO_PROXY") ?? "")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map((entry) => entry.toLowerCase());
  return (text) => {
    const url = new URL(text);
    if (isLoopback(url.hostname) || exceptions.some((entry) => matches(url, entry))) return undefined;
    return proxies.get(url.protocol);
  };
}

function completed(proxy: string | undefined): string | undefined {
  return proxy === undefined || proxy.includes("://") ? proxy : `http://${proxy}`;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === "[::1]";
}

/** Tells whether an entry of `NO_PROXY` means the host of `url`: a name with those below it, an address, a range, each with a port or not. */
function matches(url: URL, entry: string): boolean {
  if (entry === "*") return true;
  const [, host = entry, port] = /^(.*?[^:]|\[.*\]):(\d+)$/.exec(entry) ?? [];
  const isPort = port === undefined || port === (url.port || (url.protocol === "https:" ? "443" : "80"));
  if (!isPort) return false;
  const range = /^([\d.]+)\/(\d{1,2})$/.exec(host);
  if (range) return isInRange(url.hostname, range[1] ?? "", Number(range[2]));
  const name = host.replace(/^\*?\./, "");
  const own = url.hostname.replace(/^\[|\]$/g, "");
  return (own === name.replace(/^\[|\]$/g, "") && !/^\*?\./.test(host)) || own.endsWith(`.${name}`);
}

function isInRange(hostname: string, network: string, bits: number): boolean {
  const [address, base] = [numberOf(hostname), numberOf(network)];
  if (address === undefined || base === undefined || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) === Math.floor(base / size);
}

function numberOf(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
