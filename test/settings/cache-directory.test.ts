import { describe, expect, test } from "bun:test";
import { findCacheDirectory } from "../../src/core/settings/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

describe("findCacheDirectory()", () => {
  for (const [os, variables, expected] of [
    ["linux", { XDG_CACHE_HOME: "/x" }, "/x/ocidex"],
    ["linux", { XDG_CACHE_HOME: "relative" }, "/home/me/.cache/ocidex"],
    ["darwin", {}, "/home/me/Library/Caches/ocidex"],
    ["windows", { LOCALAPPDATA: "/local" }, "/local/ocidex/cache"],
    ["windows", {}, "/home/me/AppData/Local/ocidex/cache"],
  ] as const) {
    test(`is ${expected} on ${os} with ${JSON.stringify(variables)}`, () => {
      const host = memoryHost();
      const environment = { ...host.environment, os, home: "/home/me", get: (name: string) => new Map<string, string>(Object.entries(variables)).get(name) };
      expect(findCacheDirectory({ ...host, environment })).toBe(expected);
    });
  }

  test("is nowhere without a home", () => {
    const { environment, files } = memoryHost();
    const { home: _, ...homeless } = environment;
    expect(findCacheDirectory({ files, environment: { ...homeless, get: () => undefined } })).toBeUndefined();
  });
});
