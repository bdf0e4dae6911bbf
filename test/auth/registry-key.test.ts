import { describe, expect, test } from "bun:test";
import { parseRegistryKey } from "../../src/core/auth/mod.ts";

describe("parseRegistryKey()", () => {
  for (const [text, key, domain, path] of [
    ["ghcr.io", "ghcr.io", "ghcr.io", ""],
    ["localhost", "localhost", "localhost", ""],
    ["localhost:5000", "localhost:5000", "localhost:5000", ""],
    ["[::1]:5000", "[::1]:5000", "[::1]:5000", ""],
    ["ghcr.io/me/app", "ghcr.io/me/app", "ghcr.io", "me/app"],
    ["docker.io/me", "docker.io/me", "docker.io", "me"],
    ["index.docker.io", "docker.io", "docker.io", ""],
    ["registry-1.docker.io", "docker.io", "docker.io", ""],
    ["https://index.docker.io/v1/", "docker.io", "docker.io", ""],
    ["https://ghcr.io/v2/", "ghcr.io", "ghcr.io", ""],
    ["http://127.0.0.1:5000", "127.0.0.1:5000", "127.0.0.1:5000", ""],
  ] as const) {
    test(`takes ${text}`, () => expect(parseRegistryKey(text)).toEqual({ key, domain, path }));
  }

  for (const text of [
    "",
    "docker",
    "me/app",
    "ghcr.io/",
    "ghcr.io/me:tag",
    `ghcr.io/me@sha256:${"0".repeat(64)}`,
    "ghcr.io/ME",
    "gh cr.io",
    "../x",
    "https://",
    "a.b/../c",
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => expect(() => parseRegistryKey(text)).toThrow(/^Cannot (?:use registry|read image name) "/));
  }
});
