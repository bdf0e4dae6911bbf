import { describe, expect, it } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { createSecrets } from "../../src/core/base/mod.ts";
import { createGate, type Gate } from "../../src/core/http/gate.ts";
import type { HttpResponse } from "../../src/core/http/mod.ts";
import { type TestClock, testClock } from "../helper/clock.ts";

const answer = (status: number, retryAfter?: number): HttpResponse => ({
  status,
  headers: new Headers(),
  url: "http://a.test/",
  secrets: createSecrets(),
  ...(retryAfter !== undefined && { retryAfter }),
  body: new ReadableStream(),
  readBody: async () => new Uint8Array(),
  discard: async () => {},
});

/** Requests that have been sent and wait for a test to answer them. */
interface Line {
  readonly gate: Gate;
  readonly clock: TestClock;
  /** Returns how many have been sent and not answered. */
  open(): number;
  /** Sends requests; comes back when all that may be sent have been. */
  ask(count: number, options?: { readonly host?: string; readonly urgent?: boolean; readonly signal?: AbortSignal }): Promise<void>;
  /** Answers the oldest. */
  give(status: number, options?: { readonly count?: number; readonly retryAfter?: number }): Promise<void>;
}

function openLine(): Line {
  const clock = testClock();
  const gate = createGate(clock);
  const sent: ((response: HttpResponse) => void)[] = [];
  return {
    gate,
    clock,
    open: () => sent.length,
    async ask(count, { host = "a.test", urgent = false, signal = new AbortController().signal } = {}) {
      for (let at = 0; at < count; at++) gate.run({ host, signal, urgent }, () => new Promise((resolve) => sent.push(resolve))).catch(() => {});
      await setImmediate();
    },
    async give(status, { count = 1, retryAfter } = {}) {
      for (const resolve of sent.splice(0, count)) resolve(answer(status, retryAfter));
      for (let turn = 0; turn < 4; turn++) await setImmediate();
    },
  };
}

describe("createGate()", () => {
  it("bounds nothing at a host that never said 429", async () => {
    const line = openLine();
    await line.ask(100);
    expect(line.open()).toBe(100);
    await line.give(503, { count: 50 });
    await line.ask(50);
    expect(line.open()).toBe(100);
  });

  it("halves what runs at once with the first 429, and once only for requests that ran together", async () => {
    const line = openLine();
    await line.ask(8);
    await line.give(429, { count: 8 });
    await line.ask(8);
    expect(line.open()).toBe(4);
  });

  it("halves again for requests sent since, down to one", async () => {
    const line = openLine();
    await line.ask(8);
    await line.give(429, { count: 8 });
    await line.ask(20);
    for (const left of [2, 1, 1]) {
      await line.give(429, { count: line.open() });
      expect(line.open()).toBe(left);
    }
  });

  it("lets one more run after four rounds of good answers", async () => {
    const line = openLine();
    await line.ask(8);
    await line.give(429, { count: 8 });
    await line.ask(100);
    const seen: string[] = [];
    for (let at = 1; at <= 60; at++) {
      const before = line.open();
      await line.give(200);
      if (line.open() !== before) seen.push(`${line.open()} after ${at}`);
    }
    expect(seen).toEqual(["5 after 16", "6 after 36", "7 after 60"]);
  });

  it("does not count answers to what was sent before", async () => {
    const line = openLine();
    await line.ask(9);
    await line.give(429);
    await line.give(200, { count: 8 });
    await line.ask(9);
    expect(line.open()).toBe(4);
  });

  it("sends nothing before the time that Retry-After names", async () => {
    const line = openLine();
    await line.ask(1);
    await line.give(429, { retryAfter: 7000 });
    const now = line.clock.monotonic();
    await line.ask(1);
    expect(line.clock.waits).toEqual([7000]);
    expect(line.clock.monotonic() - now).toBe(7000);
    await line.give(200);
    await line.ask(1);
    expect(line.clock.waits).toEqual([7000]);
  });

  it("leaves other hosts alone", async () => {
    const line = openLine();
    await line.ask(2);
    await line.give(429, { count: 2, retryAfter: 1000 });
    await line.ask(5, { host: "b.test" });
    expect(line.open()).toBe(5);
    expect(line.clock.waits).toEqual([]);
  });

  it("lets what is urgent through where there is no place", async () => {
    const line = openLine();
    await line.ask(1);
    await line.give(429);
    await line.ask(3);
    expect(line.open()).toBe(1);
    await line.ask(1, { urgent: true });
    expect(line.open()).toBe(2);
  });

  it("forgets who gave up waiting", async () => {
    const line = openLine();
    await line.ask(1);
    await line.give(429);
    await line.ask(1);
    const controller = new AbortController();
    const waiting = line.gate.run({ host: "a.test", signal: controller.signal }, async () => answer(200));
    controller.abort(new Error("enough"));
    expect(await waiting.catch((error: unknown) => String(error))).toBe("Error: enough");
    expect(await line.gate.run({ host: "a.test", signal: controller.signal }, async () => answer(200)).catch((error: unknown) => String(error))).toBe(
      "Error: enough",
    );
    await line.ask(1);
    await line.give(200);
    expect(line.open()).toBe(1);
  });

  it("frees the place of a request that failed", async () => {
    const line = openLine();
    await line.ask(1);
    await line.give(429);
    const { signal } = new AbortController();
    const failing = line.gate.run({ host: "a.test", signal }, async () => {
      throw new Error("reset");
    });
    expect(await failing.catch((error: unknown) => String(error))).toBe("Error: reset");
    await line.ask(1);
    expect(line.open()).toBe(1);
  });
});
