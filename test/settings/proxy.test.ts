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
  test("refuses a proxy that is no HTTP proxy, without its password, and only for what would go through it", () => {
    const socks = { ALL_PROXY: "socks5://me:secret@p:1080", HTTP_PROXY: "http://h:1", NO_PROXY: "r.test" };
    expect(() => proxyFor(socks, "https://other.test/")).toThrow('Cannot use proxy "socks5://p:1080" that the environment names: expected http:// or https://');
    expect(proxyFor(socks, "http://other.test/")).toBe("http://h:1");
    expect([proxyFor(socks, "https://r.test/"), proxyFor(socks, "https://127.0.0.1/")]).toEqual([undefined, undefined]);
    expect(() => proxyFor({ ALL_PROXY: "http://:secret@" }, "https://r.test/")).toThrow("Cannot use the proxy that the environment names: it is not a URL");
  });
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
    ["10.0.0.0/0", "11.1.2.3", true],
    ["10.0.0.0/33", "10.0.0.0", false],
    ["10.0.0.0/8:8443", "10.1.2.3:8443", true],
    ["10.0.0.0/8:8443", "10.1.2.3", false],
    ["10.1.2.3:5000", "10.1.2.3:5000", true],
    ["10.1.2.3:5000", "10.1.2.3:5001", false],
    ["10.1.2.3", "1.10.1.2.3.test", false],
    ["10.0.0.0/8", "10.1.2.3.test", false],
    ["[fd00::1]", "[fd00::1]", true],
    ["fd00::1", "[fd00::1]", true],
    ["FD00:0:0:0:0:0:0:1", "[fd00::1]", true],
    ["fd00::1", "[fd00::2]", false],
    ["[fd00::1]:5000", "[fd00::1]:5000", true],
    ["[fd00::1]:5000", "[fd00::1]", false],
    ["fd00::/8", "[fd12:3456::1]", true],
    ["[fd00::]/8", "[fd12:3456::1]", true],
    ["[fd00::]/8:5000", "[fd12:3456::1]:5000", true],
    ["fd00::/8", "[fe80::1]", false],
    ["::/0", "[2001:db8::1]", true],
    ["::/0", "10.1.2.3", false],
    ["2001:db8:0:1::/64", "[2001:db8:0:1:ffff::1]", true],
    ["2001:db8:0:1::/64", "[2001:db8:0:2::1]", false],
    ["::ffff:0:0/96", "[::ffff:10.1.2.3]", true],
    ["", "r.test", false],
  ];
  for (const [noProxy, host, isExcepted] of rows) {
    test(`with NO_PROXY=${noProxy} ${isExcepted ? "excepts" : "does not except"} ${host}`, () => {
      expect(proxyFor({ ALL_PROXY: "http://p:1", NO_PROXY: noProxy }, `https://${host}/`)).toBe(isExcepted ? undefined : "http://p:1");
    });
  }
});
