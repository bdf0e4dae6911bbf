import { describe, expect, it } from "bun:test";
import { gzipSync } from "node:zlib";
import { type Bytes, concatBytes, equalBytes, isOciError, OciError, readAll, streamOf } from "../../src/core/base/mod.ts";
import type { CompressionFormat, Host } from "../../src/core/port/mod.ts";

const text = new TextEncoder();
const sum = { limit: 2 ** 26, what: "it" };

function* pieces(count: number): Generator<Bytes, void, void> {
  for (let at = 0; at < count; at++) yield new Uint8Array(65_536).fill(at);
}

/** Runs the contracts of the ports `Hash`, `Clock`, `Random` and `Environment`. */
export function testRuntime(name: string, make: () => Host): void {
  describe(`${name} hash`, () => {
    it("hash() gives the digests of the standard, piece by piece", () => {
      const digest = (algorithm: "sha256" | "sha512", ...parts: string[]): string => {
        const hasher = make().hash(algorithm);
        for (const part of parts) hasher.update(text.encode(part));
        return hasher.digest();
      };
      expect(digest("sha256")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
      expect(digest("sha256", "a", "bc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      expect(digest("sha512", "abc").slice(0, 16)).toBe("ddaf35a193617aba");
    });
  });

  describe(`${name} clock`, () => {
    it("sleep() rejects with the reason of its signal, fired before or meanwhile", async () => {
      const { clock } = make();
      const reason = new Error("up");
      await expect(clock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
      const controller = new AbortController();
      const sleeping = clock.sleep(60_000, controller.signal);
      controller.abort(reason);
      await expect(sleeping).rejects.toBe(reason);
    });

    it("after() calls its task once, and not when it was taken back", async () => {
      const { clock } = make();
      const called: string[] = [];
      const takeBack = clock.after(0, () => called.push("taken back"));
      takeBack();
      // Its timers let a program end, so something else has to keep this one.
      const keeper = setInterval(() => {}, 60_000);
      await new Promise<void>((resolve) => {
        clock.after(1, () => {
          called.push("called");
          resolve();
        });
      });
      clearInterval(keeper);
      expect(called).toEqual(["called"]);
    });

    it("monotonic() never runs backwards and now() is today", async () => {
      const { clock } = make();
      const before = clock.monotonic();
      await clock.sleep(1);
      expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
      expect(clock.now()).toBeGreaterThan(Date.UTC(2024, 0, 1));
    });
  });

  describe(`${name} random`, () => {
    it("bytes() gives as many as asked, more than the web's limit too, and not the same again", () => {
      const { random } = make();
      expect(random.bytes(200_000)).toHaveLength(200_000);
      expect(equalBytes(random.bytes(32), random.bytes(32))).toBe(false);
      expect(random.bytes(0)).toHaveLength(0);
    });

    it("number() stays below 1", () => {
      const { random } = make();
      for (let at = 0; at < 100; at++) {
        const number = random.number();
        expect(number >= 0 && number < 1).toBe(true);
      }
    });
  });

  describe(`${name} environment`, () => {
    it("get() treats an absent variable as undefined, and names are Go's", () => {
      const { environment } = make();
      expect(environment.get("OCIDEX_TEST_ABSENT")).toBeUndefined();
      expect(environment.os).toMatch(/^(linux|darwin|windows|freebsd)$/);
      expect(environment.architecture).toMatch(/^(amd64|arm64|386|arm|ppc64le|s390x|riscv64)$/);
    });
  });
}

/** Runs the contract of the port `Compression`; the web's own transform reads ahead and, on some runtimes, one gzip member only. */
export function testCompression(name: string, make: () => Host, { web = false }: { readonly web?: boolean } = {}): void {
  const through = async (stream: ReadableStream<Bytes>, step: TransformStream<Bytes, Bytes>): Promise<Bytes> => await readAll(stream.pipeThrough(step), sum);
  const formats: readonly CompressionFormat[] = make().compression.formats;

  describe(`${name} compression`, () => {
    it.each([...formats])("compress() and decompress() of %s give back what went in", async (format) => {
      const { compression } = make();
      const small = await through(streamOf(pieces(64)), compression.compress(format));
      expect(small.length).toBeLessThan(2 ** 18);
      const large = await through(streamOf([small]), compression.decompress(format));
      expect(equalBytes(large, concatBytes([...pieces(64)]))).toBe(true);
    });

    it("decompress() refuses what is not gzip, and what ends early", async () => {
      const { compression } = make();
      const refused = async (bytes: Bytes): Promise<boolean> => {
        try {
          await through(streamOf([bytes]), compression.decompress("gzip"));
          return false;
        } catch (error) {
          return isOciError(error, "INVALID");
        }
      };
      expect(await refused(text.encode("this is no gzip"))).toBe(true);
      expect(await refused(new Uint8Array(gzipSync("x".repeat(1000))).slice(0, 20))).toBe(true);
    });

    it("compress() and decompress() pass on the failure of what they read, unchanged", async () => {
      const { compression } = make();
      const reason = new Error("the disk is gone");
      for (const step of [compression.compress("gzip"), compression.decompress("gzip")]) {
        async function* broken(): AsyncGenerator<Bytes, void, void> {
          yield new Uint8Array(gzipSync("begin")).slice(0, 15);
          throw reason;
        }
        expect(await through(streamOf(broken()), step).catch((error: unknown) => error)).toBe(reason);
      }
    });

    it("a transform that is given up before its first piece ends the source", async () => {
      const { compression } = make();
      let cancelled = false;
      const endless = new ReadableStream<Bytes>({
        pull: (controller) => controller.enqueue(crypto.getRandomValues(new Uint8Array(65_536))),
        cancel: () => void (cancelled = true),
      });
      await endless.pipeThrough(compression.compress("gzip")).cancel(new Error("enough"));
      for (let turn = 0; turn < 100 && !cancelled; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(cancelled).toBe(true);
    });

    if (!web) {
      it("decompress() reads no further ahead than its reader", async () => {
        const { compression } = make();
        let read = 0;
        const bomb = new Uint8Array(gzipSync(new Uint8Array(2 ** 24)));
        function* slowly(): Generator<Bytes, void, void> {
          for (let at = 0; at < bomb.length; at += 512) {
            read++;
            yield bomb.slice(at, at + 512);
          }
        }
        const reader = streamOf(slowly()).pipeThrough(compression.decompress("gzip")).getReader();
        await reader.read();
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(read).toBeLessThan(Math.ceil(bomb.length / 512));
        await reader.cancel();
      });

      it("decompress() reads several gzip members in a row", async () => {
        const both = concatBytes([gzipSync("one,"), gzipSync("two")]);
        expect(new TextDecoder().decode(await through(streamOf([both]), make().compression.decompress("gzip")))).toBe("one,two");
      });
    }

    it.each([...formats])("compress() and decompress() of %s fail with what their source fails with", async (format) => {
      const failure = new OciError("NETWORK", "Cannot read: the connection broke");
      const { compression } = make();
      const packed = await through(streamOf(pieces(64)), compression.compress(format));
      async function* broken(whole: Iterable<Bytes>): AsyncGenerator<Bytes, void, void> {
        yield* whole;
        throw failure;
      }
      await expect(through(streamOf(broken(pieces(2))), compression.compress(format))).rejects.toBe(failure);
      await expect(through(streamOf(broken([packed.slice(0, packed.length >> 1)])), compression.decompress(format))).rejects.toBe(failure);
    });

    it.each([...formats])("compress() of %s gives the same bytes for the same pieces", async (format) => {
      const [first, second] = await Promise.all([1, 2].map(() => through(streamOf(pieces(64)), make().compression.compress(format))));
      expect(first).toEqual(second ?? new Uint8Array(0));
    });

    it.each(web ? [] : [...formats])("compress() of %s at a high level makes less than at a low one", async (format) => {
      let state = 1;
      const words = text.encode(Array.from({ length: 50_000 }, () => `${(state = (state * 48_271) % 2_147_483_647) % 500} `).join(""));
      const sizes = await Promise.all([1, 9].map(async (level) => (await through(streamOf([words]), make().compression.compress(format, level))).length));
      expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
    });

    if (web)
      it("compress() refuses a level, as the web has none", () => {
        expect(() => make().compression.compress("gzip", 9)).toThrow("the web has no levels");
      });

    if (formats.includes("zstd")) {
      const frames = async (...parts: readonly (string | Bytes)[]): Promise<Bytes> => {
        const packed = parts.map((part) => (typeof part === "string" ? through(streamOf([text.encode(part)]), make().compression.compress("zstd")) : part));
        return concatBytes(await Promise.all(packed));
      };
      const skippable = concatBytes([Uint8Array.of(0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0), text.encode("hello")]);
      const unpacked = async (bytes: Bytes, size = bytes.length): Promise<string> => {
        function* slices(): Generator<Bytes, void, void> {
          for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
        }
        return new TextDecoder().decode(await through(streamOf(slices()), make().compression.decompress("zstd")));
      };

      it("decompress() reads several zstd frames in a row, between frames to skip, however they are cut into pieces", async () => {
        const bytes = await frames(skippable, "one,", "", skippable, "two,".repeat(50_000), "three", skippable);
        for (const size of [bytes.length, 1, 7]) expect(await unpacked(bytes, size)).toBe(`one,${"two,".repeat(50_000)}three`);
      });

      it("decompress() refuses zstd that is cut off, has something behind it, or is nothing", async () => {
        const bytes = await frames("one,", "two");
        const others = [bytes.slice(0, -1), bytes.slice(0, 6), concatBytes([bytes, text.encode("more")]), new Uint8Array(0), text.encode("this is no zstd")];
        for (const other of others) await expect(unpacked(other)).rejects.toMatchObject({ code: "INVALID" });
      });
    } else {
      it("compress() and decompress() refuse zstd where there is none", () => {
        expect(() => make().compression.compress("zstd")).toThrow("zstd");
        expect(() => make().compression.decompress("zstd")).toThrow("zstd");
      });
    }
  });
}
