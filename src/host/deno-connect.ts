import { connect as dial, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as secure, type TLSSocket } from "node:tls";
import type { ConnectCallback, ConnectTls } from "./node-fetch.ts";

/**
 * Returns a connector for TLS on Deno, whose `node:tls` reads on while nobody takes what it has decrypted
 * (github.com/denoland/deno/pull/33524 made it keep that instead of dropping it): a large blob would end up in memory.
 * Here the connection below is `node:net`'s, which can wait, and it waits while the TLS socket is full.
 */
export const pacedConnect: ConnectTls =
  ({ timeout, ...settings }) =>
  (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, "");
    const raw = dial({ host, port: Number(target.port || 443), noDelay: true, keepAlive: true, timeout });
    const socket: TLSSocket = secure({
      ...settings,
      socket: carrier(raw, (): TLSSocket => socket),
      host,
      servername: isIP(host) ? "" : host,
      ALPNProtocols: ["http/1.1"],
    });
    raw.once("timeout", () => socket.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" })));
    settle(socket, callback, () => raw.setTimeout(0));
    resumeWith(socket, raw);
    // What the dispatcher says to keep the process alive, or not, is about the connection below.
    return Object.assign(socket, { ref: () => raw.ref() && socket, unref: () => raw.unref() && socket });
  };

/** Calls back once, with the socket or with what went wrong. */
function settle(socket: TLSSocket, callback: ConnectCallback, connected: () => void): void {
  const failed = (error: Error): void => {
    socket.off("secureConnect", done);
    callback(error, null);
  };
  const done = (): void => {
    socket.off("error", failed);
    connected();
    callback(null, socket);
  };
  socket.once("secureConnect", done);
  socket.once("error", failed);
}

/** Returns a stream over `raw` that takes no more from it while the socket `above` it is full. */
function carrier(raw: Socket, above: () => TLSSocket): Duplex {
  const full = (): boolean => above().readableLength >= above().readableHighWaterMark;
  const stream = new Duplex({
    read() {
      if (!full()) raw.resume();
    },
    write(piece, encoding, done) {
      raw.write(piece, encoding, done);
    },
    final(done) {
      raw.end(done);
    },
    destroy(error, done) {
      raw.destroy();
      done(error);
    },
  });
  raw.on("data", (piece) => {
    stream.push(piece);
    if (full()) raw.pause();
  });
  raw.on("end", () => stream.push(null));
  raw.on("error", (error) => stream.destroy(error));
  raw.on("close", () => stream.destroy());
  return stream;
}

/** Lets `raw` go on as soon as there is room in `socket`: Node's streams ask for more then, by this method. */
function resumeWith(socket: TLSSocket, raw: Socket): void {
  const read = socket._read.bind(socket);
  socket._read = (size) => {
    raw.resume();
    read(size);
  };
}
