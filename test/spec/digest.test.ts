import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { digestAlgorithm, encodedDigest, parseDigest, tryParseDigest } from "../../src/core/spec/mod.ts";
import { digest } from "../helper/arbitrary.ts";

const sha256 = `sha256:${"a".repeat(64)}`;

describe("tryParseDigest()", () => {
  it("reads every sha256 and sha512", () => {
    fc.assert(
      fc.property(digest, (text) => {
        expect(tryParseDigest(text)).toBe(text);
        expect(`${digestAlgorithm(text)}:${encodedDigest(text)}`).toBe(text);
      }),
    );
  });

  it.each([
    "",
    ":",
    "sha256",
    "sha256:",
    `:${"a".repeat(64)}`,
    `sha256:${"a".repeat(63)}`,
    `sha256:${"a".repeat(65)}`,
    `sha512:${"a".repeat(64)}`,
    `sha256:${"A".repeat(64)}`,
    `sha256:${"g".repeat(64)}`,
    `SHA256:${"a".repeat(64)}`,
    "sha256:../../../etc/passwd",
    `sha256:${"a".repeat(62)}/.`,
    `${sha256}\n`,
    ` ${sha256}`,
    `${sha256}\0`,
    "md5:../x",
    "a++b:x",
    "+a:x",
    "multi+:x",
    `sha256:${"é".repeat(64)}`,
  ])("refuses %j", (text) => expect(tryParseDigest(text)).toBeUndefined());

  it.each(["sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "blake3:abc"])(
    "reads %j, which nobody here can verify",
    (text) => {
      const parsed = tryParseDigest(text);
      expect(String(parsed)).toBe(text);
      expect(parsed && digestAlgorithm(parsed)).toBeUndefined();
    },
  );

  it("refuses 64 KiB of anything", () => {
    for (const part of ["a", "a+", "sha256:", "a:", ":"]) expect(tryParseDigest(part.repeat(65_536 / part.length))).toBeUndefined();
  });
});

describe("parseDigest()", () => {
  it("says what a digest looks like", () => {
    expect(() => parseDigest("latest")).toThrow('Cannot read digest "latest": expected sha256: and 64 lower-case hexadecimal digits');
  });
});
