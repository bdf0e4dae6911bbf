import { describe, expect, it } from "bun:test";
import * as v from "valibot";
import { encodeUtf8, explain, isOciError, parseAs, parseJson, parseSecretJson } from "../../src/core/base/mod.ts";

const schema = v.strictObject({ name: v.string(), list: v.exactOptional(v.array(v.number())) });

function messageOf(value: unknown): string {
  try {
    parseAs(schema, value, "settings");
  } catch (error) {
    return isOciError(error, "INVALID") ? error.message : "another error";
  }
  return "none";
}

describe("parseAs()", () => {
  it("returns what fits", () => expect(parseAs(schema, { name: "a", list: [1] }, "settings")).toEqual({ name: "a", list: [1] }));

  it("says what was expected where", () => {
    expect(messageOf({ name: "a", list: [1, "2"] })).toBe('Cannot read settings at list.1: expected number, received "2"');
    expect(messageOf({})).toBe("Cannot read settings at name: it is missing");
    expect(messageOf([])).toBe("Cannot read settings at name: it is missing");
    expect(messageOf(5)).toBe("Cannot read settings: expected Object, received 5");
  });

  it("names an unknown key", () => expect(messageOf({ name: "a", nmae: 1 })).toBe('Cannot read settings at nmae: unknown key "nmae"'));

  it("shortens and escapes what came from outside", () => {
    const message = messageOf({ name: "a", list: `\u001b[2J${"x".repeat(100_000)}` });
    expect(message.length).toBeLessThan(300);
    expect(message).not.toContain("\u001b");
    expect(messageOf({ name: "a", [`\u202e${"k".repeat(10_000)}`]: 1 }).length).toBeLessThan(600);
  });
});

describe("parseJson()", () => {
  it("reads bytes and checks what they say", () => {
    expect(parseJson(schema, encodeUtf8('{"name":"a"}'), "settings")).toEqual({ name: "a" });
    expect(() => parseJson(schema, encodeUtf8("{"), "settings")).toThrow("Cannot read settings: it is not valid JSON");
    expect(() => parseJson(v.object({}), encodeUtf8("[]"), "settings")).toThrow("Cannot read settings: expected an object, received a list");
  });
});

describe("parseSecretJson()", () => {
  it("says where something is wrong and never what stands there", () => {
    expect(parseSecretJson(schema, encodeUtf8('{"name":"a"}'), "settings")).toEqual({ name: "a" });
    for (const text of ['{"name":12345678}', '{"name":"a","list":"12345678"}', '"12345678"', "12345678x", '{"name":12345678x}']) {
      let error: unknown;
      try {
        parseSecretJson(schema, encodeUtf8(text), "settings");
      } catch (thrown) {
        error = thrown;
      }
      expect(explain(error).join(" ")).toMatch(/^Cannot read settings/);
      expect(explain(error).join(" ")).not.toContain("12345678");
    }
  });
});
