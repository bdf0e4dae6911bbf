import { once } from "node:events";
import { type ServeOptions, serve, type TestServer } from "./server.ts";

/** A server whose answers are long. */
export interface Flood extends TestServer {
  /** Bytes of an answer. */
  readonly length: number;
  /** Returns how many bytes of the answer have gone, once no more do because nobody reads. */
  settled(): Promise<number>;
  /** Returns when the connection of the answer is closed. */
  closed(): Promise<unknown>;
}

const piece = new Uint8Array(2 ** 20);

/** Starts a server that sends as fast as it is read from. */
export async function startFlood(options: ServeOptions): Promise<Flood> {
  const length = 2 ** 28;
  let written = 0;
  let closed: Promise<unknown> = Promise.resolve();
  const server = await serve((_, response) => {
    written = 0;
    closed = once(response, "close");
    const more = (): void => {
      for (let room = true; room && written < length && !response.destroyed; written += piece.length) room = response.write(piece);
    };
    response.on("drain", more);
    more();
  }, options);
  return {
    ...server,
    length,
    closed: () => closed,
    async settled() {
      for (let before = -1; before !== written; ) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return written;
    },
  };
}
