import { afterEach, describe, expect, it } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkExports } from "../../scripts/exports.ts";
import { withVersion } from "../../scripts/version.ts";

const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

const good = {
  npm: {
    name: "tool",
    version: "1.0.0",
    license: "MIT",
    dependencies: { valibot: "1.5.0" },
    exports: { "./spec": { types: "./dist/lib/core/spec/mod.d.ts", default: "./dist/lib/core/spec/mod.js" } },
  },
  jsr: { name: "@ocidex/tool", version: "1.0.0", license: "MIT", exports: { "./spec": "./src/core/spec/mod.ts" } },
  source: '/** The data. */\nimport * as v from "valibot";\n',
};

function check({ npm, jsr, source }: { readonly npm: object; readonly jsr: object; readonly source: string }): string[] {
  const root = mkdtempSync(join(tmpdir(), "ocidex-exports-"));
  trees.push(root);
  const files = { "package.json": JSON.stringify(npm), "jsr.json": JSON.stringify(jsr), "src/core/spec/mod.ts": source };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkExports(root);
}

describe("checkExports()", () => {
  it("finds two manifests that agree good", () => {
    expect(check(good)).toEqual([]);
  });

  it("reports another name, version or license", () => {
    expect(check({ ...good, jsr: { ...good.jsr, name: "@ocidex/other", version: "1.0.1", license: "ISC" } })).toEqual([
      "jsr.json: the name is @ocidex/other, expected @ocidex/tool",
      "jsr.json: the version is 1.0.1, package.json has 1.0.0",
      "jsr.json: the license is ISC, package.json has MIT",
    ]);
  });

  it("reports a door that only one of them has", () => {
    expect(check({ ...good, npm: { ...good.npm, exports: {} } })).toEqual(['jsr.json: "./spec" is not exported by package.json']);
    expect(check({ ...good, jsr: { ...good.jsr, exports: {} } })).toEqual(['package.json: "./spec" is not exported by jsr.json']);
  });

  it("reports a door that leads elsewhere", () => {
    const exports = { "./spec": { types: "./dist/lib/spec.d.ts", default: "./dist/lib/core/spec/mod.js" } };
    expect(check({ ...good, npm: { ...good.npm, exports } })).toHaveLength(1);
  });

  it("reports a door that does not exist", () => {
    const exports = { "./spec": "./src/core/spec/other.ts" };
    expect(check({ ...good, jsr: { ...good.jsr, exports } })).toContain('jsr.json: "./spec" is ./src/core/spec/other.ts, which does not exist');
  });

  it("reports a door without a word on what is behind it", () => {
    expect(check({ ...good, source: 'export * from "./digest.ts";\n' })).toEqual([
      "src/core/spec/mod.ts: a door opens with a comment that says what is behind it",
    ]);
  });

  it("reports a package that users of the library would miss", () => {
    expect(check({ ...good, npm: { ...good.npm, dependencies: {} } })).toEqual([
      'package.json: the library imports "valibot", which is not among the dependencies',
    ]);
  });

  it("finds the real manifests good", () => {
    expect(checkExports(process.cwd())).toEqual([]);
  });
});

describe("withVersion()", () => {
  it("replaces the version and nothing else", () => {
    expect(withVersion('{\n  "name": "x",\n  "version": "0.0.0",\n  "publish": { "include": ["a"] }\n}\n', "0.1.0")).toBe(
      '{\n  "name": "x",\n  "version": "0.1.0",\n  "publish": { "include": ["a"] }\n}\n',
    );
  });
});
