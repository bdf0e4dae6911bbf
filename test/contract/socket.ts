import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { link, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { explain } from "../../src/core/base/mod.ts";
import type { Fetch } from "../../src/core/port/mod.ts";
import { startFlood } from "../helper/flood.ts";
import { echo, serve, type TestServer } from "../helper/server.ts";
import { temporaryDirectory } from "../helper/temporary.ts";
import { networkFailure, rejection } from "./fetch.ts";

const url = "http://nowhere.invalid/v1/images?a=b";

/** Runs the contract of the port `Fetch` over Unix sockets. */
export function testSocket(name: string, fetch: Fetch): void {
  describe(`${name} fetch over a Unix socket`, () => {
    let directory: string;
    let close: () => Promise<void>;
    let server: TestServer;
    let socketPath: string;
    beforeAll(async () => {
      ({ directory, close } = await temporaryDirectory());
      socketPath = join(directory, "one.sock");
      server = await serve(echo, { socketPath });
    });
    afterAll(async () => {
      await server.close();
      await close();
    });

    it("sends what it is given to the socket, whatever host the URL names", async () => {
      const response = await fetch(url, { socketPath, method: "POST", body: new Uint8Array([65]), headers: { "x-one": "1" } });
      expect(response.url).toBe(url);
      expect(await response.json()).toMatchObject({ method: "POST", url: "/v1/images?a=b", text: "A", headers: { host: "nowhere.invalid", "x-one": "1" } });
    });

    it("keeps a connection for the next request, and mixes it with no other socket or host", async () => {
      const other = await serve((_, response) => response.end("other"), { socketPath: join(directory, "other.sock") });
      const tcp = await serve((_, response) => response.end("tcp"));
      const before = server.connections();
      for (let turn = 0; turn < 4; turn++) {
        expect(await (await fetch(tcp.origin, { socketPath })).json()).toMatchObject({ method: "GET" });
        expect(await (await fetch(tcp.origin, { socketPath: other.host })).text()).toBe("other");
        expect(await (await fetch(tcp.origin)).text()).toBe("tcp");
      }
      expect(server.connections() - before).toBeLessThanOrEqual(1);
      await other.close();
      await tcp.close();
    });

    it("asks no proxy, named by the environment or given", async () => {
      const names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
      const before = names.map((variable) => process.env[variable]);
      for (const variable of names) process.env[variable] = "http://127.0.0.1:1";
      try {
        expect((await fetch(url, { socketPath })).status).toBe(200);
        expect((await fetch(url, { socketPath, proxyUrl: "http://127.0.0.1:1" })).status).toBe(200);
      } finally {
        for (const [at, variable] of names.entries()) {
          if (before[at] === undefined) delete process.env[variable];
          else process.env[variable] = before[at];
        }
      }
    });

    it("takes no more from the socket than is read, and closes the connection of a body that is given up", async () => {
      const flood = await startFlood({ socketPath: join(directory, "flood.sock") });
      const reader = (await fetch(url, { socketPath: flood.host })).body?.getReader();
      await reader?.read();
      expect(await flood.settled()).toBeLessThan(flood.length / 4);
      await reader?.cancel();
      await flood.closed();
      await flood.close();
    });

    it("rejects with the signal's reason, before and within an answer", async () => {
      const reason = new Error("enough");
      expect(await rejection(fetch(url, { socketPath, signal: AbortSignal.abort(reason) }))).toBe(reason);
      const silent = await serve((_, response) => void response.write("begin"), { socketPath: join(directory, "silent.sock") });
      const controller = new AbortController();
      const reader = (await fetch(url, { socketPath: silent.host, signal: controller.signal })).body?.getReader();
      await reader?.read();
      const reading = rejection(reader?.read() ?? Promise.resolve());
      controller.abort(reason);
      expect(await reading).toBe(reason);
      await silent.close();
    });

    it("says that there is no such socket, that nobody listens, and that a file is none, and shows no query", async () => {
      const gone = await serve(echo, { socketPath: join(directory, "gone.sock") });
      const left = join(directory, "left.sock");
      await link(gone.host, left);
      await gone.close();
      await rm(gone.host, { force: true });
      await writeFile(join(directory, "file"), "");
      for (const [path, words] of [
        [gone.host, "there is no such socket (ENOENT)"],
        [left, "connection refused (ECONNREFUSED)"],
        [join(directory, "file"), "connection refused (ECONNREFUSED)"],
      ] as const) {
        const error = await networkFailure(fetch(`${url}&token=CANARY`, { socketPath: path }));
        expect([error.reason, error.message]).toEqual(["refused", `Cannot reach "${path}": ${words}`]);
        expect(explain(error).join(" ")).not.toContain("CANARY");
      }
      expect((await networkFailure(fetch(url, { socketPath: join(directory, "x".repeat(200)) }))).message).toContain("Cannot reach");
    });

    it("speaks no TLS there", async () => {
      await expect(fetch("https://nowhere.invalid/", { socketPath })).rejects.toMatchObject({ code: "INVALID" });
    });
  });
}
