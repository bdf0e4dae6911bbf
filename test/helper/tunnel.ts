import { connect } from "node:net";
import { echo, serve } from "./server.ts";

/** A proxy that leads every tunnel to one registry. */
export interface TunnelProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** What it was asked: `CONNECT registry.example:443`. */
  readonly asked: string[];
  /** `Proxy-Authorization` of every tunnel. */
  readonly users: (string | undefined)[];
  close(): Promise<void>;
}

/** Starts a proxy that leads every tunnel to the registry at `host`, whatever name it is asked for. */
export async function tunnelTo(host: string): Promise<TunnelProxy> {
  const asked: string[] = [];
  const users: (string | undefined)[] = [];
  const proxy = await serve((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    echo(request, response);
  });
  proxy.onConnect((request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    users.push(request.headers["proxy-authorization"]);
    const [, port = ""] = /:(\d+)$/.exec(host) ?? [];
    const tunnel = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on("error", () => socket.destroy());
    socket.on("error", () => tunnel.destroy());
  });
  return { host: proxy.host, asked, users, close: () => proxy.close() };
}
