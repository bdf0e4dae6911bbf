import { describe, expect, it } from "bun:test";
import { type ByteStream, type Bytes, concatBytes, encodeUtf8, OciError, readAll, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import { compressLayer, type LayerTask, openWorkFiles, type WorkFiles } from "../../src/core/content/mod.ts";
import type { CompressionFormat, Host } from "../../src/core/port/mod.ts";
import type { Digest } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { digestOf } from "../helper/content.ts";

const everything = { limit: 1 << 26, what: "it" };

/** Words of which no two parts are alike. */
function wordsOf(count: number): Bytes {
  let state = 1;
  return encodeUtf8(Array.from({ length: count }, () => `${(state = (state * 48_271) % 2_147_483_647) % 5000} `).join(""));
}

const plain = wordsOf(200_000);

interface Bench {
  readonly host: Host;
  readonly work: WorkFiles;
  pack(bytes: Bytes, format: CompressionFormat): Promise<Bytes>;
  compress(open: () => Promise<ByteStream>, more?: Partial<LayerTask>): Promise<{ readonly digest: Digest; readonly size: number; readonly bytes: Bytes }>;
}

/** Files in memory, and the compression of the runtime. */
async function openBench(): Promise<Bench> {
  const { compression, hash } = await currentHost();
  const host = { ...memoryHost(), compression, hash };
  const work = openWorkFiles(host);
  return {
    host,
    work,
    pack: (bytes, format) => readAll(streamBytes(bytes).pipeThrough(compression.compress(format)), everything),
    async compress(open, more = {}) {
      const { digest, size, path } = await compressLayer(host, work, { what: "layer x", open, diffId: digestOf(plain), format: "gzip", ...more });
      const bytes = await host.files.readFile(path, everything.limit);
      return { digest, size, bytes };
    },
  };
}

function cut(bytes: Bytes, size: number): ByteStream {
  return streamOf(Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size)));
}

const { formats } = (await currentHost()).compression;

describe("compressLayer()", () => {
  for (const format of formats) {
    it(`makes ${format} of a layer that is not compressed, and of one that is compressed otherwise`, async () => {
      const { host, pack, compress } = await openBench();
      const sources = [plain, ...(await Promise.all(formats.map((from) => pack(plain, from))))];
      const made = await Promise.all(sources.map((bytes) => compress(async () => streamBytes(bytes), { format })));
      for (const { digest, size, bytes } of made) {
        expect([digest, size]).toEqual([digestOf(bytes), bytes.length]);
        expect(size).toBeLessThan(plain.length / 2);
        expect(digestOf(await readAll(streamBytes(bytes).pipeThrough(host.compression.decompress(format)), everything))).toBe(digestOf(plain));
      }
      expect(new Set(made.map(({ digest }) => digest)).size).toBe(1);
    });

    it(`makes the same ${format} however its source is cut into pieces`, async () => {
      const { compress } = await openBench();
      const made = await Promise.all([plain.length, 1 << 16, 100_003, 997].map((size) => compress(async () => cut(plain, size), { format })));
      expect(new Set(made.map(({ digest }) => digest)).size).toBe(1);
    });

    it(`makes less ${format} at a higher level`, async () => {
      const { compress } = await openBench();
      const [low, high] = await Promise.all([1, 9].map((level) => compress(async () => streamBytes(plain), { format, level })));
      expect(high?.size).toBeLessThan(low?.size ?? 0);
    });
  }

  it("takes an empty layer and one of few bytes", async () => {
    const { compress } = await openBench();
    for (const bytes of [new Uint8Array(0), encodeUtf8("x")]) {
      const { size } = await compress(async () => streamOf(bytes.length === 0 ? [] : [bytes]), { diffId: digestOf(bytes) });
      expect(size).toBeGreaterThan(0);
    }
  });

  async function failing(open: () => Promise<ByteStream>, more: Partial<LayerTask> = {}): Promise<{ readonly code?: string; readonly message: string }> {
    const { host, compress } = await openBench();
    const failure = await compress(open, more).then(
      () => new Error("it did not fail"),
      (error: Error) => error,
    );
    expect(await host.files.list("/tmp")).toEqual([]);
    return failure;
  }

  it("refuses a layer that does not hold what the config says, and leaves nothing", async () => {
    const diffId = digestOf(encodeUtf8("other"));
    expect(await failing(async () => streamBytes(plain), { diffId })).toMatchObject({
      code: "MISMATCH",
      message: `Cannot accept layer x without its compression: expected ${diffId}, received ${digestOf(plain)}`,
    });
  });

  for (const format of formats)
    it(`refuses ${format} that is cut off, and leaves nothing`, async () => {
      const packed = await (await openBench()).pack(plain, format);
      expect(await failing(async () => cut(packed.slice(0, -8), 1000))).toMatchObject({
        code: "INVALID",
        message: `Cannot read layer x: its ${format} data is damaged or cut off`,
      });
    });

  it("fails with what its source fails with, and leaves nothing", async () => {
    const lost = new OciError("NETWORK", "Cannot read: the connection broke");
    const { pack } = await openBench();
    for (const bytes of [plain, await pack(plain, "gzip")]) {
      async function* broken(): AsyncGenerator<Bytes, void, void> {
        yield bytes.slice(0, 50_000);
        throw lost;
      }
      expect(await failing(async () => streamOf(broken()))).toBe(lost);
    }
    expect(await failing(() => Promise.reject(lost))).toBe(lost);
  });

  it("is ended by the signal and leaves nothing", async () => {
    const controller = new AbortController();
    const reason = new OciError("ABORTED", "enough");
    async function* endless(): AsyncGenerator<Bytes, void, void> {
      for (let at = 0; ; at++) {
        if (at === 20) controller.abort(reason);
        yield crypto.getRandomValues(new Uint8Array(1 << 16));
      }
    }
    expect(await failing(async () => streamOf(endless(), controller.signal), { signal: controller.signal })).toBe(reason);
  });

  it("cancels its source when what it holds is damaged", async () => {
    let isCancelled = false;
    const source = new ReadableStream<Bytes>({
      start: (controller) => controller.enqueue(concatBytes([Uint8Array.of(0x1f, 0x8b), encodeUtf8("this is no gzip")])),
      cancel: () => void (isCancelled = true),
    });
    expect((await failing(async () => source)).code).toBe("INVALID");
    expect(isCancelled).toBe(true);
  });
});
