import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { escapeControls, quote, shorten } from "../../src/core/base/mod.ts";

describe("escapeControls()", () => {
  it.each([
    ["\u001b[2J", "\\x1b[2J"],
    ["a\r\nb\t", "a\\x0d\\x0ab\\x09"],
    ["\u007f\u0085\u009b", "\\x7f\\x85\\x9b"],
    ["\u202egpj.exe", "\\u{202e}gpj.exe"],
    ["\u2028\u2029", "\\u{2028}\\u{2029}"],
    ["\ud83d", "\\u{d83d}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["Grüße 😀", "Grüße 😀"],
  ])("makes %j visible", (text, expected) => expect(escapeControls(text)).toBe(expected));

  it("leaves nothing that could steer a terminal", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => expect(/[\p{Cc}\p{Cf}]/u.test(escapeControls(text))).toBe(false)));
  });
});

describe("shorten()", () => {
  it("cuts to a length and says so", () => {
    expect(shorten("abcdef", 6)).toBe("abcdef");
    expect(shorten("abcdefg", 6)).toBe("abcde…");
  });
});

describe("quote()", () => {
  it("escapes, shortens, and puts quotes around", () => {
    expect(quote("a\u0000b")).toBe('"a\\x00b"');
    expect(quote("x".repeat(10_000)).length).toBe(502);
    expect(quote(`${"x".repeat(498)}😀x`)).not.toMatch(/\p{Cs}/u);
  });
});
