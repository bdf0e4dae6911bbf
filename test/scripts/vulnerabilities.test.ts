import { describe, expect, it } from "bun:test";
import { readFileSync } from "node:fs";
import { listFiles } from "../../scripts/source.ts";
import { vulnerabilities } from "./vulnerabilities.ts";

const own = "test/scripts/vulnerabilities";
const sources = listFiles(process.cwd(), "test", (path) => path.endsWith(".ts") && !path.startsWith(own)).map((path) => readFileSync(path, "utf8"));

/** One name of a vulnerability: of a list of them, of an advisory, or of an issue. */
const nameGrammar = /CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}|regclient [0-9a-f]{7}|\b(?=[0-9a-f]*\d)[0-9a-f]{7}\b(?=[,)])|[A-Za-z][\w/-]*#\d{1,5}/g;

/** Texts in the sources that name vulnerabilities: names of tests, and keys that become names of tests. Comments do not count. */
const titles: readonly string[] = sources
  .flatMap((source) => [...source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "").matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g)])
  .map(([text]) => text.slice(1, -1))
  .filter((text) => text.match(nameGrammar) !== null);

describe("the list of known vulnerabilities", () => {
  for (const { names, tests } of vulnerabilities) {
    it(`has tests for ${names.join(", ")}`, () => {
      const mine = tests.map((test) => titles.filter((title) => title.includes(test)));
      expect(tests.filter((_, at) => mine[at]?.length === 0)).toEqual([]);
      const text = mine.flat().join("\n");
      expect(names.filter((name) => !text.includes(name))).toEqual([]);
    });
  }

  it("holds every name that a test carries", () => {
    const known = new Set(vulnerabilities.flatMap(({ names }) => names));
    const carried = titles.flatMap((title) => title.match(nameGrammar) ?? []);
    expect([...new Set(carried)].filter((name) => !known.has(name))).toEqual([]);
  });

  it("holds no name twice", () => {
    const names = vulnerabilities.flatMap((each) => each.names);
    expect(new Set(names).size).toBe(names.length);
  });
});
