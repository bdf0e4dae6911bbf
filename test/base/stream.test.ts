import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, evenPieces, isOciError, iterate, readAll, skipBytes, streamBytes, streamOf } from "../../src/core/base/mod.ts";

/** Yields pieces for ever, and records how many, and that it was closed. */
function endless(): { readonly pieces: AsyncGenerator<Bytes>; readonly seen: { given: number; closed: boolean } } {
  const seen = { given: 0, closed: false };
  async function* make(): AsyncGenerator<Bytes> {
    try {
      for (;;) {
        seen.given++;
        yield encodeUtf8("0123456789");
      }
    } finally {
      seen.closed = true;
    }
  }
  return { pieces: make(), seen };
}

describe("readAll()", () => {
  it("returns everything", async () => {
    const stream = streamOf([encodeUtf8("a"), encodeUtf8(""), encodeUtf8("bc")]);
    expect(new TextDecoder().decode(await readAll(stream, { limit: 3, what: "text" }))).toBe("abc");
  });

  it("stops an endless stream at the limit and closes its source", async () => {
    const { pieces, seen } = endless();
    const error = await readAll(streamOf(pieces), { limit: 25, what: "the answer" }).catch((reason: unknown) => reason);
    expect(isOciError(error, "LIMIT") && error.message).toBe("Cannot read the answer: it is larger than 25 bytes");
    expect(seen).toEqual({ given: 3, closed: true });
  });
});

describe("iterate()", () => {
  it("cancels the stream when the loop is left", async () => {
    const { pieces, seen } = endless();
    for await (const piece of iterate(streamOf(pieces))) {
      expect(piece.length).toBe(10);
      break;
    }
    expect(seen.closed).toBe(true);
  });

  it("passes the stream's failure on", async () => {
    async function* broken(): AsyncGenerator<Bytes> {
      yield encodeUtf8("a");
      throw new Error("cut");
    }
    const seen: number[] = [];
    const run = (async () => {
      for await (const piece of iterate(streamOf(broken()))) seen.push(piece.length);
    })();
    await expect(run).rejects.toThrow("cut");
    expect(seen).toEqual([1]);
  });
});

describe("streamOf()", () => {
  it("pulls a piece only when somebody asks", async () => {
    const { pieces, seen } = endless();
    const reader = streamOf(pieces).getReader();
    await Promise.resolve();
    expect(seen.given).toBe(0);
    await reader.read();
    expect(seen.given).toBe(1);
    await reader.cancel();
    expect(seen.closed).toBe(true);
  });

  it("ends when the signal fires, also while nobody reads", async () => {
    const controller = new AbortController();
    const { pieces, seen } = endless();
    const reader = streamOf(pieces, controller.signal).getReader();
    await reader.read();
    controller.abort(new Error("stop"));
    await expect(reader.closed).rejects.toThrow("stop");
    expect(seen.closed).toBe(true);
  });

  it("gives nothing when the signal has fired already", async () => {
    const { pieces, seen } = endless();
    const stream = streamOf(pieces, AbortSignal.abort(new Error("stop")));
    await expect(readAll(stream, { limit: 100, what: "text" })).rejects.toThrow("stop");
    expect(seen.given).toBe(0);
  });
});

describe("streamBytes()", () => {
  it("gives the bytes, and nothing for no bytes", async () => {
    expect([...(await readAll(streamBytes(new Uint8Array([1, 2])), { limit: 2, what: "bytes" }))]).toEqual([1, 2]);
    expect((await readAll(streamBytes(new Uint8Array()), { limit: 0, what: "bytes" })).length).toBe(0);
  });
});

describe("skipBytes()", () => {
  for (const [count, left] of [
    [0, "abcdef"],
    [2, "cdef"],
    [3, "def"],
    [6, ""],
    [9, ""],
  ] as const) {
    it(`leaves out ${count} of 6 bytes, wherever the pieces end`, async () => {
      const pieces = ["ab", "cd", "ef"].map(encodeUtf8);
      expect(await readAll(skipBytes(streamOf(pieces), count), { limit: 10, what: "a test" })).toEqual(encodeUtf8(left));
    });
  }
});

describe("evenPieces()", () => {
  it("cuts anew what comes in any pieces, and keeps what is left", async () => {
    const cut = async (texts: readonly string[]): Promise<readonly string[]> => {
      const seen: string[] = [];
      for await (const piece of evenPieces(iterate(streamOf(texts.map(encodeUtf8))), 3)) seen.push(new TextDecoder().decode(piece));
      return seen;
    };
    for (const texts of [["abcdefgh"], ["abc", "def", "gh"], ["a", "", "b", "cd", "efg", "h"], ["ab", "cdefg", "h"]])
      expect(await cut(texts)).toEqual(["abc", "def", "gh"]);
    expect(await cut([])).toEqual([]);
    expect(await cut(["abcdef"])).toEqual(["abc", "def"]);
  });

  it("closes its source when the loop is left", async () => {
    const { pieces, seen } = endless();
    for await (const _ of evenPieces(pieces, 15)) break;
    expect(seen).toEqual({ given: 2, closed: true });
  });
});
