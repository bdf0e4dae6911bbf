import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { formatPlatform, matchesPlatform, normalisePlatform, parsePlatform } from "../../src/core/spec/mod.ts";

const word = fc.stringMatching(/^[a-z0-9_.-]{1,8}$/);
const platformText = fc
  .tuple(
    word,
    fc.oneof(word, fc.constantFrom("arm", "arm64", "amd64", "aarch64", "x86_64", "armhf")),
    fc.option(fc.oneof(word, fc.constantFrom("v8", "v7", "8", "7", "v1"))),
    fc.option(word),
  )
  .map(([os, architecture, variant, version]) => `${os}/${architecture}${variant === null ? "" : `/${variant}`}${version === null ? "" : `:${version}`}`);

describe("parsePlatform()", () => {
  it.each([
    ["linux/amd64", { os: "linux", architecture: "amd64" }],
    ["linux/arm64/v8", { os: "linux", architecture: "arm64" }],
    ["linux/arm64/v9", { os: "linux", architecture: "arm64", variant: "v9" }],
    ["linux/arm", { os: "linux", architecture: "arm", variant: "v7" }],
    ["linux/arm/6", { os: "linux", architecture: "arm", variant: "v6" }],
    ["linux/armhf", { os: "linux", architecture: "arm", variant: "v7" }],
    ["linux/armel", { os: "linux", architecture: "arm", variant: "v6" }],
    ["Linux/X86_64", { os: "linux", architecture: "amd64" }],
    ["linux/amd64/v1", { os: "linux", architecture: "amd64" }],
    ["linux/amd64/v3", { os: "linux", architecture: "amd64", variant: "v3" }],
    ["macos/aarch64", { os: "darwin", architecture: "arm64" }],
    ["windows/amd64:10.0.17763.5122", { os: "windows", architecture: "amd64", "os.version": "10.0.17763.5122" }],
    ["windows(10.0.17763)/amd64", { os: "windows", architecture: "amd64", "os.version": "10.0.17763" }],
    ["linux/constructor", { os: "linux", architecture: "constructor" }],
    ["__proto__/__proto__", { os: "__proto__", architecture: "__proto__" }],
  ])("reads %j", (text, expected) => expect(Object(parsePlatform(text))).toEqual(expected));

  it.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux/amd64/",
    "linux/amd64/v1/x",
    "linux/amd64:",
    "linux:1/amd64",
    "li nux/amd64",
    "linux/amd64\n",
    "linux/\u0661",
    "windows()/amd64",
    "a(b)(c)/d",
  ])("refuses %j", (text) => expect(() => parsePlatform(text)).toThrow("expected os/arch[/variant][:os.version]"));

  it("inverts formatPlatform()", () => {
    fc.assert(
      fc.property(platformText, (text) => {
        const platform = parsePlatform(text);
        expect(parsePlatform(formatPlatform(platform))).toEqual(platform);
      }),
    );
  });

  it("gives what is normal already", () => {
    fc.assert(fc.property(platformText, (text) => expect(normalisePlatform(parsePlatform(text))).toEqual(parsePlatform(text))));
  });

  it("reads or refuses 64 KiB in one pass", () => {
    for (const part of ["a", "a/", "(", "a(", ")/", ":", "/", "a(b)/"]) {
      try {
        parsePlatform(part.repeat(65_536 / part.length));
      } catch (error) {
        expect(String(error)).toContain("Cannot read platform");
      }
    }
  });
});

describe("normalisePlatform()", () => {
  it("keeps what it does not know", () => {
    const platform = { os: "linux", architecture: "amd64", "os.features": ["x"], features: ["sse4"], unknown: [["y", "1"]] as const };
    expect(normalisePlatform(platform)).toEqual(platform);
  });
});

describe("formatPlatform()", () => {
  it("leaves out what is empty", () => {
    expect(formatPlatform({ os: "linux", architecture: "arm64", variant: "" })).toBe("linux/arm64");
    expect(formatPlatform({ os: "windows", architecture: "amd64", "os.version": "10" })).toBe("windows/amd64:10");
    expect(formatPlatform({ os: "", architecture: "" })).toBe("");
  });
});

describe("matchesPlatform()", () => {
  it("lets what is left out be anything", () => {
    const actual = { os: "windows", architecture: "arm64", variant: "v8", "os.version": "10.0" };
    expect(matchesPlatform(actual, { os: "windows", architecture: "arm64" })).toBe(true);
    expect(matchesPlatform(actual, { os: "windows", architecture: "aarch64", variant: "8" })).toBe(true);
    expect(matchesPlatform(actual, { os: "windows", architecture: "arm64", "os.version": "11.0" })).toBe(false);
    expect(matchesPlatform(actual, { os: "linux", architecture: "arm64" })).toBe(false);
    expect(matchesPlatform(undefined, { os: "linux", architecture: "arm64" })).toBe(false);
  });
});
