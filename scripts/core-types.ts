import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ownConfig from "../tsconfig.json" with { type: "json" };

const root = process.cwd();

/** What the core may lean on: the language and web standards. DOM stands in for the web's streams, URL, fetch and crypto types. */
const config = {
  compilerOptions: {
    ...ownConfig.compilerOptions,
    types: [],
    moduleResolution: "bundler",
    module: "preserve",
    // ofetch names undici in its types, which would bring in all of Node's globals by the back door.
    paths: { undici: ["./undici.d.ts"] },
  },
  include: [join(root, "src/core"), join(root, "src/mod.ts")],
};

/** Returns what the compiler says about the core where nothing of Node, Bun or Deno is known; empty is the good answer. */
export function checkCoreTypes(): string {
  const directory = mkdtempSync(join(root, "node_modules", ".core-types-"));
  try {
    writeFileSync(join(directory, "undici.d.ts"), "export type Dispatcher = unknown;\n");
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
    const { stdout, status } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", directory, "--listFiles"], {
      encoding: "utf8",
    });
    const lines = stdout.split("\n");
    const ambient = lines.filter((line) => /node_modules\/(?:@types\/(?:node|bun)|bun-types|undici-types)\//.test(line));
    if (status === 0 && ambient.length > 0) return `The core's types reach those of a runtime: ${ambient[0]}\n`;
    return status === 0 ? "" : lines.filter((line) => !line.startsWith("/")).join("\n");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const wrong = checkCoreTypes();
  process.stderr.write(wrong);
  if (wrong !== "") process.exitCode = 1;
}
