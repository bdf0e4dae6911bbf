import { describe, expect, it } from "bun:test";
import { inspectList, listExists, openLists } from "../../src/core/list/mod.ts";
import type { Fetch } from "../../src/core/port/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { testClock } from "../helper/clock.ts";
import { failureOf } from "../helper/lists.ts";

const at = "docker://registry.example.com/app:1";

describe("openLists() with a time-out", () => {
  it("ends what trickles and so never is idle", async () => {
    const clock = testClock();
    const fetch: Fetch = async (_, { signal } = {}) => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (signal?.aborted) return controller.error(signal.reason);
          // A byte every 50 s keeps the connection from counting as silent.
          controller.enqueue(new Uint8Array([32]));
          await new Promise((resolve) => setImmediate(resolve));
          clock.advance(50_000);
        },
      });
      return new Response(body, { headers: { "content-type": "application/vnd.oci.image.index.v1+json" } });
    };
    const start = clock.monotonic();
    const lists = openLists(memoryHost({ fetch, clock }), { timeout: 600_000 });
    const failure = await failureOf(inspectList(lists, at));
    expect([failure.code, failure.message]).toEqual(["LIMIT", 'Cannot finish in "600s": the time is up, a longer --timeout gives more']);
    expect(clock.monotonic() - start).toBe(600_000);
  });

  it("ends a wait for another try", async () => {
    const clock = testClock();
    const sleep = (_: number, signal?: AbortSignal) =>
      new Promise<void>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        clock.advance(1000);
      });
    const fetch: Fetch = async () => new Response(null, { status: 503, headers: { "retry-after": "300" } });
    const lists = openLists(memoryHost({ fetch, clock: { ...clock, sleep } }), { timeout: 1000 });
    expect((await failureOf(listExists(lists, at))).code).toBe("LIMIT");
  });

  it("leaves the caller's own signal its reason", async () => {
    const controller = new AbortController();
    const fetch: Fetch = (_, { signal } = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        controller.abort(new Error("enough"));
      });
    const lists = openLists(memoryHost({ fetch, clock: testClock() }), { timeout: 1000, signal: controller.signal });
    expect((await failureOf(listExists(lists, at))).message).toBe("enough");
  });
});
