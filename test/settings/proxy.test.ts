import { describe, expect, test } from "bun:test";
import { readProxies } from "../../src/core/settings/mod.ts";

describe("readProxies()", () => {
  const proxyFor = (variables: Readonly<Record<string, string>>, url: string) => readProxies({ get: (name) => variables[name] })(url);
  test("takes the variable of the scheme, lower case first, else ALL_PROXY", () => {
    expect(proxyFor({ HTTPS_PROXY: "http://p:1" }, "https://r.test/")).toBe("http://p:1");
    expect(proxyFor({ HTTPS_PROXY: "http://p:1" }, "http://r.test/")).toBe(undefined);
    expect(proxyFor({ HTTPS_PROXY: "http://p:1", https_proxy: "http://q:2" }, "https://r.test/")).toBe("http://q:2");
    expect(proxyFor({ ALL_PROXY: "http://a:1" }, "http://r.test/")).toBe("http://a:1");
    expect(proxyFor({}, "https://r.test/")).toBe(undefined);
  });
  test("completes a proxy without scheme", () => expect(proxyFor({ http_proxy: "p:3128" }, "http://r.test/")).toBe("http://p:3128"));
  for (const host of ["localhost:5000", "127.0.0.1:5000", "127.1", "[::1]:5000", "registry.localhost"]) {
    test(`never asks ${host} through a proxy`, () => expect(proxyFor({ ALL_PROXY: "http://p:1" }, `http://${host}/v2/`)).toBe(undefined));
  }
  const rows: readonly (readonly [noProxy: string, host: string, isExcepted: boolean])[] = [
    ["*", "r.test", true],
    ["r.test", "r.test", true],
    ["r.test", "a.r.test", true],
    ["r.test", "other.test", false],
    ["r.test", "xr.test", false],
    [".r.test", "a.r.test", true],
    [".r.test", "r.test", false],
    ["*.r.test", "a.r.test", true],
    ["a, b r.test", "r.test", true],
    ["R.TEST", "r.test", true],
    ["r.test:8443", "r.test:8443", true],
    ["r.test:8443", "r.test", false],
    ["r.test:443", "r.test", true],
    ["10.0.0.0/8", "10.1.2.3", true],
    ["10.0.0.0/8", "11.1.2.3", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["[fd00::1]", "[fd00::1]", true],
    ["", "r.test", false],
  ];
  for (const [noProxy, host, isExcepted] of rows) {
    test(`with NO_PROXY=${noProxy} ${isExcepted ? "excepts" : "does not except"} ${host}`, () => {
      expect(proxyFor({ ALL_PROXY: "http://p:1", NO_PROXY: noProxy }, `https://${host}/`)).toBe(isExcepted ? undefined : "http://p:1");
    });
  }
});
