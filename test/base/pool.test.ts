import { describe, expect, it } from "bun:test";
import { createPool, mapAll } from "../../src/core/base/mod.ts";

/** A task that runs until it is told to end. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("createPool()", () => {
  it("runs as many tasks as it has places, and the others in the order they came", async () => {
    const pool = createPool(2);
    const gates = [gate(), gate(), gate(), gate()];
    const started: number[] = [];
    const tasks = gates.map(({ opened }, at) =>
      pool.run(async () => {
        started.push(at);
        await opened;
        return at;
      }),
    );
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    gates[1]?.open();
    expect(await tasks[1]).toBe(1);
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const { open } of gates) open();
    expect(await Promise.all(tasks)).toEqual([0, 1, 2, 3]);
    expect(pool.size).toBe(2);
  });

  it("gives the place of a failed task back", async () => {
    const pool = createPool(1);
    await expect(pool.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await pool.run(async () => "yes")).toBe("yes");
  });
});

describe("mapAll()", () => {
  it("returns results in the order of the items", async () => {
    const first = gate();
    const results = await mapAll([0, 1], async (item) => {
      if (item === 0) await first.opened;
      else first.open();
      return item * 10;
    });
    expect(results).toEqual([0, 10]);
  });

  it("tells the others of the first failure, waits for them, and throws it", async () => {
    const ended: string[] = [];
    const run = mapAll(["bad", "good"], async (item, signal) => {
      if (item === "bad") throw new Error("first");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      ended.push(item);
      throw new Error("second");
    });
    await expect(run).rejects.toThrow("first");
    expect(ended).toEqual(["good"]);
  });

  it("starts nothing when the signal has fired", async () => {
    let started = 0;
    const run = mapAll([1, 2], async () => started++, AbortSignal.abort(new Error("stop")));
    await expect(run).rejects.toThrow("stop");
    expect(started).toBe(0);
  });

  it("returns nothing for nothing", async () => expect(await mapAll([], async () => 1)).toEqual([]));
});
