import { describe, expect, it } from "bun:test";
import { encodeUtf8, OciError } from "../../src/core/base/mod.ts";
import { type Cache, type CacheHost, openCache } from "../../src/core/content/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { places } from "../store/hosts.ts";

const textOf = async (cache: Cache, ...key: readonly string[]) => {
  const bytes = await cache.read(key);
  return bytes && new TextDecoder().decode(bytes);
};

/** Returns the files of a cache, the secret apart. */
async function filesOf({ files }: CacheHost, directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of (await files.list(directory)).filter((name) => name !== "secret"))
    for (const name of await files.list(files.join(directory, folder))) found.push(files.join(directory, folder, name));
  return found;
}

async function overwrite({ files }: CacheHost, path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const bytes = change(await files.readFile(path, 1 << 20));
  await files.remove(path);
  const writer = await files.create(path);
  await writer.write(bytes);
  await writer.close();
}

for (const [name, open] of places) {
  describe(`openCache() on ${name}`, () => {
    it("gives another run what was kept, and nothing under another key", async () => {
      const { host, root, remove } = open();
      const directory = host.files.join(root, "cache");
      expect(await textOf(openCache(host, directory), "a")).toBeUndefined();
      expect(await host.files.status(directory)).toBeUndefined();
      await openCache(host, directory).write(["a", "b"], encodeUtf8("kept"));
      await openCache(host, directory).write(["ab"], new Uint8Array());
      const next = openCache(host, directory);
      expect([await textOf(next, "a", "b"), await textOf(next, "ab"), await textOf(next, "a")]).toEqual(["kept", "", undefined]);
      remove();
    });

    it("does not say what its keys are, and keeps the same key apart from another cache's", async () => {
      const { host, root, remove } = open();
      for (const place of ["one", "two"]) await openCache(host, host.files.join(root, place)).write(["user:CANARY"], encodeUtf8("x"));
      const names = await Promise.all(["one", "two"].map((place) => filesOf(host, host.files.join(root, place))));
      expect(names.flat().join()).not.toContain("CANARY");
      expect(names[0]?.[0]?.slice(-62)).not.toBe(names[1]?.[0]?.slice(-62));
      remove();
    });

    it("takes nothing for what is damaged, cut off or moved, and writes it anew", async () => {
      const { host, root, remove } = open();
      const directory = host.files.join(root, "cache");
      const cache = openCache(host, directory);
      for (const change of [
        (bytes: Uint8Array) => bytes.with(bytes.length - 1, 0),
        (bytes: Uint8Array) => bytes.slice(0, -1),
        (bytes: Uint8Array) => bytes.slice(0, 10),
        () => new Uint8Array(),
      ]) {
        await cache.write(["a"], encodeUtf8("kept"));
        const [path = ""] = await filesOf(host, directory);
        await overwrite(host, path, change);
        expect(await textOf(cache, "a")).toBeUndefined();
      }
      await cache.write(["a"], encodeUtf8("kept"));
      const [from = ""] = await filesOf(host, directory);
      await cache.write(["b"], encodeUtf8("other"));
      const to = (await filesOf(host, directory)).find((path) => path !== from) ?? "";
      await host.files.rename(from, to);
      expect([await textOf(cache, "a"), await textOf(cache, "b")]).toEqual([undefined, undefined]);
      remove();
    });

    it("stays within its limit, the oldest go first", async () => {
      const { host, root, remove } = open();
      const directory = host.files.join(root, "cache");
      let now = 0;
      const cache = openCache({ ...host, files: { ...host.files, status: async (path) => dated(await host.files.status(path)) } }, directory, {
        limit: 10 * 1064,
        sweepInterval: 1,
      });
      const dated = <T extends object>(status: T | undefined) => status && { ...status, modified: now++ };
      for (let at = 0; at < 40; at++) await cache.write([String(at)], new Uint8Array(1000));
      expect((await filesOf(host, directory)).length).toBeLessThanOrEqual(10);
      expect((await filesOf(host, directory)).length).toBeGreaterThanOrEqual(7);
      remove();
    });

    it("gives what is there to many at once", async () => {
      const { host, root, remove } = open();
      const directory = host.files.join(root, "cache");
      const caches = Array.from({ length: 10 }, () => openCache(host, directory));
      await Promise.all(caches.map((cache, at) => cache.write([String(at)], encodeUtf8(String(at)))));
      const fresh = openCache(host, directory);
      expect(await Promise.all(caches.map((_, at) => textOf(fresh, String(at))))).toEqual(caches.map((_, at) => String(at)));
      remove();
    });
  });
}

describe("a cache that cannot be used", () => {
  it("is none: nothing fails", async () => {
    const host = memoryHost();
    const broken = () => Promise.reject(new OciError("IO", "Cannot write: EROFS"));
    for (const files of [
      { ...host.files, makeDirectory: broken },
      { ...host.files, create: broken },
      { ...host.files, rename: broken },
      { ...host.files, readFile: broken },
    ]) {
      const cache = openCache({ ...host, files }, "/cache");
      await cache.write(["a"], encodeUtf8("x"));
      expect(await cache.read(["a"])).toBeUndefined();
    }
  });

  it("keeps nothing over 4 MiB", async () => {
    const cache = openCache(memoryHost(), "/cache");
    await cache.write(["a"], new Uint8Array((4 << 20) + 1));
    expect(await cache.read(["a"])).toBeUndefined();
  });
});
