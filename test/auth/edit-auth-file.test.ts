import { describe, expect, test } from "bun:test";
import { withEntry, withoutEntries } from "../../src/core/auth/edit-auth-file.ts";
import { decodeUtf8, encodeUtf8 } from "../../src/core/base/mod.ts";

const me = { username: "me", password: "a:é" };
const auth = "bWU6YTrDqQ==";
const current = (text?: string) => ({ path: "/auth.json", bytes: text === undefined ? undefined : encodeUtf8(text) });
const added = (text: string | undefined, key = "ghcr.io", credentials: typeof me | undefined = me) =>
  decodeUtf8(withEntry(current(text), key, credentials), "it");
const removed = (text: string | undefined, key = "ghcr.io") => {
  const bytes = withoutEntries(current(text), (name) => name === key);
  return bytes && decodeUtf8(bytes, "it");
};

describe("withEntry()", () => {
  const fresh = `{\n\t"auths": {\n\t\t"ghcr.io": {\n\t\t\t"auth": "${auth}"\n\t\t}\n\t}\n}`;
  for (const text of [undefined, "", "{}", '{"auths":{}}', '{"auths":null}']) {
    test(`makes of ${text} what podman would write`, () => expect(added(text)).toBe(fresh));
  }

  test("keeps what others wrote: members, order, numbers, escapes", () => {
    const text = `{"psFormat":"{{.Names}}\\u003c","auths":{"b.io":{"auth":"eA=="},"a.io":{}},"n":[12345678901234567890,1.0,1e400],"credsStore":"","__proto__":{"10":1,"2":{}}}`;
    expect(added(text).replace(/[\n\t]|(?<=:) /g, "")).toBe(text.replace('"a.io":{}', `"a.io":{},"ghcr.io":{"auth":"${auth}"}`));
  });

  test("replaces an entry where it is, with everything in it that says who asks, and keeps the rest", () => {
    const text =
      '{"auths":{"ghcr.io":{"email":"me@x","auth":"b2xkOm9sZA==","identitytoken":"t","registrytoken":"r","username":"u","password":"p","x":1},"z.io":{}}}';
    expect(JSON.parse(added(text))).toEqual({ auths: { "ghcr.io": { auth, email: "me@x", x: 1 }, "z.io": {} } });
    expect(Object.keys(JSON.parse(added(text)).auths)).toEqual(["ghcr.io", "z.io"]);
  });

  test("leaves an empty entry where a helper has the credentials", () => {
    const bytes = withEntry(current('{"auths":{"ghcr.io":{"auth":"b2xkOm9sZA==","email":"me@x"}}}'), "ghcr.io");
    expect(JSON.parse(decodeUtf8(bytes, "it"))).toEqual({ auths: { "ghcr.io": { email: "me@x" } } });
  });

  for (const text of [
    "{",
    "[]",
    '"x"',
    '{"auths":[]}',
    '{"auths":{"ghcr.io":1}}',
    '{"auths":{},"auths":{}}',
    '{"auths":{"x":{},"x":{}}}',
    "\ufeff{}",
    '{"a":1}x',
  ]) {
    test(`never writes over ${JSON.stringify(text)}`, () => expect(() => added(text)).toThrow(/^Cannot (?:read|change) auth file "\/auth.json"/));
  }
});

describe("withoutEntries()", () => {
  test("takes the entry away and nothing else", () => {
    expect(JSON.parse(removed('{"x":1,"auths":{"ghcr.io":{"auth":"eA=="},"ghcr.io/me":{}}}') ?? "")).toEqual({ x: 1, auths: { "ghcr.io/me": {} } });
  });

  test("leaves a file alone that has no such entry", () => {
    for (const text of [undefined, "", "{}", '{"auths":{"quay.io":{}}}']) expect(removed(text)).toBe(undefined);
  });
});
