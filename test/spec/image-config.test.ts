import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { parseConfigPlatform } from "../../src/core/spec/mod.ts";

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
