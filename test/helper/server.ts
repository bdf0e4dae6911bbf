import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createSocketServer, type Server as SocketServer } from "node:net";
import type { Duplex } from "node:stream";
import type { Identity } from "./tls.ts";

/** A server on a free port of 127.0.0.1, or on a socket. */
export interface TestServer {
  /** Scheme, host and port; of a server on a socket a name that leads nowhere. */
  readonly origin: string;
  /** Host and port, or the path of the socket. */
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
  /** Whether clients without one are served too. @default false */
  readonly clientMayHide?: boolean;
  /** Path of the Unix socket to listen on. @default a free port of 127.0.0.1 */
  readonly socketPath?: string;
}

/** Starts a server that answers with `listener`. */
export async function serve(listener: RequestListener, options: ServeOptions = {}): Promise<TestServer> {
  const { identity, clientAuthority, clientMayHide = false, socketPath } = options;
  const tls = identity && {
    cert: identity.certificate,
    key: identity.key,
    ...(clientAuthority !== undefined && { ca: clientAuthority, requestCert: true, rejectUnauthorized: !clientMayHide }),
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  return await start(server, identity ? "https" : "http", socketPath);
}

/** Starts a server of bare connections. */
export async function serveSockets(listener: Parameters<typeof createSocketServer>[1]): Promise<TestServer> {
  return await start(createSocketServer(listener), "http");
}

async function start(server: SocketServer, scheme: string, socketPath?: string): Promise<TestServer> {
  let connections = 0;
  const open = new Set<Duplex>();
  const note = (socket: Duplex): void => void open.add(socket.once("close", () => open.delete(socket)));
  server.on("connection", (socket) => {
    connections++;
    note(socket);
  });
  if (socketPath === undefined) server.listen(0, "127.0.0.1");
  else server.listen(socketPath);
  await once(server, "listening");
  const address = server.address();
  if (address === null) throw new Error("the server listens nowhere");
  const host = typeof address === "string" ? address : `127.0.0.1:${address.port}`;
  return {
    origin: `${scheme}://${typeof address === "string" ? "nowhere.invalid" : host}`,
    host,
    connections: () => connections,
    onConnect: (listener) =>
      void server.on("connect", (request: IncomingMessage, socket: Duplex) => {
        note(socket);
        listener(request, socket);
      }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Answers with the request as JSON: method, path, headers, and the length and beginning of its body; one that breaks off gets no answer. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  let size = 0;
  let text = "";
  request.on("error", () => {});
  request.on("data", (piece: Uint8Array) => {
    size += piece.length;
    if (text.length < 1000) text += new TextDecoder().decode(piece);
  });
  request.on("end", () => response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, size, text })));
}
