import { describe, expect, it } from "bun:test";
import { gzipSync } from "node:zlib";
import { type Bytes, concatBytes, equalBytes, isOciError, readAll, streamOf } from "../../src/core/base/mod.ts";
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

    if (!formats.includes("zstd")) {
      it("compress() and decompress() refuse zstd where there is none", () => {
        expect(() => make().compression.compress("zstd")).toThrow("zstd");
        expect(() => make().compression.decompress("zstd")).toThrow("zstd");
      });
    }
  });
}
