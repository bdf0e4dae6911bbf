import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { type Cache, openCache, writeBehind } from "../../src/core/content/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

/** Returns a cache that keeps nothing before `release` is called. */
function slowCache(cache: Cache): Cache & { readonly release: () => void; readonly written: string[] } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const written: string[] = [];
  const write = async (key: readonly string[], bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    await released;
    written.push(key.join());
    await cache.write(key, bytes);
  };
  return { read: (key) => cache.read(key), write, release: () => release(), written };
}

describe("writeBehind()", () => {
  it("lets the writer go on before anything is kept", async () => {
    const slow = slowCache(openCache(memoryHost(), "/cache"));
    const cache = writeBehind(slow);
    await cache.write(["a"], encodeUtf8("one"));
    expect(slow.written).toEqual([]);
    slow.release();
    await cache.settle();
    expect(slow.written).toEqual(["a"]);
    expect(await slow.read(["a"])).toEqual(encodeUtf8("one"));
  });

  it("gives what is on its way to who reads it", async () => {
    const slow = slowCache(openCache(memoryHost(), "/cache"));
    const cache = writeBehind(slow);
    await cache.write(["a"], encodeUtf8("one"));
    const read = cache.read(["a"]);
    slow.release();
    expect(await read).toEqual(encodeUtf8("one"));
  });

  it("keeps what was written last, in the order of the writing", async () => {
    const slow = slowCache(openCache(memoryHost(), "/cache"));
    const cache = writeBehind(slow);
    await cache.write(["a"], encodeUtf8("one"));
    await cache.write(["a"], encodeUtf8("two"));
    slow.release();
    await cache.settle();
    expect(await slow.read(["a"])).toEqual(encodeUtf8("two"));
  });

  it("makes the writer wait when more than 4 MiB are on their way", async () => {
    const slow = slowCache(openCache(memoryHost(), "/cache"));
    const cache = writeBehind(slow);
    await cache.write(["a"], new Uint8Array(3 << 20));
    let isThrough = false;
    const second = cache.write(["b"], new Uint8Array(2 << 20)).then(() => (isThrough = true));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(isThrough).toBe(false);
    slow.release();
    await second;
    expect(slow.written).toEqual(["a", "b"]);
  });

  it("makes the writer wait when more than 32 writes are on their way", async () => {
    const slow = slowCache(openCache(memoryHost(), "/cache"));
    const cache = writeBehind(slow);
    for (let at = 0; at < 32; at++) await cache.write([String(at)], encodeUtf8("x"));
    let isThrough = false;
    const last = cache.write(["last"], encodeUtf8("x")).then(() => (isThrough = true));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(isThrough).toBe(false);
    slow.release();
    await last;
    expect(slow.written).toHaveLength(33);
  });

  it("tells of a defect when it settles, and of it alone", async () => {
    const broken = { read: async () => undefined, write: () => Promise.reject(new TypeError("a defect")) };
    const cache = writeBehind(broken);
    await cache.write(["a"], encodeUtf8("one"));
    expect(await cache.read(["a"])).toBeUndefined();
    await expect(cache.settle()).rejects.toThrow("a defect");
  });
});
