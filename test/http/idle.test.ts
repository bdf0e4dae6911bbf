import { afterEach, describe, expect, test } from "bun:test";
import type { RequestListener } from "node:http";
import { streamOf } from "../../src/core/base/mod.ts";
import { outgoingBody } from "../../src/core/http/body.ts";
import { watchIdle } from "../../src/core/http/idle.ts";
import { createHttpClient, type HttpClient, type HttpClientOptions } from "../../src/core/http/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { fullJitter, type TestClock, testClock } from "../helper/clock.ts";
import { serve, type TestServer } from "../helper/server.ts";

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serveHere(listener: RequestListener): Promise<string> {
  const server = await serve(listener);
  servers.push(server);
  return server.origin;
}

async function make(options: HttpClientOptions): Promise<{ readonly client: HttpClient; readonly clock: TestClock }> {
  const clock = testClock();
  const { fetch } = await currentHost();
  return { clock, client: createHttpClient({ fetch, clock, random: fullJitter }, options) };
}

const text = async (response: { readBody(limit: number): Promise<Uint8Array> }) => new TextDecoder().decode(await response.readBody(1000));

describe("request() on a connection that falls silent", () => {
  test("gives up a connection that stays silent, and tries again", async () => {
    let requests = 0;
    const { client, clock } = await make({ idleTimeout: 60_000 });
    const origin = await serveHere((_, response) => (++requests === 1 ? clock.advance(60_000) : response.end("late")));
    const response = await client.request({ method: "GET", url: origin });
    expect(await text(response)).toBe("late");
    expect(requests).toBe(2);
  });

  test("gives up a body that stops coming, and not one that is read slowly", async () => {
    const origin = await serveHere((request, response) => {
      response.write("start");
      if (request.url === "/slow") response.end();
    });
    const { client, clock } = await make({ idleTimeout: 60_000 });
    const stalled = (await client.request({ method: "GET", url: `${origin}/stalled` })).body.getReader();
    expect((await stalled.read()).value?.length).toBe(5);
    const more = stalled.read();
    // The stream asks for more once it has settled what it gave before.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(60_000);
    await expect(more).rejects.toThrow("nothing came for 60 s");
    const slow = await client.request({ method: "GET", url: `${origin}/slow` });
    clock.advance(600_000);
    expect(await text(slow)).toBe("start");
  });

  test("gives up an upload that the other side stops taking", async () => {
    const { client, clock } = await make({ idleTimeout: 60_000, retries: 0 });
    const origin = await serveHere((request) => void request.pause());
    let given = 0;
    const open = async () =>
      streamOf(
        (async function* () {
          for (;;) {
            given++;
            yield new Uint8Array(1 << 20);
          }
        })(),
      );
    const upload = client.request({ method: "PUT", url: origin, body: { length: 2 ** 40, open } });
    const outcome = upload.then(
      () => "taken",
      (error: unknown) => String(error),
    );
    // Until the buffers on the way are full: then nobody asks for more.
    for (let seen = -1, turns = 0; turns < 200; turns++) {
      if (seen !== given) [seen, turns] = [given, 0];
      await new Promise((resolve) => setImmediate(resolve));
    }
    clock.advance(60_000);
    expect(await outcome).toContain("nothing came for 60 s");
  });
});

describe("outgoingBody()", () => {
  test("takes no request that ended while the source was read for a failure of the source", async () => {
    let give = (): void => {};
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) =>
        new Promise<void>((resolve) => {
          give = () => {
            controller.enqueue(new Uint8Array([1]));
            resolve();
          };
        }),
    });
    const clock = testClock();
    const body = outgoingBody(source, watchIdle(clock, 60_000, "a.test"), new AbortController().signal);
    const reader = body.stream.getReader();
    const read = reader.read();
    await new Promise((resolve) => setImmediate(resolve));
    give();
    const end = reader.cancel(new Error("reset"));
    await Promise.allSettled([read, end]);
    expect(body.failure()).toBeUndefined();
  });
});

describe("watchIdle() once a body has been sent", () => {
  for (const [bytes, patience] of [
    [64 * 1024 * 1024, 62_000],
    [0, 60_000],
  ] as const) {
    test(`leaves the other side ${patience / 1000} s to take in ${bytes} bytes, and the usual time after that`, () => {
      const clock = testClock();
      const watch = watchIdle(clock, 60_000, "r.example");
      watch.wait();
      clock.advance(50_000);
      watch.sent(bytes);
      clock.advance(10_000);
      clock.advance(patience - 10_001);
      expect(watch.signal.aborted).toBe(false);
      watch.wait();
      clock.advance(59_999);
      expect(watch.signal.aborted).toBe(false);
      clock.advance(1);
      expect(String(watch.signal.reason)).toContain("nothing came for 60 s");
    });
  }
});
