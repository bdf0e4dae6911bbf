import { describe, expect, it } from "bun:test";
import { createIndex, findEntries, requireEntries } from "../../src/core/index/mod.ts";
import type { Descriptor, Digest, Platform } from "../../src/core/spec/mod.ts";

const entryOf = (start: string, platform?: Platform): Descriptor => ({
  mediaType: "a/b",
  digest: `sha256:${start.padEnd(64, "0")}`,
  size: 1,
  ...(platform && { platform }),
});
const amd64 = entryOf("aaaaaa1", { os: "linux", architecture: "amd64" });
const amd64v3 = entryOf("aaaaaa2", { os: "linux", architecture: "amd64", variant: "v3" });
const arm64 = entryOf("bbbbbb1", { os: "linux", architecture: "arm64", variant: "v8" });
const armv6 = entryOf("cccccc1", { os: "linux", architecture: "arm", variant: "v6" });
const armv5 = entryOf("cccccc2", { os: "linux", architecture: "arm", variant: "v5" });
const windows = [
  entryOf("dddddd1", { os: "windows", architecture: "amd64", "os.version": "10.0" }),
  entryOf("dddddd2", { os: "windows", architecture: "amd64", "os.version": "11.0" }),
];
const bare = entryOf("eeeeee1");
const index = createIndex({ manifests: [amd64, amd64v3, arm64, armv6, armv5, ...windows, bare] });

describe("findEntries()", () => {
  const cases: readonly (readonly [string, readonly Descriptor[]])[] = [
    [amd64.digest, [amd64]],
    ["aaaaaa", [amd64, amd64v3]],
    ["aaaaaa2", [amd64v3]],
    ["sha256:aaaaaa2", [amd64v3]],
    ["sha512:aaaaaa2", []],
    ["aaaaa", []],
    ["sha256:aaaaa", []],
    ["AAAAAA", []],
    ["aaaaaa3", []],
    ["linux/amd64", [amd64]],
    ["linux/amd64/v1", [amd64]],
    ["linux/amd64/v3", [amd64v3]],
    ["linux/amd64/v2", []],
    ["linux/x86_64", [amd64]],
    ["linux/arm64", [arm64]],
    ["linux/arm64/v8", [arm64]],
    ["linux/arm64/v9", []],
    ["linux/arm", [armv6, armv5]],
    ["linux/arm/v6", [armv6]],
    ["windows/amd64", windows],
    ["windows/amd64:11.0", windows.slice(1)],
    ["windows/amd64:12.0", []],
    ["linux", []],
    ["", []],
  ];
  it.each(cases)("finds by %j", (text, expected) => expect(findEntries(index, text)).toEqual(expected));

  it("finds by recorded names, after everything else", () => {
    const names = new Map<string, readonly Digest[]>([
      ["app.txt", [bare.digest]],
      ["aaaaaa2", [bare.digest]],
      ["/tmp/two", [bare.digest, amd64.digest]],
      ["gone", [`sha256:${"9".repeat(64)}`]],
    ]);
    expect(findEntries(index, "app.txt", { names })).toEqual([bare]);
    expect(findEntries(index, "aaaaaa2", { names })).toEqual([amd64v3]);
    expect(findEntries(index, "/tmp/two", { names })).toEqual([amd64, bare]);
    expect(findEntries(index, "gone", { names })).toEqual([]);
  });
});

describe("requireEntries()", () => {
  it("returns the one", () => expect(requireEntries(index, "linux/arm64")).toEqual([arm64]));

  it("names the entries there are when there is none", () => {
    expect(() => requireEntries(createIndex({ manifests: [arm64, bare] }), "linux/s390x")).toThrow(
      `Cannot find entry "linux/s390x": no digest, platform or name is like it, there are ${arm64.digest} (linux/arm64/v8), ${bare.digest}`,
    );
    expect(() => requireEntries(createIndex(), "\u001b[2J")).toThrow(
      'Cannot find entry "\\x1b[2J": no digest, platform or name is like it, the index has no entries',
    );
  });

  it("names the entries it could be when there are several", () => {
    expect(() => requireEntries(index, "linux/arm")).toThrow(
      `Cannot find entry "linux/arm": it could be ${armv6.digest} (linux/arm/v6), ${armv5.digest} (linux/arm/v5), a digest would say which`,
    );
  });

  it("takes entries of one digest for one", () => {
    const twice = createIndex({ manifests: [bare, { ...bare, platform: { os: "linux", architecture: "amd64" } }] });
    expect(requireEntries(twice, bare.digest)).toEqual(twice.manifests);
    expect(requireEntries(twice, "linux/amd64")).toEqual(twice.manifests.slice(1));
  });

  it("does not list thousands", () => {
    const many = createIndex({
      manifests: Array.from({ length: 5000 }, (_, at) => entryOf(at.toString(16).padStart(8, "0"), { os: "\u001b".repeat(500), architecture: "x" })),
    });
    try {
      requireEntries(many, "linux/amd64");
      expect("found").toBe("not found");
    } catch (error) {
      expect(String(error)).toContain(" and 4980 more");
      expect(String(error)).not.toContain("\u001b");
      expect(String(error).length).toBeLessThan(10_000);
    }
  });
});
