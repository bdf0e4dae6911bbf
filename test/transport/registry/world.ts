import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { Fetch } from "../../../src/core/port/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { serve, type TestServer } from "../../helper/server.ts";
import { authority, serverIdentity } from "../../helper/tls.ts";

/** A request as the server that got it saw it. */
export interface Arrived {
  /** Origin that was asked. */
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Whether a certificate of the client was shown. */
  readonly certificate: boolean;
}

/** What an origin answers. */
export interface WorldAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Answers for every origin there is. */
export type Script = (request: Arrived) => WorldAnswer;

/** Origins by name, all on this machine: each name has a server of its own that writes everything down. */
export interface World {
  /** Asks the servers instead of the names. */
  readonly fetch: Fetch;
  /** What has arrived since {@linkcode World.play}. */
  readonly arrived: readonly Arrived[];
  /** Forgets what has arrived; from now on `script` answers. */
  play(script: Script): void;
  close(): Promise<void>;
}

/** Starts a world. Servers come up when their name is first asked. */
export async function startWorld(): Promise<World> {
  const { fetch } = await currentHost();
  const servers = new Map<string, Promise<TestServer>>();
  const certificates = new Map<string, boolean>();
  const arrived: Arrived[] = [];
  let answer: Script = () => ({ status: 404 });

  const start = (origin: string): Promise<TestServer> =>
    serve(
      async (request, response) => {
        const { method = "", url: path = "", headers, socket } = request;
        const shown = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
        const certificate = shown || certificates.get(origin) === true;
        const seen: Arrived = { origin, method, path, headers, body: await textOf(request), certificate };
        arrived.push(seen);
        const { status, headers: own = {}, body = "" } = answer(seen);
        response.writeHead(status, { ...own }).end(method === "HEAD" || status === 204 ? undefined : body);
      },
      origin.startsWith("https:") ? { identity: serverIdentity, clientAuthority: authority, clientMayHide: true } : {},
    );
  const serverOf = (origin: string): Promise<TestServer> => {
    const known = servers.get(origin);
    if (known) return known;
    const started = start(origin);
    servers.set(origin, started);
    return started;
  };
  return {
    arrived,
    async fetch(address, init) {
      const { origin, pathname, search } = new URL(address);
      const server = await serverOf(origin);
      // Bun's servers cannot tell which certificate they were shown.
      certificates.set(origin, init?.tls?.certificate !== undefined);
      return await fetch(`${server.origin}${pathname}${search}`, init);
    },
    play(script) {
      arrived.length = 0;
      answer = script;
    },
    async close() {
      for (const server of servers.values()) await (await server).close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const piece of request) text += piece;
  } catch {
    // The request was broken off; what came counts.
  }
  return text;
}
