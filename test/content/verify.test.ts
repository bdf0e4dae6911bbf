import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { type Bytes, concatBytes, encodeUtf8, iterate, readAll, streamOf } from "../../src/core/base/mod.ts";
import { digestBytes, verifyBytes, verifyStream } from "../../src/core/content/mod.ts";
import type { Digest } from "../../src/core/spec/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

const { hash } = memoryHost();
const text = encodeUtf8("0123456789");
const promised = { digest: digestBytes(hash, text), size: text.length };
const code = (code: string) => expect.objectContaining({ code });
const read = (stream: ReadableStream<Bytes>) => readAll(stream, { limit: 1 << 20, what: "" });

/** Returns a stream of `pieces` that never ends by itself, and whether it was cancelled. */
function endless(...pieces: readonly Bytes[]): { readonly stream: ReadableStream<Bytes>; readonly reasons: unknown[] } {
  const reasons: unknown[] = [];
  const left = [...pieces];
  const stream = new ReadableStream<Bytes>(
    {
      pull(controller) {
        const next = left.shift();
        if (next) controller.enqueue(next);
        return next ? undefined : new Promise(() => {});
      },
      cancel: (reason) => void reasons.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, reasons };
}

describe("digestBytes()", () => {
  it("gives the digests of the specification", () => {
    expect(digestBytes(hash, encodeUtf8("{}"))).toBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    expect(digestBytes(hash, encodeUtf8(""), "sha512").slice(0, 23)).toBe("sha512:cf83e1357eefb8bd");
  });
});

describe("verifyBytes()", () => {
  it("tells a wrong size before a wrong digest", () => {
    expect(() => verifyBytes(hash, text.slice(1), promised, "blob x")).toThrow("Cannot accept blob x: expected 10 bytes, received 9 bytes");
  });

  it("tells a wrong digest", () => {
    const wrong = encodeUtf8("9876543210");
    expect(() => verifyBytes(hash, wrong, promised, "blob x")).toThrow(
      `Cannot accept blob x: expected ${promised.digest}, received ${digestBytes(hash, wrong)}`,
    );
  });

  it("refuses a digest it cannot compute", () => {
    const digest: Digest = "blake3:00";
    expect(() => verifyBytes(hash, text, { digest, size: text.length }, "blob x")).toThrow(
      'Cannot verify blob x: "blake3:00" is neither a sha256 nor a sha512 digest',
    );
  });
});

describe("verifyStream()", () => {
  it("passes content through, however it is cut", async () => {
    const pieces = fc.array(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(pieces, async (cut) => {
        const whole = concatBytes(cut);
        const stream = verifyStream(hash, streamOf(cut), { digest: digestBytes(hash, whole), size: whole.length }, "blob");
        expect(await read(stream)).toEqual(whole);
      }),
    );
  });

  it("refuses any content that differs in a byte (ggcr#2303)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(9), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const wrong = text.map((byte, place) => (place === at ? byte ^ mask : byte));
        await expect(read(verifyStream(hash, streamOf([wrong]), promised, "blob"))).rejects.toEqual(code("MISMATCH"));
      }),
    );
  });

  it("fails at the end of content that is too short", async () => {
    await expect(read(verifyStream(hash, streamOf([text.slice(0, 9)]), promised, "blob"))).rejects.toThrow("expected 10 bytes, received 9 bytes");
  });

  it("fails as soon as content is too long, and cancels its source (ggcr#2303)", async () => {
    const { stream, reasons } = endless(text, encodeUtf8("x"));
    await expect(read(verifyStream(hash, stream, promised, "blob"))).rejects.toThrow("expected 10 bytes, received more (11 so far)");
    expect(reasons).toEqual([code("MISMATCH")]);
  });

  it("holds the last piece back until the digest is known to be right", async () => {
    const wrong = encodeUtf8("987654321x");
    const seen: number[] = [];
    const drain = async () => {
      for await (const piece of iterate(verifyStream(hash, streamOf([wrong.slice(0, 4), wrong.slice(4)]), promised, "blob"))) seen.push(piece.length);
    };
    await expect(drain()).rejects.toEqual(code("MISMATCH"));
    expect(seen).toEqual([4]);
  });

  it("cancels its source when it is cancelled, also before the first piece", async () => {
    const { stream, reasons } = endless(text);
    await verifyStream(hash, stream, promised, "blob").cancel("enough");
    expect(reasons).toEqual(["enough"]);
  });

  it("passes the error of its source on", async () => {
    const broken = async function* (): AsyncGenerator<Bytes> {
      yield text.slice(0, 2);
      throw new Error("the line broke");
    };
    await expect(read(verifyStream(hash, streamOf(broken()), promised, "blob"))).rejects.toThrow("the line broke");
  });

  it("reads nothing before it is read", async () => {
    let pulled = 0;
    const source = function* (): Generator<Bytes> {
      pulled++;
      yield text;
    };
    const stream = verifyStream(hash, streamOf(source()), promised, "blob");
    await Promise.resolve();
    expect(pulled).toBe(0);
    expect(await read(stream)).toEqual(text);
  });
});
