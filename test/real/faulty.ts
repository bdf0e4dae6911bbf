import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { memoryRandom } from "../../src/host/memory.ts";

/** How often what goes wrong, as a part of one. */
export interface Chances {
  /** Answers of 5xx, half of them to requests that were carried out. */
  readonly failure: number;
  /** Connections that are cut, half of them after the request was carried out. */
  readonly reset: number;
  /** Bodies that end in their middle, on their way in or out. */
  readonly cut: number;
}

/** A proxy in front of a registry that breaks what goes through it. */
export interface FaultyProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Returns how many requests have come. */
  requests(): number;
  /** Returns how many were broken. */
  faults(): number;
}

type Verdict = "pass" | "fail early" | "fail late" | "reset early" | "reset late" | "cut in" | "cut out";

/** Starts a proxy to `host` whose faults follow from `seed` and the order of requests. */
export async function startFaultyProxy(host: string, chances: Chances, seed: number): Promise<FaultyProxy> {
  const random = memoryRandom(seed);
  let [requests, faults] = [0, 0];
  const judge = (hasBody: boolean): Verdict => {
    const isLate = random.number() < 0.5;
    const drawn = random.number();
    const isCut = random.number() < chances.cut;
    if (drawn < chances.failure) return isLate ? "fail late" : "fail early";
    if (drawn < chances.failure + chances.reset) return isLate ? "reset late" : "reset early";
    return isCut ? (hasBody ? "cut in" : "cut out") : "pass";
  };
  const server = createServer(async (incoming, outgoing) => {
    requests++;
    // Bun lets go of it before the answer ends.
    const { socket } = incoming;
    const verdict = judge(Number(incoming.headers["content-length"] ?? 0) > 0);
    if (verdict !== "pass") faults++;
    try {
      await serve(host, verdict, { incoming, outgoing, socket, status: [500, 502, 503, 504][Math.floor(random.number() * 4)] ?? 500 });
    } catch {
      socket.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    faults: () => faults,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly socket: Socket;
  /** What a failure is answered with. */
  readonly status: number;
}

async function serve(host: string, verdict: Verdict, { incoming, outgoing, socket, status }: Exchange): Promise<void> {
  if (verdict === "reset early") return void socket.destroy();
  const body = await readAll(incoming, verdict === "cut in");
  if (verdict === "cut in") return void socket.destroy();
  if (verdict === "fail early") return void outgoing.writeHead(status).end();
  const answer = await forward(host, incoming, body);
  if (verdict === "reset late") return void socket.destroy();
  if (verdict === "fail late") return void outgoing.writeHead(status).end();
  const { statusCode = 500, headers } = answer.response;
  outgoing.writeHead(statusCode, headers);
  if (verdict !== "cut out" || answer.body.length < 2) return void outgoing.end(answer.body);
  outgoing.write(answer.body.subarray(0, answer.body.length >> 1));
  // A moment later, so that the first half is on its way.
  setImmediate(() => socket.destroy());
}

async function readAll(stream: AsyncIterable<unknown>, onlyFirst = false): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece as Uint8Array));
    if (onlyFirst) break;
  }
  return Buffer.concat(pieces);
}

async function forward(
  host: string,
  { method = "GET", url = "/", headers }: IncomingMessage,
  body: Buffer,
): Promise<{ readonly response: IncomingMessage; readonly body: Buffer }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(`http://${host}${url}`, { method, headers: { ...headers, host } }, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
  return { response, body: await readAll(response) };
}
