import { describe, expect, it } from "bun:test";
import type { Fetch } from "../../src/core/port/mod.ts";
import { serve } from "../helper/server.ts";
import { networkFailure } from "./fetch.ts";

/** Runs the part of the contract of the port `Fetch` that says how often a request is sent. */
export function testSentOnce(name: string, fetch: Fetch): void {
  describe(`${name} fetch when a connection breaks that was kept open`, () => {
    it.each([
      ["PUT", "bytes"],
      ["PUT", ""],
      ["POST", "bytes"],
      ["PATCH", "bytes"],
      ["DELETE", undefined],
    ])("sends a %s once: whether it did something is for the caller to find out (RFC 9110 section 9.2.2)", async (method, text) => {
      const seen: string[] = [];
      const server = await serve((request, response) => {
        seen.push(request.method ?? "");
        request.resume();
        if (request.method === "GET") response.end("kept open");
        else request.once("end", () => (seen.length === 2 ? request.socket.resetAndDestroy() : response.end()));
      });
      await (await fetch(server.origin)).text();
      const body = text === undefined ? {} : { body: new TextEncoder().encode(text) };
      expect((await networkFailure(fetch(server.origin, { method, ...body }))).reason).toBe("reset");
      expect(seen).toEqual(["GET", method]);
      await server.close();
    });
  });
}
