import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createSecrets } from "../../src/core/base/mod.ts";
import { addressKind, isTransientStatus, parseRetryAfter, parseWarnings, redactUrl, resolveHop } from "../../src/core/http/mod.ts";

describe("addressKind()", () => {
  const kindOf = (host: string) => addressKind(new URL(`http://${host}/`).hostname);
  const rows = {
    loopback: [
      "localhost",
      "a.localhost",
      "LOCALHOST.",
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f.1",
      "0",
      "0.0.0.0",
      "①②⑦.0.0.1",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[64:ff9b::7f00:1]",
    ],
    "link-local": ["169.254.169.254", "[fe80::1]", "[febf::1]", "[::ffff:169.254.169.254]"],
    private: ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fc00::1]", "[fd12::1]"],
    public: ["ghcr.io", "8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1]", "localhost.example.com", "10.example.com", "127.0.0.1.example.com"],
  } as const;
  for (const [kind, hosts] of Object.entries(rows)) {
    for (const host of hosts) test(`says ${kind} of ${host}`, () => expect<string>(kindOf(host)).toBe(kind));
  }
});

describe("resolveHop()", () => {
  const hop = (location: string | null, from = "https://registry.test/v2/app/blobs/x?y=1") =>
    resolveHop(location, from, { what: "redirect", secrets: createSecrets() }).href;

  test("resolves relative and absolute places and keeps the query as text", () => {
    expect(hop("/v2/other?_state=a%20b~(c)&bare")).toBe("https://registry.test/v2/other?_state=a%20b~(c)&bare");
    expect(hop("https://cdn.test/b?sig=%2F%2f+x")).toBe("https://cdn.test/b?sig=%2F%2f+x");
    expect(hop("//cdn.test/b")).toBe("https://cdn.test/b");
    expect(hop("up?id=1#fragment")).toBe("https://registry.test/v2/app/blobs/up?id=1");
  });

  const refused: readonly (readonly [string, string | null])[] = [
    ["it is missing", null],
    ["it is missing", ""],
    ["from https to http", "http://registry.test/x"],
    ["file:", "file:///etc/passwd"],
    ["data:", "data:text/plain,x"],
    ["javascript:", "javascript:1"],
    ["a user name", "https://user:pass@cdn.test/"],
    ["a user name", "https://registry.test@evil.test/"],
    ["characters", "\\\\evil.test/x"],
    ["characters", "/\\evil.test/x"],
    ["characters", "https://cdn.test/a\tb"],
    ["characters", "/v2/a\nb"],
    ["characters", "/v2/a b"],
    ["not a URL", "https://[::1"],
    ["loopback", "https://127.0.0.1/x"],
    ["loopback", "https://2130706433/x"],
    ["loopback", "https://localhost:8443/x"],
    ["link-local", "https://169.254.169.254/latest/meta-data"],
    ["private", "https://10.0.0.5/x"],
  ];
  for (const [why, location] of refused) test(`refuses ${JSON.stringify(location)}: ${why}`, () => expect(() => hop(location)).toThrow(why));

  test("lets a registry on this machine lead to this machine", () => {
    expect(hop("http://127.0.0.1:9000/x", "http://localhost:5000/v2/")).toBe("http://127.0.0.1:9000/x");
  });

  test("shows no query in its errors", () => {
    let message = "";
    try {
      hop("http://cdn.test/x?sig=CANARY");
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("registry.test");
    expect(message).not.toContain("CANARY");
  });
});

describe("parseRetryAfter()", () => {
  const now = Date.UTC(2026, 0, 1);
  test("reads seconds before dates, for Date.parse('120') is the year 120", () => expect(parseRetryAfter("120", now)).toBe(120_000));
  test("reads an HTTP date", () => expect(parseRetryAfter(new Date(now + 5000).toUTCString(), now)).toBe(5000));
  test("takes a date that has passed as no wait", () => expect(parseRetryAfter(new Date(now - 5000).toUTCString(), now)).toBe(0));
  test("never waits longer than five minutes", () => {
    expect(parseRetryAfter("99999999999999999999", now)).toBe(300_000);
    expect(parseRetryAfter(new Date(now + 9e9).toUTCString(), now)).toBe(300_000);
  });
  for (const text of ["", "soon", "-1", "1.5", "0x10", "12abc", "1e3", "2026"]) {
    test(`takes ${JSON.stringify(text)} ${text === "2026" ? "as seconds" : "as nothing"}`, () =>
      expect(parseRetryAfter(text, now)).toBe(text === "2026" ? 300_000 : undefined));
  }
  test("takes no header as nothing", () => expect(parseRetryAfter(null, now)).toBe(undefined));
  test("is within its bounds for any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const wait = parseRetryAfter(text, now);
        return wait === undefined || (wait >= 0 && wait <= 300_000);
      }),
    );
  });
});

describe("parseWarnings()", () => {
  test("reads each text of code 299 and agent -", () =>
    expect(parseWarnings('299 - "one", 299 - "two, with \\"quotes\\""')).toEqual(["one", 'two, with "quotes"']));
  test("passes over other codes and agents", () => expect(parseWarnings('110 - "stale", 299 host "x", 299 - "mine"')).toEqual(["mine"]));
  test("escapes what could steer a terminal (CVE-2021-21303)", () => expect(parseWarnings('299 - "\u001b]8;;x\u0007"')).toEqual(["\\x1b]8;;x\\x07"]));
  test("looks at no more than 4096 characters", () => expect(parseWarnings(`299 - "${"x".repeat(9000)}"`).join("").length).toBeLessThanOrEqual(4096));
  test("never fails and is linear", () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseWarnings(text))));
    expect(parseWarnings(null)).toEqual([]);
  });
});

describe("redactUrl()", () => {
  test("leaves out query, fragment and user", () => expect(redactUrl("https://user:pass@r.test/v2/x?token=secret#f")).toBe("https://r.test/v2/x"));
  test("never shows what is no URL", () => expect(redactUrl("secret")).toBe("(not a URL)"));
});

describe("isTransientStatus()", () => {
  test("names the seven statuses that pass and no other", () => {
    expect(Array.from({ length: 500 }, (_, at) => at + 100).filter(isTransientStatus)).toEqual([408, 425, 429, 500, 502, 503, 504]);
  });
});

describe("resolveHop() towards the inside", () => {
  const from = (host: string) => `https://${host}/v2/`;
  const leads = (host: string, to: string) => resolveHop(`https://${to}/x`, from(host), { what: "redirect", secrets: createSecrets() });
  for (const [host, to] of [
    ["10.0.0.5", "169.254.169.254"],
    ["10.0.0.5", "127.0.0.1:8443"],
    ["169.254.1.1", "10.0.0.5"],
    ["169.254.1.1", "127.0.0.1"],
    ["127.0.0.1", "169.254.169.254"],
    ["ghcr.io", "192.168.1.1"],
  ] as const) {
    test(`refuses to go from ${host} to ${to}`, () => expect(() => leads(host, to)).toThrow("it leads to the"));
  }
  for (const [host, to] of [
    ["10.0.0.5", "192.168.1.1"],
    ["127.0.0.1", "10.0.0.5"],
    ["127.0.0.1", "localhost"],
    ["10.0.0.5", "ghcr.io"],
  ] as const) {
    test(`goes from ${host} to ${to}`, () => expect(leads(host, to).hostname).toBe(new URL(`https://${to}`).hostname));
  }
});
