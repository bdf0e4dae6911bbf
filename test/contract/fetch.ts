import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { gzipSync } from "node:zlib";
import { type Bytes, explain, isOciError, NetworkError } from "../../src/core/base/mod.ts";
import type { Fetch } from "../../src/core/port/mod.ts";
import { echo, serve, serveSockets, type TestServer } from "../helper/server.ts";

/** A body that counts what was asked of it. */
interface Source {
  readonly stream: ReadableStream<Bytes>;
  readonly cancelled: Promise<unknown>;
  pulled(): number;
}

const piece = 65_536;

/** Returns a stream of `count` pieces; after `stall` of them it waits for ever. */
function source(count: number, stall: number = count + 1): Source {
  let pulled = 0;
  let tell: (reason: unknown) => void = () => {};
  const cancelled = new Promise<unknown>((resolve) => (tell = resolve));
  const stream = new ReadableStream<Bytes>({
    async pull(controller) {
      if (pulled === stall) await new Promise(() => {});
      if (pulled === count) return controller.close();
      pulled++;
      controller.enqueue(new Uint8Array(piece));
    },
    cancel: tell,
  });
  return { stream, cancelled, pulled: () => pulled };
}

/** Returns what `action` was rejected with. */
export async function rejection(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

/** Returns the `NetworkError` that `action` was rejected with. */
export async function networkFailure(action: Promise<unknown>): Promise<NetworkError> {
  const error = await rejection(action);
  if (error instanceof NetworkError) return error;
  throw error;
}

/** Runs the contract of the port `Fetch` over plain connections. */
export function testFetch(name: string, fetch: Fetch): void {
  describe(`${name} fetch`, () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await serve((request, response) => {
        const [, status, location] = /^\/status\/(\d+)(?:\?to=(.*))?$/.exec(request.url ?? "") ?? [];
        if (status === undefined) return echo(request, response);
        request.resume();
        response.writeHead(Number(status), location === undefined ? {} : { location: decodeURIComponent(location) });
        response.end(["204", "304"].includes(status) ? "" : "words");
      });
    });
    afterAll(() => server.close());
    const sent = async (init: Parameters<Fetch>[1], path = "/"): Promise<Record<string, unknown> & { readonly headers: Record<string, string> }> =>
      await (await fetch(`${server.origin}${path}`, init)).json();

    it("sends method, path, query and headers", async () => {
      const seen = await sent({ method: "DELETE", headers: { "x-one": "1", authorization: "Bearer t" } }, "/v2/a%2Fb?c=d&e");
      expect(seen).toMatchObject({ method: "DELETE", url: "/v2/a%2Fb?c=d&e", size: 0, headers: { "x-one": "1", authorization: "Bearer t" } });
    });

    it("sends text, bytes and forms with their length and type", async () => {
      expect(await sent({ method: "POST", body: new URLSearchParams({ a: "b c" }) })).toMatchObject({
        text: "a=b+c",
        headers: { "content-type": "application/x-www-form-urlencoded;charset=UTF-8", "content-length": "5" },
      });
      expect(await sent({ method: "PUT", body: new Uint8Array([65, 66]), headers: { "content-type": "text/x" } })).toMatchObject({
        text: "AB",
        headers: { "content-type": "text/x", "content-length": "2" },
      });
      expect(await sent({ method: "PUT", body: "" })).toMatchObject({ size: 0, headers: { "content-length": "0" } });
    });

    it("sends a stream with its content-length", async () => {
      const seen = await sent({ method: "PUT", body: source(40).stream, headers: { "content-length": String(40 * piece) } });
      expect(seen).toMatchObject({ size: 40 * piece, headers: { "content-length": String(40 * piece) } });
      expect(seen.headers["transfer-encoding"]).toBeUndefined();
    });

    it("sends a stream of unknown length in chunks", async () => {
      const seen = await sent({ method: "PATCH", body: source(3).stream });
      expect(seen).toMatchObject({ size: 3 * piece, headers: { "transfer-encoding": "chunked" } });
    });

    it("returns a redirect with its location, also of a streamed upload, and follows none (CVE-2023-45143, CVE-2024-24758, CVE-2024-30260, CVE-2024-30261, CVE-2024-28849)", async () => {
      const url = `${server.origin}/status/307?to=${encodeURIComponent("http://127.0.0.1:1/other?token=t")}`;
      for (const init of [{}, { method: "PUT", body: source(3).stream, headers: { "content-length": String(3 * piece) } }]) {
        const response = await fetch(url, init);
        expect([response.status, response.headers.get("location"), await response.text()]).toEqual([307, "http://127.0.0.1:1/other?token=t", "words"]);
      }
    });

    it("returns every status, with a body where there can be one", async () => {
      for (const status of [200, 201, 204, 304, 401, 404, 429, 500, 503]) {
        const response = await fetch(`${server.origin}/status/${status}`);
        expect([response.status, await response.text()]).toEqual([status, [204, 304].includes(status) ? "" : "words"]);
      }
    });

    it("answers HEAD with headers and no body, and keeps the connection", async () => {
      const own = await serveSockets((socket) => {
        socket.on("error", () => {});
        socket.on("data", () => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1234567\r\n\r\n"));
      });
      for (let turn = 0; turn < 10; turn++) {
        const response = await fetch(`${own.origin}/`, { method: "HEAD" });
        expect([response.headers.get("content-length"), await response.text()]).toEqual(["1234567", ""]);
      }
      expect(own.connections()).toBeLessThanOrEqual(2);
      await own.close();
    });

    it("never decodes a body", async () => {
      const body = gzipSync("layer");
      const own = await serve((_, response) => response.setHeader("content-encoding", "gzip").end(body));
      const response = await fetch(`${own.origin}/`);
      expect(Buffer.compare(Buffer.from(await response.arrayBuffer()), body)).toBe(0);
      await own.close();
    });

    it("reads headers of 100 KiB", async () => {
      const own = await serve((_, response) => response.setHeader("x-long", "x".repeat(100_000)).end());
      expect((await fetch(`${own.origin}/`)).headers.get("x-long")).toHaveLength(100_000);
      await own.close();
    });

    it("knows the URL of its answer", async () => {
      expect((await fetch(`${server.origin}/a?b`)).url).toBe(`${server.origin}/a?b`);
    });

    it("refuses what is not http, and credentials in a URL, without repeating them", async () => {
      for (const url of ["file:///etc/hostname", "data:,x", "/v2/", "http://me:secret@127.0.0.1/"]) {
        const error = await rejection(fetch(url));
        expect(isOciError(error, "INVALID")).toBe(true);
        expect(String(error)).not.toContain("secret");
      }
    });

    it("asks no proxy that the environment names", async () => {
      const names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
      const before = names.map((variable) => process.env[variable]);
      for (const variable of names) process.env[variable] = "http://127.0.0.1:1";
      try {
        expect(await sent({})).toMatchObject({ method: "GET" });
      } finally {
        for (const [at, variable] of names.entries()) {
          if (before[at] === undefined) delete process.env[variable];
          else process.env[variable] = before[at];
        }
      }
    });

    it("asks the proxy it is given, with its user and password", async () => {
      const proxy = await serve((request, response) => response.end(`${request.url} ${request.headers["proxy-authorization"]}`));
      const response = await fetch("http://registry.example/v2/", { proxyUrl: `http://me:pass@${proxy.host}` });
      expect(await response.text()).toBe(`http://registry.example/v2/ Basic ${btoa("me:pass")}`);
      await proxy.close();
    });
  });

  describe(`${name} fetch that ends early`, () => {
    it("rejects with the reason of a signal that has fired, and sends nothing", async () => {
      const server = await serve(echo);
      const reason = new Error("no");
      expect(await rejection(fetch(server.origin, { signal: AbortSignal.abort(reason) }))).toBe(reason);
      expect(server.connections()).toBe(0);
      await server.close();
    });

    it("rejects with the signal's reason while it waits for an answer", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const server = await serve(() => controller.abort(reason));
      expect(await rejection(fetch(server.origin, { signal: controller.signal }))).toBe(reason);
      await server.close();
    });

    it("rejects with the signal's reason while the body is read", async () => {
      const server = await serve((_, response) => void response.write("begin"));
      const controller = new AbortController();
      const reason = new Error("enough");
      const reader = (await fetch(server.origin, { signal: controller.signal })).body?.getReader();
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("begin");
      const reading = rejection(reader?.read() ?? Promise.resolve());
      controller.abort(reason);
      expect(await reading).toBe(reason);
      await server.close();
    });

    it("closes the connection of a body that is given up, read or not", async () => {
      let closed = 0;
      const server = await serve((_, response) => {
        response.on("close", () => void closed++);
        const more = (): void => {
          if (response.destroyed) return;
          response.write(new Uint8Array(piece));
          setTimeout(more, 1);
        };
        more();
      });
      await (await fetch(server.origin)).body?.cancel();
      const reader = (await fetch(server.origin)).body?.getReader();
      await reader?.read();
      await reader?.cancel();
      for (let turn = 0; turn < 200 && closed < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(closed).toBe(2);
      await server.close();
    });

    it.each([
      ["a source that goes on", 1_000_000, undefined],
      ["a source that stalls", 1_000_000, 2],
    ])("stops %s when the signal fires", async (_, count, stall) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const server = await serve((request) => void request.once("data", () => controller.abort(reason)).resume());
      const upload = source(count, stall);
      const headers = { "content-length": String(count * piece) };
      expect(await rejection(fetch(server.origin, { method: "PUT", body: upload.stream, headers, signal: controller.signal }))).toBe(reason);
      await upload.cancelled;
      const pulled = upload.pulled();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(upload.pulled()).toBe(pulled);
      await server.close();
    });

    it("pulls a source no further than the server reads", async () => {
      const controller = new AbortController();
      const server = await serve((request) => void request.pause());
      const upload = source(4096);
      const sending = rejection(
        fetch(server.origin, { method: "PUT", body: upload.stream, headers: { "content-length": String(4096 * piece) }, signal: controller.signal }),
      );
      let before = -1;
      while (upload.pulled() === 0 || upload.pulled() !== before) {
        before = upload.pulled();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(upload.pulled() * piece).toBeLessThan(32 * 2 ** 20);
      controller.abort();
      await sending;
      await server.close();
    });

    it("stops the source when the connection breaks", async () => {
      const server = await serve((request) => void request.once("data", () => request.destroy()));
      const upload = source(1_000_000, 3);
      const error = await networkFailure(
        fetch(server.origin, { method: "PUT", body: upload.stream, headers: { "content-length": String(1_000_000 * piece) } }),
      );
      expect(error.reason).toBe("reset");
      await upload.cancelled;
      await server.close();
    });

    it("rejects with the error of the source, unchanged", async () => {
      const server = await serve(echo);
      const broken = new Error("the disk is gone");
      const body = new ReadableStream<Bytes>({ pull: (controller) => controller.error(broken) });
      expect(await rejection(fetch(server.origin, { method: "PUT", body, headers: { "content-length": "10" } }))).toBe(broken);
      await server.close();
    });

    it.each([
      ["shorter", 10 * piece + 1],
      ["longer", 10 * piece - 1],
    ])("does not pass a stream for whole that is %s than its content-length", async (_, length) => {
      const whole: number[] = [];
      const server = await serve((request, response) => {
        let size = 0;
        request.on("data", (data) => (size += data.length));
        request.on("error", () => {});
        request.on("end", () => {
          whole.push(size);
          response.end();
        });
      });
      const upload = fetch(server.origin, { method: "PUT", body: source(10).stream, headers: { "content-length": String(length) } });
      const error = await rejection(upload);
      expect(isOciError(error, "NETWORK")).toBe(true);
      expect(whole.filter((size) => size !== length)).toEqual([]);
      await server.close();
    });

    it("gives an answer that comes before the upload is over, and then stops the source", async () => {
      const server = await serve((request, response) => {
        request.once("data", () => response.writeHead(401, { connection: "close" }).end("who are you"));
      });
      const upload = source(1_000_000, 4);
      const response = await fetch(server.origin, { method: "PUT", body: upload.stream, headers: { "content-length": String(1_000_000 * piece) } });
      expect([response.status, await response.text()]).toEqual([401, "who are you"]);
      await upload.cancelled;
      await server.close();
    });
  });

  describe(`${name} fetch without a connection`, () => {
    it("says that a connection was refused, and by whom", async () => {
      const server = await serve(echo);
      await server.close();
      const error = await networkFailure(fetch(`${server.origin}/v2/?token=secret`));
      expect(error.reason).toBe("refused");
      expect(error.message).toBe(`Cannot reach "${server.host}": connection refused (ECONNREFUSED)`);
      expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
    });

    it("names the proxy it went through, without its password", async () => {
      const server = await serve(echo);
      await server.close();
      const error = await networkFailure(fetch("http://registry.example/", { proxyUrl: `http://me:secret@${server.host}` }));
      expect([error.reason, error.message]).toEqual([
        "refused",
        `Cannot reach "registry.example" through proxy "${server.host}": connection refused (ECONNREFUSED)`,
      ]);
    });

    it("says that there is no host of a name", async () => {
      const error = await networkFailure(fetch("http://registry.invalid/"));
      expect(error.reason).toBe("name");
      expect(error.message).toContain('Cannot reach "registry.invalid"');
    });

    it("says that the connection was closed, before or within an answer", async () => {
      const silent = await serveSockets((socket) => void socket.once("data", () => socket.destroy()));
      expect((await networkFailure(fetch(silent.origin))).reason).toBe("reset");
      await silent.close();
      const short = await serve((_, response) => {
        response.setHeader("content-length", "100");
        response.write("only this", () => response.destroy());
      });
      const response = await fetch(short.origin);
      const error = await networkFailure(response.text());
      expect([error.reason, error.message.includes(short.host)]).toEqual(["reset", true]);
      await short.close();
    });

    it("shows no query and no password of a proxy in an error or its cause, whatever is wrong", async () => {
      const garbage = await serveSockets((socket) => void socket.on("error", () => {}).end("garbage\r\n\r\n"));
      const proxies = ["socks5://user:CANARY@127.0.0.1:1", `http://user:CANARY@${garbage.host}`, "http://user:CANARY@127.0.0.1:99999", undefined];
      for (const scheme of ["http", "https"]) {
        for (const proxyUrl of proxies) {
          const url = `${scheme}://${proxyUrl === undefined ? garbage.host : "registry.invalid"}/x?sig=CANARY`;
          const error: unknown = await fetch(url, proxyUrl === undefined ? {} : { proxyUrl }).catch((thrown: unknown) => thrown);
          expect(explain(error).join(" ")).toMatch(/^Cannot/);
          expect(explain(error).join(" ")).not.toContain("CANARY");
        }
      }
      await garbage.close();
    });

    it("says that what answers does not speak HTTP", async () => {
      const server = await serveSockets((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9\r\n\r\n"));
      });
      const error = await networkFailure(fetch(server.origin));
      expect(error.message).toContain(server.host);
      await server.close();
    });

    it("keeps no request waiting on a server that takes connections only", async () => {
      const controller = new AbortController();
      const server = await serveSockets((socket) => {
        socket.on("error", () => {});
        controller.abort(new Error("enough"));
      });
      expect(await rejection(fetch(server.origin, { signal: controller.signal }))).toMatchObject({ message: "enough" });
      await server.close();
    });
  });
}
