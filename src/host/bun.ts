/**
 * The host of Bun: its files, its network, its clock.
 *
 * @module
 */
import { streamBytes } from "../core/base/mod.ts";
import type { Environment, Fetch, Hash, Host } from "../core/port/mod.ts";
import { nodeRuntime } from "./node-runtime.ts";
import { nodeTerminal, type WriteText } from "./node-terminal.ts";
import { createTrust, type TlsSettings } from "./trust.ts";
import { createFetch, type Outgoing, webAnswer, webInit } from "./web-fetch.ts";

/** What Bun's `fetch` takes beside the web's options. */
interface BunInit extends RequestInit {
  readonly tls?: TlsSettings;
  /** `false` also ignores the environment, which Bun would ask even for 127.0.0.1. */
  readonly proxy: false | { readonly url: string; readonly respectNoProxy: false };
  /** Path of a Unix socket. */
  readonly unix?: string;
  readonly decompress: false;
  /** The caller measures time. */
  readonly timeout: false;
}

/** Returns the host of Bun. */
export function bunHost(): Host {
  const runtime = nodeRuntime({ pieceSize: 2 ** 20 });
  return {
    ...runtime,
    hash: bunHash,
    terminal: nodeTerminal(
      bunWriter(() => Bun.stdout),
      bunWriter(() => Bun.stderr),
    ),
    fetch: bunFetch(runtime.environment),
  };
}

const bunHash: Hash = (algorithm) => {
  const hash = new Bun.CryptoHasher(algorithm);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: () => hash.digest("hex"),
  };
};

function bunFetch(environment: Environment): Fetch {
  const trust = createTrust(environment);
  return createFetch(async (request) => {
    const { url, tls, proxyUrl, socketPath } = request;
    const needsTls = url.protocol === "https:" || proxyUrl?.startsWith("https:") === true;
    const init: BunInit = {
      ...webInit(request),
      ...sentOnce(request),
      ...(needsTls && { tls: await trust(tls) }),
      ...(socketPath !== undefined && { unix: socketPath }),
      proxy: proxyUrl === undefined ? false : { url: proxyUrl, respectNoProxy: false },
      decompress: false,
      timeout: false,
    };
    return webAnswer(await fetch(url.href, init));
  });
}

/**
 * Where a connection that was kept open breaks, Bun repeats what may be repeated, PUT and DELETE among it (RFC 9110 section
 * 9.2.2); but a registry answers otherwise to what it has done already. It repeats no body that comes as a stream, and nothing
 * on a connection of its own.
 */
function sentOnce({ method, headers, body }: Outgoing): Pick<RequestInit, "body" | "keepalive"> {
  if (method !== "PUT" && method !== "DELETE") return {};
  if (body !== undefined && !(body instanceof Uint8Array)) return {};
  if (body === undefined || body.length === 0) return { keepalive: false };
  headers.set("content-length", String(body.length));
  return { body: streamBytes(body) };
}

/** `process.stdout` loads sockets and terminals of Node, which is more than half of a short run. */
function bunWriter(file: () => Bun.BunFile): WriteText {
  let writer: Bun.FileSink | undefined;
  return async (text) => {
    writer ??= file().writer();
    await writer.write(text);
    await writer.flush();
  };
}
