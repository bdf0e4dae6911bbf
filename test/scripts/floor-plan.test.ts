import { afterEach, describe, expect, it } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkFloors } from "../../scripts/floor-plan.ts";

const trees: string[] = [];

afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true, force: true });
});

function plant(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "ocidex-floors-"));
  trees.push(root);
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), code);
  }
  return checkFloors(root);
}

describe("checkFloors()", () => {
  const breaches: readonly (readonly [breach: string, path: string, code: string, complaint: string])[] = [
    ["an import of a higher floor", "src/core/spec/a.ts", 'import { x } from "../list/mod.ts";', 'core/spec may not see core/list ("../list/mod.ts")'],
    ["a type import of a higher floor", "src/core/base/a.ts", 'import type { X } from "../spec/mod.ts";', "core/base may not see core/spec"],
    ["an import of a folder on the same floor", "src/core/copy/a.ts", 'export * from "../transport/mod.ts";', "core/copy may not see core/transport"],
    [
      "an import over several lines",
      "src/core/base/a.ts",
      'import {\n  x,\n  y,\n} from "../spec/mod.ts";',
      "src/core/base/a.ts:4: core/base may not see core/spec",
    ],
    ["a dynamic import of a higher floor", "src/core/base/a.ts", 'const x = await import("../spec/mod.ts");', "core/base may not see core/spec"],
    ["an inner file of another folder", "src/core/list/a.ts", 'import { x } from "../spec/digest.ts";', "is an inner file of another folder"],
    ["the folder's own door", "src/core/spec/a.ts", 'import { x } from "./mod.ts";', "is the folder's own door"],
    ["a room of another transport", "src/core/transport/oci/a.ts", 'import { x } from "../registry/mod.ts";', "is a room beside or around this one"],
    ["the folder around a room", "src/core/transport/oci/a.ts", 'import { x } from "../mod.ts";', "is a room beside or around this one"],
    ["an inner file of a room", "src/core/transport/a.ts", 'import { x } from "./registry/upload.ts";', "is an inner file of another folder"],
    ["an inner file of a host", "src/cli/a.ts", 'import { x } from "../host/node-files.ts";', "is an inner file of another folder"],
    ["a host in the core", "src/core/list/a.ts", 'import { x } from "../../host/node.ts";', "core/list may not see host"],
    ["a value of the specifications in a host", "src/host/node.ts", 'import { x } from "../core/spec/mod.ts";', "host may not see core/spec"],
    ["the program in the front door", "src/mod.ts", 'export * from "./cli/mod.ts";', "the library's front door sees the core only"],
    ["a file outside src", "src/cli/a.ts", 'import x from "../../package.json";', "is outside src"],
    ["a node: import in the core", "src/core/base/a.ts", 'import { join } from "node:path";', '"node:path" belongs to a host'],
    ["a node: type import in the core", "src/core/base/a.ts", 'import type { Stats } from "node:fs";', '"node:fs" belongs to a host'],
    ["a computed import in the core", "src/core/base/a.ts", "await import(name);", "whose name is computed"],
    ["citty outside cli", "src/core/list/a.ts", 'import { defineCommand } from "citty";', 'the package "citty" may not be imported here'],
    ["ofetch outside http", "src/core/auth/a.ts", 'import { ofetch } from "ofetch";', 'the package "ofetch" may not be imported here'],
    ["valibot in port", "src/core/port/a.ts", 'import * as v from "valibot";', 'the package "valibot" may not be imported here'],
    ["undici outside the host of Node", "src/host/bun.ts", 'import { Agent } from "undici";', 'the package "undici" may not be imported here'],
    [
      "@noble/hashes outside the host in memory",
      "src/host/node.ts",
      'import { sha256 } from "@noble/hashes/sha2.js";',
      'the package "@noble/hashes" may not be imported here',
    ],
    ["a package nobody placed", "src/cli/a.ts", 'import _ from "lodash";', 'the package "lodash" has no place in the floor plan'],
    ["process", "src/core/base/a.ts", "export const x = process.env.HOME;", 'src/core/base/a.ts:1: the core uses the runtime global "process"'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code, not a template
    ["Buffer in a template", "src/core/base/a.ts", "const x = `a${[1].map((n) => `${Buffer.from(n)}`)}b`;", 'runtime global "Buffer"'],
    ["Bun", "src/core/base/a.ts", "\nBun.serve();", 'src/core/base/a.ts:2: the core uses the runtime global "Bun"'],
    ["Deno behind globalThis", "src/core/base/a.ts", "globalThis.Deno?.exit();", 'runtime global "Deno"'],
    ["require", "src/core/base/a.ts", 'const fs = require("fs");', 'runtime global "require"'],
    ["__dirname", "src/core/base/a.ts", "export const here = __dirname;", 'runtime global "__dirname"'],
    ["a spread of process", "src/core/base/a.ts", "const x = [...process.argv];", 'runtime global "process"'],
    ["a file of 401 lines", "src/core/base/a.ts", "\n".repeat(401), "401 lines, at most 400 are allowed"],
    ["a file named index.ts", "src/core/base/index.ts", "export {};", "a folder's door is called mod.ts"],
  ];

  for (const [breach, path, code, complaint] of breaches) {
    it(`reports ${breach}`, () => {
      const found = plant({ [path]: code });
      expect(found).toHaveLength(1);
      expect(found[0]).toStartWith(`${path}:`);
      expect(found[0]).toContain(complaint);
    });
  }

  const allowed: readonly (readonly [what: string, path: string, code: string])[] = [
    ["a lower floor by its door", "src/core/list/a.ts", 'import { x } from "../spec/mod.ts";'],
    ["a file of the same folder", "src/core/spec/a.ts", 'import { x } from "./digest.ts";'],
    ["a room from its folder", "src/core/transport/a.ts", 'import { x } from "./registry/mod.ts";'],
    ["a lower floor from a room", "src/core/transport/oci/a.ts", 'import { x } from "../../base/mod.ts";'],
    ["types of the specifications in a host", "src/host/node.ts", 'import type { Digest } from "../core/spec/mod.ts";'],
    ["undici in a file of Node's host", "src/host/node-fetch.ts", 'const { Agent } = await import("undici");'],
    ["a host in the program", "src/cli/main.ts", 'import { nodeHost } from "../host/node.ts";'],
    ["a folder of the program", "src/cli/main.ts", 'import { create } from "./manifest/create.ts";'],
    [
      "words that are no code",
      "src/core/base/a.ts",
      '// process.env, import "node:fs"\nconst x = "Buffer" + `Deno` + y.process + { process: 1 }.process;\nconst r = /["\'`]process/g;',
    ],
    ["a file of 400 lines", "src/core/base/a.ts", "\n".repeat(400)],
  ];

  for (const [what, path, code] of allowed) {
    it(`lets ${what} pass`, () => {
      expect(plant({ [path]: code })).toEqual([]);
    });
  }

  it("finds the real tree clean", () => {
    expect(checkFloors(process.cwd())).toEqual([]);
  });
});
