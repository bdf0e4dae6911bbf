import { describe, expect, it } from "bun:test";
import { type RetryOptions, retry } from "../../src/core/base/mod.ts";

function makeOptions(more: Partial<RetryOptions> = {}): RetryOptions & { readonly waits: number[] } {
  const waits: number[] = [];
  const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    waits.push(milliseconds);
    signal?.throwIfAborted();
  };
  return { policy: { retries: 4, delay: 100, maximumDelay: 300 }, tools: { sleep, random: () => 0.5 }, isTransient: () => true, waits, ...more };
}

describe("retry()", () => {
  it("waits longer every time, up to a bound, with jitter", async () => {
    const options = makeOptions();
    const attempts: number[] = [];
    const task = async (attempt: number): Promise<never> => {
      attempts.push(attempt);
      throw new Error(`try ${attempt}`);
    };
    await expect(retry(task, options)).rejects.toThrow("try 4");
    expect(attempts).toEqual([0, 1, 2, 3, 4]);
    expect(options.waits).toEqual([50, 100, 150, 150]);
  });

  it("waits the same time every time when told so, and as long as the other side asks", async () => {
    const policy = { retries: 3, delay: 90_000, maximumDelay: 300, isConstant: true };
    const options = makeOptions({ policy, isTransient: (error) => (String(error).includes("1") ? 100_000 : true) });
    await expect(retry((attempt) => Promise.reject(new Error(`try ${attempt}`)), options)).rejects.toThrow("try 3");
    expect(options.waits).toEqual([90_000, 100_000, 90_000]);
  });

  it("returns what the first good try gives", async () => {
    const options = makeOptions();
    const result = await retry(async (attempt) => {
      if (attempt < 2) throw new Error("no");
      return attempt;
    }, options);
    expect([result, options.waits.length]).toEqual([2, 2]);
  });

  it("counts anew when a try got further than the one before", async () => {
    let tries = 0;
    const options = makeOptions({ gotFurther: () => tries === 3 || tries === 6 });
    await expect(retry(() => Promise.reject(new Error(`try ${++tries}`)), options)).rejects.toThrow("try 10");
    expect(options.waits).toEqual([50, 100, 50, 100, 150, 50, 100, 150, 150]);
  });

  it("does not repeat what will not pass", async () => {
    const options = makeOptions({ isTransient: () => false });
    await expect(retry(() => Promise.reject(new Error("final")), options)).rejects.toThrow("final");
    expect(options.waits).toEqual([]);
  });

  it("waits at least as long as the other side asked for", async () => {
    const options = makeOptions({ isTransient: () => 1000, policy: { retries: 1, delay: 100, maximumDelay: 300 } });
    await expect(retry(() => Promise.reject(new Error("busy")), options)).rejects.toThrow("busy");
    expect(options.waits).toEqual([1000]);
  });

  it("tells of each wait before it", async () => {
    const told: unknown[] = [];
    const options = makeOptions({
      policy: { retries: 1, delay: 10, maximumDelay: 10 },
      onRetry: (error, wait, attempt) => told.push([(error as Error).message, wait, attempt]),
    });
    await expect(retry(() => Promise.reject(new Error("no")), options)).rejects.toThrow("no");
    expect(told).toEqual([["no", 5, 1]]);
  });

  it("stops when the signal fires", async () => {
    const controller = new AbortController();
    const options = makeOptions({ signal: controller.signal });
    const task = async (): Promise<never> => {
      controller.abort();
      throw new Error("cut");
    };
    await expect(retry(task, options)).rejects.toThrow("cut");
    expect(options.waits).toEqual([]);
  });
});
