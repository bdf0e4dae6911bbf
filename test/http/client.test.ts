import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeUtf8, iterate, NetworkError, streamOf } from "../../src/core/base/mod.ts";
import { createHttpClient, type HttpClient, type HttpClientOptions } from "../../src/core/http/mod.ts";
import type { Event, Fetch } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { fullJitter, type TestClock, testClock } from "../helper/clock.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
let fetch: Fetch;
beforeAll(async () => {
  fetch = (await currentHost()).fetch;
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer(((request, response) => handler(request, response)) satisfies RequestListener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Made {
  readonly client: HttpClient;
  readonly clock: TestClock;
  readonly events: Event[];
}

function make(options: HttpClientOptions = {}): Made {
  const clock = testClock();
  const events: Event[] = [];
  return {
    clock,
    events,
    client: createHttpClient({ fetch, clock, random: fullJitter }, { report: (event) => event.type !== "request" && events.push(event), ...options }),
  };
}

const text = async (response: { readBody(limit: number): Promise<Uint8Array> }) => new TextDecoder().decode(await response.readBody(1000));

describe("request()", () => {
  test("returns status, headers and body and asks for no encoding", async () => {
    let seen: IncomingMessage["headers"] = {};
    const origin = await serve((request, response) => {
      seen = request.headers;
      response.setHeader("x-some", "thing");
      response.end("hello");
    });
    const response = await make({ userAgent: "tool/1" }).client.request({ method: "GET", url: `${origin}/x`, headers: { accept: "a/b" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-some")).toBe("thing");
    expect(await text(response)).toBe("hello");
    expect(seen["accept-encoding"]).toBe("identity");
    expect(seen["user-agent"]).toBe("tool/1");
    expect(seen.accept).toBe("a/b");
  });

  test("gives back an error status as an answer, not as an exception", async () => {
    const origin = await serve((_, response) => response.writeHead(403).end("no"));
    const response = await make().client.request({ method: "GET", url: origin });
    expect(response.status).toBe(403);
    expect(await text(response)).toBe("no");
  });

  test("stops reading a body at its limit (CVE-2020-1702)", async () => {
    const origin = await serve((_, response) => {
      const more = () => {
        while (response.write("x".repeat(65536)));
        response.once("drain", more);
      };
      more();
    });
    const response = await make().client.request({ method: "GET", url: origin });
    await expect(response.readBody(100_000)).rejects.toThrow("larger than 100000 bytes");
  });

  test("sends a stream with its length, opened anew for every try", async () => {
    const bodies: string[] = [];
    const lengths: (string | undefined)[] = [];
    const origin = await serve(async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      bodies.push(body);
      lengths.push(request.headers["content-length"]);
      response.writeHead(bodies.length < 3 ? 503 : 201).end();
    });
    let opened = 0;
    const open = async () => {
      opened++;
      return streamOf([encodeUtf8("ab"), encodeUtf8("cd")]);
    };
    const response = await make().client.request({ method: "PUT", url: origin, body: { length: 4, open } });
    expect(response.status).toBe(201);
    expect(bodies).toEqual(["abcd", "abcd", "abcd"]);
    expect(lengths).toEqual(["4", "4", "4"]);
    expect(opened).toBe(3);
  });

  test("throws the failure of a streamed body itself", async () => {
    const origin = await serve((request, response) => void request.resume().on("end", () => response.end()));
    const open = async () =>
      streamOf(
        (async function* () {
          yield encodeUtf8("ab");
          throw new RangeError("the source broke");
        })(),
      );
    await expect(make().client.request({ method: "PUT", url: origin, body: { length: 4, open } })).rejects.toThrow("the source broke");
  });

  test("ends with the caller's reason when the signal fires", async () => {
    const origin = await serve(() => {});
    const controller = new AbortController();
    const reply = make().client.request({ method: "GET", url: origin, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reply).rejects.toThrow("enough");
  });

  test("does not try often what has been tried often enough", async () => {
    const { client } = make({ retries: 2 });
    let tries = 0;
    const inner = () =>
      client.retry(async () => {
        tries++;
        throw new NetworkError("Cannot reach it", "reset");
      });
    await expect(client.retry(inner)).rejects.toThrow("Cannot reach it");
    expect(tries).toBe(3);
  });

  test("never puts a query into a message", async () => {
    const { client, events } = make({ retries: 1 });
    const url = "http://127.0.0.1:1/v2/x?token=CANARY";
    const error: unknown = await client.request({ method: "GET", url }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("127.0.0.1:1");
    expect(JSON.stringify([String(error), events])).not.toContain("CANARY");
    const origin = await serve((_, response) => response.writeHead(500).end());
    const late = make({ retries: 1 });
    await late.client.request({ method: "GET", url: `${origin}/x?sig=CANARY` });
    expect(late.events.length).toBe(1);
    expect(JSON.stringify(late.events)).not.toContain("CANARY");
  });

  test("asks the proxy function for every hop", async () => {
    const target = await serve((_, response) => response.end("here"));
    const origin = await serve((_, response) => response.writeHead(302, { location: `${target}/blob` }).end());
    const asked: string[] = [];
    await make({ proxyFor: (url) => void asked.push(url) }).client.request({ method: "GET", url: `${origin}/a` });
    expect(asked).toEqual([`${origin}/a`, `${target}/blob`]);
  });
});

describe("request() tries again", () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    test(`after ${status}, and reports it`, async () => {
      let requests = 0;
      const origin = await serve((_, response) => response.writeHead(++requests < 3 ? status : 200).end());
      const { client, clock, events } = make();
      expect((await client.request({ method: "GET", url: origin })).status).toBe(200);
      expect(requests).toBe(3);
      expect(clock.waits).toEqual([500, 1000]);
      expect(events.map((event) => event.type === "retry" && [event.attempt, event.retries, event.wait])).toEqual([
        [1, 3, 500],
        [2, 3, 1000],
      ]);
    });
  }

  for (const status of [400, 401, 403, 404, 405, 409, 412, 413, 416, 501]) {
    test(`never after ${status}`, async () => {
      let requests = 0;
      const origin = await serve((_, response) => {
        requests++;
        response.writeHead(status).end();
      });
      expect((await make().client.request({ method: "GET", url: origin })).status).toBe(status);
      expect(requests).toBe(1);
    });
  }

  test("with the last answer given back when the tries are used up", async () => {
    let requests = 0;
    const origin = await serve((_, response) => {
      requests++;
      response.writeHead(503).end(`answer ${requests}`);
    });
    const response = await make({ retries: 2 }).client.request({ method: "GET", url: origin });
    expect([response.status, await text(response), requests]).toEqual([503, "answer 3", 3]);
  });

  test("after a connection that was cut", async () => {
    let requests = 0;
    const origin = await serve((request, response) => (++requests < 4 ? void request.socket.destroy() : void response.end("ok")));
    // A runtime may repeat a reading request on its own once, so a write is used.
    const response = await make().client.request({ method: "POST", url: origin, body: encodeUtf8("x") });
    expect(await text(response)).toBe("ok");
  });

  test("not at all when the request says so", async () => {
    let requests = 0;
    const origin = await serve((_, response) => {
      requests++;
      response.writeHead(503).end();
    });
    await make().client.request({ method: "PUT", url: origin, retries: 0 });
    expect(requests).toBe(1);
  });

  test("after as many seconds as Retry-After says", async () => {
    let requests = 0;
    const origin = await serve((_, response) => response.writeHead(++requests < 2 ? 429 : 200, { "retry-after": "7" }).end());
    const { client, clock } = make();
    await client.request({ method: "GET", url: origin });
    expect(clock.waits).toEqual([7000]);
  });

  test("on the date Retry-After gives", async () => {
    let requests = 0;
    const { client, clock } = make();
    const date = new Date(clock.now() + 9000).toUTCString();
    const origin = await serve((_, response) => response.writeHead(++requests < 2 ? 503 : 200, { "retry-after": date }).end());
    await client.request({ method: "GET", url: origin });
    expect(clock.waits).toEqual([9000]);
  });

  test("never after a wrong certificate or an unknown name", async () => {
    for (const [reason, code, times] of [
      ["tls-certificate", "X", 1],
      ["tls-handshake", "X", 1],
      ["name", "ENOTFOUND", 1],
      ["name", "EAI_AGAIN", 4],
      ["refused", "ECONNREFUSED", 4],
    ] as const) {
      const { NetworkError } = await import("../../src/core/base/mod.ts");
      let requests = 0;
      const failing: Fetch = async () => {
        requests++;
        throw new NetworkError("Cannot reach", reason, { cause: Object.assign(new Error(code), { code }) });
      };
      const client = createHttpClient({ fetch: failing, clock: testClock(), random: fullJitter });
      await client.request({ method: "GET", url: "http://registry.test/" }).catch(() => {});
      expect([reason, code, requests]).toEqual([reason, code, times]);
    }
  });
});

describe("request() follows redirects", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`of status ${status} for a reading request and keeps Range and Accept (GHSA-vh4v-2xq2-g5cg)`, async () => {
      let seen: IncomingMessage["headers"] = {};
      const other = await serve((request, response) => {
        seen = request.headers;
        response.end("bytes");
      });
      const origin = await serve((_, response) => response.writeHead(status, { location: `${other}/blob?X-Sig=a%20b~(` }).end("moved"));
      const response = await make().client.request({
        method: "GET",
        url: origin,
        headers: { range: "bytes=3-", accept: "a/b" },
        authorization: "Bearer CANARY",
      });
      expect(await text(response)).toBe("bytes");
      expect(seen.authorization).toBe(undefined);
      expect([seen.range, seen.accept]).toEqual(["bytes=3-", "a/b"]);
    });
  }

  test("with credentials on the same origin", async () => {
    const seen: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === "/a") response.writeHead(307, { location: "/b" }).end();
      else response.end();
    });
    await make().client.request({ method: "GET", url: `${origin}/a`, authorization: "Bearer mine" });
    expect(seen).toEqual(["Bearer mine", "Bearer mine"]);
  });

  test("without giving credentials back when a foreign host sends the request home", async () => {
    const seen: (string | undefined)[] = [];
    let home = "";
    const other = await serve((_, response) => response.writeHead(302, { location: `${home}/b` }).end());
    home = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url === "/a") response.writeHead(302, { location: other }).end();
      else response.end();
    });
    await make().client.request({ method: "GET", url: `${home}/a`, authorization: "Bearer mine" });
    expect(seen).toEqual(["Bearer mine", undefined]);
  });

  test("with the query as it was written", async () => {
    let seen = "";
    const other = await serve((request, response) => {
      seen = request.url ?? "";
      response.end();
    });
    const origin = await serve((_, response) => response.writeHead(302, { location: `${other}/b?X=a%20b~(c)&bare&p=%2F+` }).end());
    await make().client.request({ method: "GET", url: origin });
    expect(seen).toBe("/b?X=a%20b~(c)&bare&p=%2F+");
  });

  test("at most ten times", async () => {
    let requests = 0;
    const origin = await serve((_, response) => response.writeHead(302, { location: `/${++requests}` }).end());
    await expect(make().client.request({ method: "GET", url: origin })).rejects.toThrow("more than 10 redirects");
  });

  test("but never for a writing request", async () => {
    let requests = 0;
    const other = await serve((_, response) => {
      requests++;
      response.end();
    });
    const origin = await serve((_, response) => response.writeHead(307, { location: other }).end());
    const response = await make().client.request({ method: "PUT", url: origin, body: encodeUtf8("x"), authorization: "Bearer mine" });
    expect(response.status).toBe(307);
    expect(requests).toBe(0);
  });

  test("and shows a foreign host no certificate of this side", async () => {
    const seen: (object | undefined)[] = [];
    const answers = [new Response(null, { status: 302, headers: { location: "https://cdn.test/x" } }), new Response("x")];
    const recording: Fetch = async (_, init) => {
      seen.push(init?.tls);
      return answers.shift() ?? new Response();
    };
    const client = createHttpClient({ fetch: recording, clock: testClock(), random: fullJitter });
    await client.request({ method: "GET", url: "https://registry.test/x", tls: { authorities: ["ca"], certificate: "mine", key: "secret" } });
    expect(seen).toEqual([{ authorities: ["ca"], certificate: "mine", key: "secret" }, { authorities: ["ca"] }]);
  });
});

describe("request() reports warnings", () => {
  test("of code 299 once, escaped", async () => {
    const origin = await serve((_, response) => response.writeHead(200, { warning: '299 - "old \\"tag\\""' }).end());
    const { client, events } = make();
    for (let at = 0; at < 3; at++) await (await client.request({ method: "GET", url: origin })).discard();
    expect(events).toEqual([{ type: "warning", message: `Registry "${new URL(origin).host}" warns: old "tag"` }]);
  });
});

describe("HttpResponse", () => {
  test("fails in the middle when the connection is cut", async () => {
    const origin = await serve((request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("12345", () => setTimeout(() => request.socket.destroy(), 5));
    });
    const response = await make().client.request({ method: "GET", url: origin });
    let failed = false;
    try {
      for await (const piece of iterate(response.body)) expect(piece.length).toBeGreaterThan(0);
    } catch {
      failed = true;
    }
    expect(failed).toBe(true);
  });

  test("discard() leaves the connection usable", async () => {
    let connections = 0;
    const origin = await serve((_, response) => response.writeHead(401).end("x".repeat(1000)));
    servers.at(-1)?.on("connection", () => connections++);
    const { client } = make();
    for (let at = 0; at < 10; at++) await (await client.request({ method: "GET", url: origin })).discard();
    expect(connections).toBeLessThanOrEqual(2);
  });
});
