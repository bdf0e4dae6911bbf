import { connect, createServer, type Socket } from "node:net";

/** A way to a server that closes once so many bytes have gone through: what is on its way then stays on its way. */
export interface Gate extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Comes true when the gate has closed. */
  readonly closed: Promise<void>;
}

/** Opens a gate to `host` that closes after `bytes` have gone up, or down. */
export async function openGate(host: string, bytes: number, direction: "up" | "down" = "up"): Promise<Gate> {
  const sockets = new Set<Socket>();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let left = bytes;
  const [name = "", port = ""] = host.split(":");
  const server = createServer((client) => {
    const upstream = connect(Number(port), name);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => [client, upstream].forEach((one) => void one.destroy()));
    }
    const [counted, other] = direction === "up" ? [client, upstream] : [upstream, client];
    other.pipe(counted);
    counted.on("data", (piece: Buffer) => {
      left -= piece.length;
      if (!other.write(piece)) {
        counted.pause();
        other.once("drain", () => left > 0 && counted.resume());
      }
      if (left > 0) return;
      counted.pause();
      close();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the gate has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    closed,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
