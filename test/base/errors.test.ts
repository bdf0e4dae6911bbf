import { describe, expect, it } from "bun:test";
import { explain, isOciError, MismatchError, OciError, RegistryError } from "../../src/core/base/mod.ts";

describe("isOciError()", () => {
  it("knows the errors of this library and of another copy of it", () => {
    const foreign = Object.assign(new Error("x"), { "~oci": true, code: "LIMIT" });
    expect(isOciError(new OciError("LIMIT", "x"))).toBe(true);
    expect(isOciError(foreign, "LIMIT")).toBe(true);
    expect(isOciError(foreign, "IO")).toBe(false);
    expect(isOciError(new MismatchError("blob", "a", "b"), "MISMATCH")).toBe(true);
  });

  it("knows that others are others", () => {
    expect(isOciError(new Error("x"))).toBe(false);
    expect(isOciError({ "~oci": true })).toBe(false);
    expect(isOciError(undefined)).toBe(false);
  });
});

describe("RegistryError", () => {
  const codes: readonly (readonly [number, string])[] = [
    [404, "NOT_FOUND"],
    [401, "DENIED"],
    [403, "DENIED"],
    [412, "CONFLICT"],
    [500, "REGISTRY"],
    [400, "REGISTRY"],
  ];
  it.each(codes)("makes of status %i the code %s", (status, code) => {
    expect(String(new RegistryError("x", { method: "GET", url: "https://r.example/v2/", status, codes: [] }).code)).toBe(code);
  });
});

describe("MismatchError", () => {
  it("says what was promised and what came", () => {
    const error = new MismatchError("blob sha256:aa", "2 bytes", "3 bytes");
    expect(error.message).toBe("Cannot accept blob sha256:aa: expected 2 bytes, received 3 bytes");
    expect([error.expected, error.actual, error.name]).toEqual(["2 bytes", "3 bytes", "MismatchError"]);
  });
});

describe("explain()", () => {
  it("lists the causes, each once", () => {
    const error = new OciError("IO", "outer", { cause: new Error("outer", { cause: new Error("inner", { cause: "root" }) }) });
    expect(explain(error)).toEqual(["outer", "inner", "root"]);
  });

  it("ends where causes go round in a circle", () => {
    const [a, b] = [new Error("a"), new Error("b")];
    a.cause = b;
    b.cause = a;
    expect(explain(a).length).toBe(10);
  });
});
