import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ownConfig from "../tsconfig.json" with { type: "json" };
import { importsOf, listFiles } from "./source.ts";

/** A piece of documentation that claims to run. */
export interface Example {
  /** File it stands in. */
  readonly path: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** The code. */
  readonly code: string;
}

/** Returns the TypeScript blocks of `text`: those behind an `@example` where it is source code, all of them where it is Markdown. */
export function extractExamples(path: string, text: string): readonly Example[] {
  const found: Example[] = [];
  const source = path.endsWith(".ts");
  for (const match of text.matchAll(/^([ \t]*(?:\*[ \t]?)?)```(?:ts|typescript)\b[^\n]*\n([\s\S]*?)^[ \t]*(?:\*[ \t]?)?```/gm)) {
    const before = text.slice(0, match.index);
    if (source && before.lastIndexOf("@example") < before.lastIndexOf("/**")) continue;
    const body = match[2] ?? "";
    const code = source ? body.replace(/^[ \t]*\*[ \t]?/gm, "") : body;
    found.push({ path, line: before.split("\n").length + 1, code });
  }
  return found;
}

/** Returns what is wrong with `example` before it has run; `doors` are the modules a user can import. */
export function judgeExample(example: Example, doors: readonly string[]): string | undefined {
  const foreign = importsOf(example.code).find(({ specifier }) => specifier?.startsWith("ocidex") && !doors.includes(specifier));
  if (foreign && example.path.endsWith(".md")) return `"${foreign.specifier}" is not exported`;
  return /\bassert\b[^;]*\(/.test(example.code.replace(/^import .*$/gm, "")) ? undefined : "it asserts nothing";
}

function publicDoors(root: string): Readonly<Record<string, readonly string[]>> {
  const { exports }: { exports: Readonly<Record<string, string>> } = JSON.parse(readFileSync(join(root, "jsr.json"), "utf8"));
  return Object.fromEntries(Object.entries(exports).map(([door, source]) => [`ocidex${door.slice(1)}`, [join(root, source)]]));
}

/** The examples of private folders speak to contributors and name the folder as if it were exported. */
function importPaths(root: string): Readonly<Record<string, readonly string[]>> {
  return { "ocidex/*": [join(root, "src/core/*/mod.ts")], ...publicDoors(root) };
}

/** Writes every example as a module into `directory`, where `ocidex/…` means the sources; returns the files in order. */
function writeExamples(root: string, directory: string, examples: readonly Example[]): readonly string[] {
  const config = { compilerOptions: { ...ownConfig.compilerOptions, noUnusedLocals: false, paths: importPaths(root) }, include: ["*.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
  return examples.map((example, at) => {
    const file = join(directory, `example-${at}.ts`);
    writeFileSync(file, `${example.code}\nexport {};\n`);
    return file;
  });
}

function checkTypes(directory: string, examples: readonly Example[]): readonly string[] {
  const { stdout } = spawnSync(process.execPath, [join(process.cwd(), "node_modules/typescript/bin/tsc"), "-p", directory], { encoding: "utf8" });
  const errors = [...stdout.matchAll(/example-(\d+)\.ts\((\d+),\d+\): (.*)/g)];
  return errors.map(([, at, line, message]) => {
    const example = examples[Number(at)];
    return `${example?.path}:${(example?.line ?? 0) + Number(line) - 1}: ${message}`;
  });
}

async function runExample(example: Example, file: string, doors: readonly string[]): Promise<string | undefined> {
  const wrong = judgeExample(example, doors);
  if (wrong !== undefined) return `${example.path}:${example.line}: ${wrong}`;
  try {
    await import(pathToFileURL(file).href);
    return undefined;
  } catch (error) {
    return `${example.path}:${example.line}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function main(): Promise<void> {
  const root = process.cwd();
  const paths = [...listFiles(root, "src"), ...["README.md"].filter((path) => existsSync(join(root, path)))];
  const examples = paths.flatMap((path) => extractExamples(path, readFileSync(join(root, path), "utf8")));
  mkdirSync("node_modules/.cache", { recursive: true });
  const directory = mkdtempSync(join(root, "node_modules/.cache/examples-"));
  const wrong: string[] = [];
  try {
    const files = writeExamples(root, directory, examples);
    wrong.push(...checkTypes(directory, examples));
    for (const [at, example] of examples.entries())
      wrong.push(...[await runExample(example, files[at] ?? "", Object.keys(publicDoors(root)))].filter((line) => line !== undefined));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  for (const line of wrong) console.error(line);
  console.log(`${examples.length} examples, ${wrong.length} complaints`);
  if (wrong.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
