import { describe, expect, it } from "bun:test";
import { readAll, streamBytes } from "../../../src/core/base/mod.ts";
import { openAhead } from "../../../src/core/transport/registry/ahead.ts";

function source() {
  const seen = { opened: 0, cancelled: 0 };
  const open = async () => {
    seen.opened++;
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      { pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel: () => void seen.cancelled++ },
      { highWaterMark: 0 },
    );
  };
  return { seen, open };
}

describe("openAhead()", () => {
  it("opens at once, gives that out first, and opens anew after that", async () => {
    const { seen, open } = source();
    const ahead = openAhead(open);
    expect(seen.opened).toBe(1);
    const [first, second] = [await ahead.open(), await ahead.open()];
    expect(seen.opened).toBe(2);
    expect(first).not.toBe(second);
    await ahead.close();
    expect(seen.cancelled).toBe(0);
  });

  it("lets go of what nobody took", async () => {
    const { seen, open } = source();
    const ahead = openAhead(open);
    await ahead.close();
    expect(seen).toEqual({ opened: 1, cancelled: 1 });
    await ahead.close();
    expect(seen.cancelled).toBe(1);
  });

  it("tells a failure to who takes it, and to nobody else", async () => {
    let count = 0;
    const ahead = openAhead(async () => {
      if (count++ === 0) throw new Error("gone");
      return streamBytes(new Uint8Array([7]));
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(await ahead.open().catch(String)).toBe("Error: gone");
    expect(await readAll(await ahead.open(), { limit: 9, what: "content" })).toEqual(new Uint8Array([7]));
    await openAhead(() => Promise.reject(new Error("gone"))).close();
  });
});
