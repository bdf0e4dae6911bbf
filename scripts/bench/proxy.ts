import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** A way to a registry on which every request is counted and takes its time. */
export interface CountingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Returns how many requests have come. */
  count(): number;
  /** Forgets what has come; from now on every request waits so long before it goes on. */
  reset(delay: number): void;
}

/** Opens a proxy in front of the registry at `host`. The registry sees the proxy's name, so that what it points to leads through the proxy. */
export async function openProxy(host: string): Promise<CountingProxy> {
  const agent = new Agent({ keepAlive: true });
  let count = 0;
  let delay = 0;
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method, url, headers } = incoming;
    const sent = request(`http://${host}${url}`, { method, headers, agent, setHost: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    sent.on("error", () => outgoing.destroy());
    incoming.pipe(sent);
  };
  const server = createServer((incoming, outgoing) => {
    count++;
    if (delay === 0) forward(incoming, outgoing);
    else setTimeout(forward, delay, incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    count: () => count,
    reset(next) {
      count = 0;
      delay = next;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
