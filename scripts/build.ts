import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** What goes into dist: the executable, the npm program, the npm library. */
interface BuildOptions {
  /** Entry of the program. */
  readonly entry: string;
  /** Where everything goes. */
  readonly out: string;
  /** A bun target such as `bun-linux-arm64`, for an executable that runs elsewhere; nothing else is built then. */
  readonly target?: string;
}

const startUp = ["--splitting", "--minify", "--bytecode", "--format=esm", "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];

function run(command: readonly string[]): void {
  const [program = "", ...rest] = command;
  const { status, error, stdout, stderr } = spawnSync(program, rest, { encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`Cannot build: ${command.join(" ")} ended with ${error ? error.message : status}\n${stdout ?? ""}${stderr ?? ""}`);
}

function versionDefine(): string {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  return `OCIDEX_VERSION=${JSON.stringify(version)}`;
}

/** Builds the executable that needs nothing; returns its path. */
export function buildExecutable({ entry, out, target }: BuildOptions): string {
  const file = `${out}/ocidex${target === undefined ? "" : `-${target.replace(/^bun-/, "")}`}`;
  const cross = target === undefined ? [] : [`--target=${target}`];
  run([process.execPath, "build", "--compile", ...startUp, ...cross, "--define", versionDefine(), entry, "--outfile", file]);
  return file;
}

/** Builds the one-file program for Node 20 and later; returns its path. */
export async function buildProgram({ entry, out }: BuildOptions): Promise<string> {
  const [name, value] = versionDefine().split("=", 2);
  const result = await Bun.build({
    entrypoints: [entry],
    target: "node",
    format: "esm",
    // Names stay, so that a trace from the field can be read.
    minify: { whitespace: true, syntax: true },
    define: { [name ?? ""]: value ?? "" },
    throw: false,
  });
  const output = result.outputs[0];
  if (!result.success || !output) throw new Error(`Cannot build: ${result.logs.map(String).join("\n")}`);
  const file = `${out}/ocidex.mjs`;
  const code = (await output.text()).replace(/^(?:#!.*\n|\/\/ @bun.*\n)+/, "");
  mkdirSync(out, { recursive: true });
  writeFileSync(file, `#!/usr/bin/env node\n${code}`);
  chmodSync(file, 0o755);
  writeFileSync(`${out}/ocidex.d.mts`, "export {};\n");
  return file;
}

/** Builds the library: a module a source file, with declarations. */
export function buildLibrary(): void {
  rmSync("dist/lib", { recursive: true, force: true });
  run([process.execPath, "node_modules/typescript/bin/tsc", "-p", "scripts/lib.tsconfig.json"]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { target: { type: "string" }, entry: { type: "string" } } });
  if (values.entry !== undefined && !existsSync(values.entry)) throw new Error(`Cannot build "${values.entry}": it does not exist`);
  console.log(buildExecutable({ entry: values.entry ?? "src/cli/executable.ts", out: "dist", ...(values.target !== undefined && { target: values.target }) }));
  if (values.target !== undefined) return;
  console.log(await buildProgram({ entry: values.entry ?? "src/cli/main.ts", out: "dist" }));
  buildLibrary();
  console.log("dist/lib");
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
