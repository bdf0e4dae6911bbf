import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { createSecrets } from "../../src/core/base/mod.ts";

/** Returns a set of secrets with `known` in it. */
function secretsOf(...known: readonly string[]) {
  const secrets = createSecrets();
  for (const secret of known) secrets.add(secret);
  return secrets;
}

describe("createSecrets()", () => {
  it("hides every secret wherever it stands, and nothing else", () => {
    expect(secretsOf("hunter2", "letmein").hide("no hunter2, hunter2! or letmein; hunter1")).toBe("no ***, ***! or ***; hunter1");
  });
  it("hides the beginning of a long one that was cut off", () =>
    expect(secretsOf("eyJhbGciOiJSUzI1NiJ9.payload").hide('expected x, received "eyJhbGciOiJSUz…')).toBe('expected x, received "***…'));
  it("hides one that others begin with", () => expect(secretsOf("user:pass", "user:pass:word").hide("user:pass:word")).toBe("***"));
  it("hides one as messages and URLs write it", () => {
    expect(secretsOf("pass\u0007word", "per cent").hide("pass\\x07word and per%20cent")).toBe("*** and ***");
  });
  it("lets one of three characters go, which stands in any text", () => expect(secretsOf("abc", "").hide("abc")).toBe("abc"));
  it("keeps a bounded number, the newest", () => {
    const secrets = secretsOf(...Array.from({ length: 2000 }, (_, at) => `secret-${at}-end`));
    expect(secrets.hide("secret-0-end secret-1999-end")).toBe("secret-0-end ***");
  });
  it("leaves no secret in any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!secret.includes("*"));
        return !secretsOf(secret).hide(`${before}${secret}${after}`).includes(secret);
      }),
    );
  });
});
