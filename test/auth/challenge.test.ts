import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mergeScopes, parseChallenges, repositoryScope } from "../../src/core/auth/mod.ts";

const read = (header: string | null) => parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("parseChallenges()", () => {
  test("reads a bearer challenge with commas inside its scope", () => {
    expect(read('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"')).toEqual([
      ["bearer", { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" }],
    ]);
  });
  test("reads several challenges in one header", () => {
    expect(read('Negotiate, Basic realm="a, b", Bearer realm="https://r/t", Digest qop="auth", nonce=abc')).toEqual([
      ["negotiate", {}],
      ["basic", { realm: "a, b" }],
      ["bearer", { realm: "https://r/t" }],
      ["digest", { qop: "auth", nonce: "abc" }],
    ]);
  });
  test("reads what Headers makes of several headers", () => {
    const headers = new Headers();
    headers.append("www-authenticate", 'Bearer realm="https://r/t"');
    headers.append("www-authenticate", 'Basic realm="x"');
    expect(read(headers.get("www-authenticate"))).toEqual([
      ["bearer", { realm: "https://r/t" }],
      ["basic", { realm: "x" }],
    ]);
  });
  test("steps over credentials in one piece", () => {
    expect(read('Negotiate YII+/abc==, Basic realm="x"')).toEqual([
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ]);
  });
  test("takes names in any case and values as tokens or quoted", () =>
    expect(read('BEARER Realm=abc , SERVICE="x"')).toEqual([["bearer", { realm: "abc", service: "x" }]]));
  test("undoes escapes in quoted strings", () => expect(read('Basic realm="a \\"b\\" \\\\c"')).toEqual([["basic", { realm: 'a "b" \\c' }]]));
  test("takes white space around =", () => expect(read('Bearer realm = "x", service= y')).toEqual([["bearer", { realm: "x", service: "y" }]]));
  test("takes the first of a name that stands twice", () => expect(read('Bearer realm="one",realm="two"')).toEqual([["bearer", { realm: "one" }]]));
  test("reads nothing from nothing", () => expect([read(null), read(""), read(" , ,")]).toEqual([[], [], []]));
  test("survives what is malformed", () => {
    expect(read('realm="x"')).toEqual([]);
    expect(read('Bearer realm="unfinished')).toEqual([["bearer", { realm: "unfinished" }]]);
    expect(read('Bearer realm="x"; service="y"')).toEqual([["bearer", { realm: "x", service: "y" }]]);
    expect(read('Bearer realm="x\\')).toHaveLength(1);
  });
  test("keeps __proto__ a parameter like any other", () => {
    expect(parseChallenges('Bearer __proto__="x"')[0]?.parameters.get("__proto__")).toBe("x");
  });
  test("never fails, whatever comes", () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => Array.isArray(parseChallenges(text))));
    fc.assert(
      fc.property(fc.array(fc.constantFrom("Bearer", " ", ",", "=", '"', "\\", "realm", "a"), { maxLength: 60 }), (parts) =>
        Array.isArray(parseChallenges(parts.join(""))),
      ),
    );
  });
  test("reads back what it is given", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    const parameters = fc.dictionary(word, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(word, parameters), { maxLength: 4 }), (challenges) => {
        const escaped = (text: string) => text.replace(/["\\]/g, "\\$&");
        const header = challenges
          .map(
            ([scheme, values]) =>
              `${scheme} ${Object.entries(values)
                .map(([name, value]) => `${name}="${escaped(value)}"`)
                .join(", ")}`,
          )
          .join(", ");
        expect(read(header)).toEqual(challenges.map(([scheme, values]) => [scheme, { ...values }]));
      }),
    );
  });
  for (const piece of ["a", "a=", 'a="', '\\"', ",", " ", "Basic ", "=", 'a="b",', "\\"]) {
    test(`reads 64 KiB of ${JSON.stringify(piece)} in linear time`, () => {
      const text = piece.repeat(65_536 / piece.length);
      const start = performance.now();
      parseChallenges(text);
      expect(performance.now() - start).toBeLessThan(200);
    });
  }
});

describe("mergeScopes()", () => {
  test("gives one scope a resource, in order, with the actions of all", () => {
    expect(mergeScopes(["repository:a:pull", "repository:b/c:pull", "repository:a:push,pull"])).toEqual(["repository:a:pull,push", "repository:b/c:pull"]);
  });
  test("splits a text with several scopes", () =>
    expect(mergeScopes(["repository:a:pull repository:b:pull"])).toEqual(["repository:a:pull", "repository:b:pull"]));
  test("takes names that hold a colon", () =>
    expect(mergeScopes(["repository:host:5000/a:pull", "repository:host:5000/a:push"])).toEqual(["repository:host:5000/a:pull,push"]));
  test("keeps resources of other kinds", () => expect(mergeScopes(["registry:catalog:*"])).toEqual(["registry:catalog:*"]));
  test("leaves out what is no scope", () => expect(mergeScopes(["", "nonsense"])).toEqual([]));
});

describe("repositoryScope()", () => {
  test("writes a scope", () => expect(repositoryScope("a/b", ["pull", "push"])).toBe("repository:a/b:pull,push"));
});
