import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createSocketServer, type Server as SocketServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Identity } from "./tls.ts";

/** A server on a free port of 127.0.0.1. */
export interface TestServer {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Host and port. */
  readonly host: string;
  /** Returns how many connections have come. */
  connections(): number;
  /** Lets the server be a proxy for tunnels. */
  onConnect(listener: (request: IncomingMessage, socket: Duplex) => void): void;
  /** Ends the server and its connections. */
  close(): Promise<void>;
}

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  /** Speaks TLS with this certificate. */
  readonly identity?: Identity;
  /** Asks clients for a certificate of this authority. */
  readonly clientAuthority?: string;
}

/** Starts a server that answers with `listener`. */
export async function serve(listener: RequestListener, { identity, clientAuthority }: ServeOptions = {}): Promise<TestServer> {
  const tls = identity && { cert: identity.certificate, key: identity.key, ...(clientAuthority !== undefined && { ca: clientAuthority, requestCert: true }) };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  return await start(server, identity ? "https" : "http", () => server.closeAllConnections());
}

/** Starts a server of bare connections. */
export async function serveSockets(listener: Parameters<typeof createSocketServer>[1]): Promise<TestServer> {
  return await start(createSocketServer(listener), "http", () => {});
}

async function start(server: SocketServer, scheme: string, drop: () => void): Promise<TestServer> {
  let connections = 0;
  server.on("connection", () => void connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const host = `127.0.0.1:${address.port}`;
  return {
    origin: `${scheme}://${host}`,
    host,
    connections: () => connections,
    onConnect: (listener) => void server.on("connect", listener),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}

/** Answers with the request as JSON: method, path, headers, and the length and beginning of its body. */
export async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let size = 0;
  let text = "";
  for await (const piece of request) {
    size += piece.length;
    if (text.length < 1000) text += piece.toString();
  }
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, size, text }));
}
