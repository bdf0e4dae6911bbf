import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** A way to a registry whose connection breaks once. */
export interface Cutter extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Returns how many bytes have gone up. */
  sent(): number;
}

/** Opens a way to `host` that cuts the first connection on which so many bytes have gone up. */
export async function openCutter(host: string, bytes: number): Promise<Cutter> {
  const sockets = new Set<Socket>();
  const [name = "", port = ""] = host.split(":");
  let [total, isCut] = [0, false];
  const server = createServer((client) => {
    const upstream = connect(Number(port), name);
    let sent = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => [client, upstream].forEach((one) => void one.destroy()));
    }
    upstream.pipe(client);
    client.on("data", (piece: Buffer) => {
      sent += piece.length;
      total += piece.length;
      // No further ahead than the registry reads, so that what is counted has arrived.
      client.pause();
      upstream.write(piece, () => {
        client.resume();
        if (isCut || sent < bytes) return;
        isCut = true;
        client.destroy();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: () => total,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
