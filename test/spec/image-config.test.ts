import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { parseConfigPlatform, parseDiffIds } from "../../src/core/spec/mod.ts";

const read = (text: string): unknown => parseConfigPlatform(encodeUtf8(text));

describe("parseConfigPlatform()", () => {
  it("reads every member of a platform", () => {
    expect(
      read('{"architecture":"arm64","os":"windows","os.version":"10","os.features":["win32k"],"variant":"v8","config":{"Env":null},"features":["x"]}'),
    ).toEqual({
      architecture: "arm64",
      os: "windows",
      "os.version": "10",
      "os.features": ["win32k"],
      variant: "v8",
    });
  });

  it("leaves out what is empty", () => {
    expect(read('{"architecture":"amd64","os":"linux","os.version":"","os.features":[],"variant":null}')).toEqual({ architecture: "amd64", os: "linux" });
    expect(read('{"os":"linux"}')).toEqual({ architecture: "", os: "linux" });
    expect(read("{}")).toBeUndefined();
    expect(read('{"architecture":"","os":""}')).toBeUndefined();
  });

  it("refuses what is no config", () => {
    expect(() => read('{"os":1}')).toThrow("Cannot read image config at os: expected string, received 1");
    expect(() => read("5")).toThrow("Cannot read image config: expected Object, received 5");
  });
});

describe("parseDiffIds()", () => {
  it("reads the digests of layers, base first, and nothing where there are none", () => {
    const [first, second] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`] as const;
    expect(parseDiffIds(encodeUtf8(`{"rootfs":{"type":"layers","diff_ids":["${first}","${second}"]},"os":1}`))).toEqual([first, second]);
    for (const text of ["{}", '{"rootfs":null}', '{"rootfs":{"type":"layers","diff_ids":null}}']) expect(parseDiffIds(encodeUtf8(text))).toEqual([]);
  });

  it("refuses what is no digest", () => {
    expect(() => parseDiffIds(encodeUtf8('{"rootfs":{"diff_ids":["sha256:00"]}}'), "config of x")).toThrow("Cannot read config of x at rootfs.diff_ids.0");
  });
});
