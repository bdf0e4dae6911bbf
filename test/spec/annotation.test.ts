import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { parseAs } from "../../src/core/base/mod.ts";
import { AnnotationsSchema, isUnknownReservedKey, mergeAnnotations, parseAnnotation } from "../../src/core/spec/mod.ts";
import { annotations, text } from "../helper/arbitrary.ts";

describe("parseAnnotation()", () => {
  it("keeps the value whole", () => {
    fc.assert(
      fc.property(text, text, (key, value) => {
        fc.pre(key !== "" && !key.includes("="));
        expect(parseAnnotation(`${key}=${value}`)).toEqual([key, value]);
      }),
    );
    expect(parseAnnotation("a=b=c,d=e")).toEqual(["a", "b=c,d=e"]);
    expect(parseAnnotation("a=")).toEqual(["a", ""]);
  });

  it("refuses what has no key or no value", () => {
    expect(() => parseAnnotation("a")).toThrow('Cannot read annotation "a": no "=" found, expected KEY=VALUE');
    expect(() => parseAnnotation("=a")).toThrow("the key is empty");
    expect(() => parseAnnotation("a=\ud83d")).toThrow("half a surrogate pair");
    expect(() => parseAnnotation("\u001b[2J")).toThrow('"\\x1b[2J"');
  });
});

describe("mergeAnnotations()", () => {
  it("lets the patch win, and takes out what is undefined there", () => {
    expect(mergeAnnotations({ a: "1", b: "2", c: "3" }, { b: "x", c: undefined, d: "4" })).toEqual({ a: "1", b: "x", d: "4" });
  });

  it("does not invent a map, and does not take away an empty one", () => {
    expect(mergeAnnotations(undefined, {})).toBeUndefined();
    expect(mergeAnnotations(undefined, { a: undefined })).toBeUndefined();
    expect(mergeAnnotations({ a: "1" }, { a: undefined })).toBeUndefined();
    expect(mergeAnnotations({}, {})).toEqual({});
  });

  it("keeps __proto__ as a key like any other", () => {
    const patch = Object.fromEntries([["__proto__", "x"]]);
    const merged = mergeAnnotations({ a: "1" }, patch);
    expect(Object.keys(merged ?? {}).sort()).toEqual(["__proto__", "a"]);
    expect(Object.keys(mergeAnnotations(merged, Object.fromEntries([["__proto__", undefined]])) ?? {})).toEqual(["a"]);
  });

  it("gives the patch back when it is merged into itself", () => {
    fc.assert(
      fc.property(annotations, annotations, (base, patch) =>
        expect(mergeAnnotations(mergeAnnotations(base, patch), patch)).toEqual(mergeAnnotations(base, patch)),
      ),
    );
  });
});

describe("AnnotationsSchema", () => {
  it.each([[{ a: 1 }], [{ a: null }], [["a"]], ["a"], [5], [null]])("refuses %j", (value) => {
    expect(() => parseAs(AnnotationsSchema, value, "annotations")).toThrow("Cannot read annotations: expected an object whose values are strings");
  });

  it("keeps __proto__", () => {
    const value: unknown = JSON.parse('{"__proto__":"x","10":"a"}');
    expect(Object.keys(parseAs(AnnotationsSchema, value, "annotations"))).toEqual(["10", "__proto__"]);
  });
});

describe("isUnknownReservedKey()", () => {
  it("knows the keys of the specification", () => {
    expect(isUnknownReservedKey("org.opencontainers.image.description")).toBe(false);
    expect(isUnknownReservedKey("org.opencontainers.image.base.name")).toBe(false);
    expect(isUnknownReservedKey("org.opencontainers.image.descriptoin")).toBe(true);
    expect(isUnknownReservedKey("org.opencontainers.description")).toBe(true);
    expect(isUnknownReservedKey("com.example.x")).toBe(false);
  });
});
