import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createHttpClient, type HttpClient, type HttpClientOptions } from "../../src/core/http/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { fullJitter, type TestClock, testClock } from "../helper/clock.ts";
import { serve, type TestServer } from "../helper/server.ts";
import { temporaryDirectory } from "../helper/temporary.ts";

const url = "http://nowhere.invalid";
let server: TestServer;
let close: () => Promise<void>;
let clock: TestClock;

beforeAll(async () => {
  const place = await temporaryDirectory();
  close = place.close;
  server = await serve(
    (request, response) => {
      if (request.url === "/elsewhere") return void response.writeHead(307, { location: "http://127.0.0.1:1/" }).end();
      if (request.url === "/silent") return clock.advance(60_000);
      response.end(request.url);
    },
    { socketPath: join(place.directory, "daemon.sock") },
  );
});
afterAll(async () => {
  await server.close();
  await close();
});

async function make(options: HttpClientOptions = {}): Promise<HttpClient> {
  clock = testClock();
  const { fetch } = await currentHost();
  return createHttpClient({ fetch, clock, random: fullJitter }, { retries: 0, ...options });
}

describe("request() to a socket", () => {
  test("goes there, and asks for no proxy", async () => {
    const proxyFor = (): string => {
      throw new Error("a socket has no proxy");
    };
    const response = await (await make({ proxyFor })).request({ method: "GET", url: `${url}/x`, socketPath: server.host });
    expect(new TextDecoder().decode(await response.readBody(10))).toBe("/x");
  });

  test("gives a redirect back, which could lead anywhere", async () => {
    const response = await (await make()).request({ method: "GET", url: `${url}/elsewhere`, socketPath: server.host });
    expect(response.status).toBe(307);
    await response.discard();
  });

  test("names the socket where nothing comes, after the time of the request itself", async () => {
    const client = await make({ idleTimeout: 600_000 });
    const request = client.request({ method: "GET", url: `${url}/silent`, socketPath: server.host, idleTimeout: 60_000 });
    await expect(request).rejects.toThrow(`Cannot reach "${server.host}": nothing came for 60 s`);
  });
});
