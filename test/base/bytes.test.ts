import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { compareUtf8, concatBytes, decodeUtf8, encodeUtf8, equalBytes, formatBase64, formatHex, tryParseBase64 } from "../../src/core/base/mod.ts";

/** Text of whole code points: half surrogate pairs have no bytes. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom("a", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}")).map((parts) => parts.join("")),
);

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, position) => byte !== b[position]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

describe("compareUtf8()", () => {
  it("compares as the bytes compare", () => {
    fc.assert(
      fc.property(text, text, (a, b) => expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(compareBytes(encodeUtf8(a), encodeUtf8(b))))),
      { numRuns: 2000 },
    );
  });

  it("puts what lies beyond the first plane last, unlike the order of JavaScript", () => {
    const keys = ["😀", "\uffee", "\ue000", "z", "10", "9"];
    expect([...keys].sort(compareUtf8)).toEqual(["10", "9", "z", "\ue000", "\uffee", "😀"]);
    expect([...keys].sort()).not.toEqual([...keys].sort(compareUtf8));
  });
});

describe("decodeUtf8()", () => {
  it("inverts encodeUtf8(), a byte order mark included", () => {
    fc.assert(fc.property(text, (value) => expect(decodeUtf8(encodeUtf8(value), "text")).toBe(value)));
    expect(decodeUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), "text")).toBe("\ufeffa");
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]]])("refuses the bytes %j", (bytes) => {
    expect(() => decodeUtf8(new Uint8Array(bytes), "the name")).toThrow("Cannot read the name: it is not valid UTF-8");
  });
});

describe("tryParseBase64()", () => {
  it("inverts formatBase64()", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => expect(equalBytes(tryParseBase64(formatBase64(bytes)) ?? new Uint8Array(1), bytes)).toBe(true)),
    );
  });

  it.each(["e30", "e30 =", " e30=", "e31=", "e30==", "====", "e3_=", "e30=\n", "é30="])("refuses %j, which another text would give too", (value) => {
    expect(tryParseBase64(value)).toBeUndefined();
  });

  it("reads 4 MiB", () => {
    const bytes = new Uint8Array(3 * 1024 * 1024).fill(0xa5);
    expect(tryParseBase64(formatBase64(bytes))?.length).toBe(bytes.length);
  });
});

describe("formatHex()", () => {
  it("gives two lower-case digits a byte", () => expect(formatHex(new Uint8Array([0, 15, 171, 255]))).toBe("000fabff"));
});

describe("concatBytes()", () => {
  it("keeps order and content", () => expect([...concatBytes([new Uint8Array([1]), new Uint8Array(), new Uint8Array([2, 3])])]).toEqual([1, 2, 3]));
});

describe("equalBytes()", () => {
  it("compares length and content", () => {
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2]))).toBe(true);
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3]))).toBe(false);
    expect(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1]))).toBe(false);
  });
});
