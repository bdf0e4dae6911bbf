import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { encodeUtf8, findAmbiguity, isOciError, type JsonText, readJson, readJsonText } from "../../src/core/base/mod.ts";

const read = (text: string): unknown => readJson(encodeUtf8(text), "text");
const readText = (text: string): JsonText => readJsonText(encodeUtf8(text), "text");
const ambiguity = (text: string): string | undefined => findAmbiguity(readText(text));

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return isOciError(error) ? error.code : String(error);
  }
  return "none";
}

describe("readJson()", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => expect(read(text)).toEqual(JSON.parse(text))));
  });

  it.each(["", "{", "[1,]", "{'a':1}", '{"a":1}x', "NaN", "01", '"\n"', "\ufeff{}", "// c\n{}", "undefined"])("refuses %j", (text) => {
    expect(codeOf(() => read(text))).toBe("INVALID");
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(codeOf(() => readJson(new Uint8Array([0x22, 0xff, 0x22]), "text"))).toBe("INVALID");
    expect(codeOf(() => readJson(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), "text"))).toBe("INVALID");
  });

  it("reads 100 levels and refuses 101, whatever closes them", () => {
    expect(codeOf(() => read("[".repeat(100) + "]".repeat(100)))).toBe("none");
    expect(codeOf(() => read("[".repeat(101) + "]".repeat(101)))).toBe("LIMIT");
    expect(codeOf(() => read(`${'{"a":'.repeat(101)}1${"}".repeat(101)}`))).toBe("LIMIT");
    expect(codeOf(() => read("[".repeat(300_000)))).toBe("LIMIT");
    expect(codeOf(() => read(`["${"[".repeat(1000)}\\"${"[".repeat(1000)}"]`))).toBe("none");
  });

  it("keeps __proto__ as a member of its own", () => {
    const value = read('{"__proto__":{"polluted":true}}');
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("readJsonText()", () => {
  it("has the shape of the value, and every value as its own text", () => {
    const text = readText(' { "b" : [ 1.0 , "x y" , { } ] , "a" : "\\u003c" , "b" : null } ');
    expect(text.json).toBe('{"b":[1.0,"x y",{}],"a":"\\u003c","b":null}');
    expect(text.members?.map(([name, value]) => [name, value.json])).toEqual([
      ["b", '[1.0,"x y",{}]'],
      ["a", '"\\u003c"'],
      ["b", "null"],
    ]);
    expect(text.members?.[0]?.[1].items?.map((item) => item.json)).toEqual(["1.0", '"x y"', "{}"]);
  });

  it("keeps every text of compact JSON as it is", () => {
    const rebuild = (text: JsonText): string => {
      if (text.members) return `{${text.members.map(([name, value]) => `${JSON.stringify(name)}:${rebuild(value)}`).join(",")}}`;
      return text.items ? `[${text.items.map(rebuild).join(",")}]` : text.json;
    };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        const compact = JSON.stringify(value);
        const text = readText(` ${JSON.stringify(value, null, space)}\n`);
        expect(text.json).toBe(compact);
        expect(rebuild(text)).toBe(compact);
      }),
    );
  });

  it("reads names that mean something in JavaScript", () => {
    expect(readText('{"__proto__":1,"10":2,"9":3}').members?.map(([name]) => name)).toEqual(["__proto__", "10", "9"]);
  });
});

describe("findAmbiguity()", () => {
  it.each(["0", "-0", "0.0", "1.0", "1e2", "100", "1E+2", "12.50", "9007199254740992", "1e40", "0.1", "5e-324", "123456789012345680000"])(
    "accepts the number %s",
    (json) => {
      expect(ambiguity(`[${json}]`)).toBeUndefined();
    },
  );

  it.each(["9007199254740993", "1e400", "-1e400", "1e-400", "0.1000000000000000055511151231257827", "1.00000000000000000001"])(
    "names the number %s",
    (json) => {
      expect(ambiguity(`{"a":[${json}]}`)).toBe(`the number ${json} at "a.0" does not fit a double`);
    },
  );

  it("names a name that stands twice, also when it is escaped", () => {
    expect(ambiguity('{"a":{"b":1,"\\u0062":2}}')).toBe('the name "a.b" stands twice');
    expect(ambiguity('{"a":{"b":1},"c":{"b":1}}')).toBeUndefined();
  });

  it("names half a surrogate pair in a name or a text", () => {
    expect(ambiguity('{"a":"\\ud83d"}')).toBe('the text at "a" holds half a surrogate pair');
    expect(ambiguity('["\\ude00\\ud83d"]')).toBe('the text at "0" holds half a surrogate pair');
    expect(ambiguity('{"\\ud83d":1}')).toBe('the name "\\u{d83d}" holds half a surrogate pair');
    expect(ambiguity('["\\ud83d\\ude00"]')).toBeUndefined();
  });

  it("shortens and escapes what it names", () => {
    const found = ambiguity(`{"\\u001b${"x".repeat(5000)}":9007199254740993${"0".repeat(5000)}1}`);
    expect(found?.length).toBeLessThan(700);
    expect(found).not.toContain("\u001b");
  });
});

describe("hostile texts of 4 MiB are read in one pass", () => {
  const size = 4 * 1024 * 1024;
  /** What is quadratic would take hours; a busy machine may take seconds. */
  const patience = 60_000;
  const texts: readonly (readonly [string, string])[] = [
    ["one text", `{"a":"${"x".repeat(size)}"}`],
    ["backslashes", `["${"\\\\".repeat(size / 2)}"]`],
    ["escaped quotes", `["${'\\"'.repeat(size / 2)}"]`],
    ["a number of zeros that ends otherwise", `[1${"0".repeat(size)}1]`],
    ["a fraction of zeros that ends otherwise", `[0.${"0".repeat(size)}1]`],
    ["white space", `[${" \n\t\r".repeat(size / 4)}]`],
    ["half a million members", `{${Array.from({ length: 400_000 }, (_, at) => `"${at}":1`).join(",")}}`],
    ["two million items", `[${"1,".repeat(size / 2)}1]`],
    ["one text below 99 levels", `${"[".repeat(99)}"${"x".repeat(size)}"${"]".repeat(99)}`],
  ];
  it.each(texts)(
    "%s",
    (_, text) => {
      const bytes = encodeUtf8(text);
      readJson(bytes, "text");
      const read = readJsonText(bytes, "text");
      expect(read.json.length).toBeLessThanOrEqual(text.length);
      expect(typeof (findAmbiguity(read) ?? "")).toBe("string");
    },
    patience,
  );

  const garbage: readonly (readonly [string, string])[] = [
    ["opening brackets", "[".repeat(size)],
    ["closing brackets", "]".repeat(size)],
    ["quotes", '"'.repeat(size - 1)],
    ["an open text", `"${"\\".repeat(size)}`],
    ["backslashes", "\\".repeat(size)],
    ["words", "a".repeat(size)],
    ["brackets that match nothing", "{]".repeat(size / 2)],
  ];
  it.each(garbage)(
    "garbage: %s",
    (_, text) => {
      expect(["INVALID", "LIMIT"]).toContain(codeOf(() => read(text)));
    },
    patience,
  );
});
