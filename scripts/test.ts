import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createPool } from "../src/core/base/mod.ts";
import { listFiles } from "./source.ts";

/*
 * Runs the tests on Bun, then those of the core again on Node and Deno. A test finds its fixtures from the working directory,
 * which is the project's root, or from import.meta.url, which is the source file's also in what Node runs.
 */

/** How one runtime did. */
export interface Count {
  /** Name of the runtime. */
  readonly runtime: string;
  /** Tests that ran and held. */
  readonly passed: number;
  /** Tests that did not, and files or processes that broke. */
  readonly failed: number;
  /** Tests that asked not to be run here. */
  readonly skipped: number;
}

/** What a child process left behind. */
interface Finished {
  readonly status: number;
  readonly output: string;
}

const root = process.cwd();
const everywhere = ["base", "spec", "index", "host", "http", "settings", "auth", "content", "transport", "copy", "store", "list"];
const runtimes = ["bun", "node", "deno"] as const;
type Runtime = (typeof runtimes)[number];

/** Tells whether the test file at `path` runs on `runtime`: `x.node.test.ts` on Node only, test/cli and its like on Bun only, the core's everywhere. */
export function runsOn(path: string, runtime: Runtime): boolean {
  const only = /\.(bun|node|deno)\.test\.ts$/.exec(path)?.[1];
  if (only !== undefined) return only === runtime;
  return runtime === "bun" || everywhere.includes(path.split("/")[1] ?? "");
}

/** Returns what bun's JUnit report and console output say. */
export function countBun(junit: string, finished: Finished): Count {
  const head = /<testsuites [^>]*>/.exec(junit)?.[0] ?? "";
  const [tests, failures, skipped] = ["tests", "failures", "skipped"].map((name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0));
  const broken = finished.output.match(/^# Unhandled error between tests$/gm)?.length ?? 0;
  return settle("bun", { tests: tests ?? 0, failed: failures ?? 0, skipped: skipped ?? 0, broken }, finished.status);
}

/** Returns what Node's TAP report says; a file that breaks is a failed test there. */
export function countNode(tap: string, finished: Finished): Count {
  const sum = (name: string): number => [...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, "gm"))].reduce((total, match) => total + Number(match[1]), 0);
  const [failed, skipped] = [sum("fail") + sum("cancelled"), sum("skipped") + sum("todo")];
  return settle("node", { tests: sum("pass") + failed + skipped, failed, skipped, broken: 0 }, finished.status);
}

/** Returns what Deno's JUnit report says, groups left out. */
export function countDeno(junit: string, finished: Finished): Count {
  const cases = [...junit.matchAll(/<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)].filter((match) => !match[1]?.endsWith("▸"));
  const failed = cases.filter((match) => match[2]?.includes("<failure")).length;
  const skipped = cases.filter((match) => match[2]?.includes("<skipped")).length;
  const broken = finished.output.match(/^Uncaught error from .* FAILED$/gm)?.length ?? 0;
  return settle("deno", { tests: cases.length, failed, skipped, broken }, finished.status);
}

interface Seen {
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
  readonly broken: number;
}

/** A run that ends badly or runs nothing has failed, whatever its report says. */
function settle(runtime: string, seen: Seen, status: number): Count {
  const passed = Math.max(0, seen.tests - seen.failed - seen.skipped);
  const failed = seen.failed + seen.broken;
  const unseen = failed === 0 && (status !== 0 || passed === 0) ? 1 : 0;
  return { runtime, passed, failed: failed + unseen, skipped: seen.skipped };
}

function run(program: string, args: readonly string[], minutes: number): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const pieces: string[] = [];
    const keep = (piece: Buffer): void => void pieces.push(piece.toString());
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    // The whole group goes: a test's server must not hold the pipe of a runner that hangs.
    const timer = setTimeout(() => {
      pieces.push(`\n${program} did not end within ${minutes} minutes\n`);
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, minutes * 60_000);
    const end = (status: number): void => {
      clearTimeout(timer);
      resolve({ status, output: pieces.join("") });
    };
    child.on("error", (error) => {
      pieces.push(String(error));
      end(127);
    });
    child.on("close", (status) => end(status ?? 128));
  });
}

function readReport(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

interface BunRun {
  /** Name of the report in the work directory. */
  readonly name: string;
  /** Milliseconds that a test may take. */
  readonly timeout: number;
  /** Minutes that all may take. */
  readonly minutes: number;
}

async function runBun(files: readonly string[], work: string, { name, timeout, minutes }: BunRun): Promise<readonly [Count, Finished]> {
  const report = join(work, `${name}.xml`);
  const args = [
    "test",
    "--timeout",
    String(timeout),
    "--only-failures",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...files.map((path) => `./${path}`),
  ];
  const finished = await run(process.execPath, args, minutes);
  return [countBun(readReport(report), finished), finished];
}

/** What takes longest begins first, so that nothing waits for it in the end. */
const longest: readonly string[] = ["store", "archives", "compression", "transports", "hostile-archives", "big", "main-job", "access"];

/** Tests of real parts wait for other programs for half of their time: files run side by side. A file of which nothing runs has failed. */
async function runReal(files: readonly string[], work: string): Promise<readonly [Count, Finished]> {
  const pool = createPool(availableParallelism());
  const runFile = async (path: string, at: number) => {
    const started = performance.now();
    const done = await runBun([path], work, { name: `real-${at}`, timeout: 600_000, minutes: 60 });
    console.log(`${path}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    if (done[0].failed === 0) for (const line of printedBy(done[1].output)) console.log(`  ${line}`);
    return done;
  };
  const all = await Promise.all(files.toSorted((a, b) => placeOf(a) - placeOf(b)).map((path, at) => pool.run(() => runFile(path, at))));
  const sum = (pick: (count: Count) => number): number => all.reduce((total, [count]) => total + pick(count), 0);
  const count = {
    runtime: "bun",
    passed: sum(({ passed }) => passed),
    failed: all.length === 0 ? 1 : sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
  };
  const failures = all.filter(([{ failed }]) => failed > 0).map(([, { output }]) => output);
  return [count, { status: count.failed > 0 ? 1 : 0, output: failures.join("\n") }];
}

function placeOf(path: string): number {
  const at = longest.indexOf(posix.basename(path, ".test.ts"));
  return at < 0 ? longest.length : at;
}

async function runNode(files: readonly string[], work: string): Promise<readonly [Count, Finished]> {
  const bundles = await bundleTests(files, work);
  const report = join(work, "node.tap");
  const reporters = ["--test-reporter=tap", `--test-reporter-destination=${report}`, "--test-reporter=spec", "--test-reporter-destination=stdout"];
  const finished = await run(process.env.npm_node_execpath ?? "node", ["--test", ...reporters, ...bundles], 30);
  return [countNode(readReport(report), finished), finished];
}

async function runDeno(files: readonly string[], work: string): Promise<readonly [Count, Finished]> {
  const report = join(work, "deno.xml");
  // What lies below node_modules is a package to Deno.
  const into = mkdtempSync(join(tmpdir(), "ocidex-deno-"));
  const groups = groupByFloor(files, { base: root, into });
  const args = ["test", "-A", "--no-check", "--config", "scripts/deno-test.json", "--junit-path", report, ...groups];
  const finished = await run(join(root, "node_modules/.bin/deno"), args, 30);
  rmSync(into, { recursive: true, force: true });
  return [countDeno(readReport(report), finished), finished];
}

/** Node 20 reads no TypeScript: every test becomes one module, with `bun:test` replaced and packages left to node_modules. */
async function bundleTests(files: readonly string[], work: string): Promise<readonly string[]> {
  const result = await Bun.build({
    entrypoints: files.map((path) => join(root, path)),
    outdir: join(work, "node"),
    root,
    target: "node",
    format: "esm",
    packages: "external",
    naming: "[dir]/[name].mjs",
    throw: false,
    plugins: [{ name: "bun-test-on-node", setup: (build) => void replaceBunTest(build) }],
  });
  if (!result.success) throw new Error(`Cannot bundle the tests for Node:\n${result.logs.map(String).join("\n")}`);
  const base = join(work, "node");
  return groupByFloor(
    files.map((path) => path.replace(/\.ts$/, ".mjs")),
    { base, into: base },
  );
}

/** What runs before or after every test of its file, and would for all that share a process with it. */
const ownHooks = /^(?:(?:const|let) .* = )?(?:beforeAll|beforeEach|afterAll|afterEach|use[A-Z]\w*)\(/m;

interface Grouping {
  /** Folder that the paths of the tests begin at. */
  readonly base: string;
  /** Where the files are made. */
  readonly into: string;
}

/**
 * Node starts a process for every file and Deno a runtime, which takes longer than most tests: those of a floor share one, as
 * on Bun all do, but for files with hooks of their own. Returns the files to run; `paths` are relative to the base.
 */
function groupByFloor(paths: readonly string[], { base, into }: Grouping): readonly string[] {
  const alone = paths.filter((path) => ownHooks.test(readFileSync(join(root, path.replace(/\.mjs$/, ".ts")), "utf8")));
  const groups = Map.groupBy(
    paths.filter((path) => !alone.includes(path)),
    (path) => path.split("/")[1] ?? "",
  );
  const shared = [...groups].map(([floor, members]) => {
    const file = join(into, `${floor}.test.mjs`);
    const lines = ["globalThis.testsShareProcess = true;", ...members.map((path) => `await import(${JSON.stringify(pathToFileURL(join(base, path)).href)});`)];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  });
  return [...shared, ...alone.map((path) => join(base, path))];
}

function replaceBunTest(build: Bun.PluginBuilder): void {
  build.onResolve({ filter: /^bun:test$/ }, () => ({ path: join(root, "test/helper/bun-test-shim.ts") }));
  build.onLoad({ filter: /\/(?:test|src)\/.*\.ts$/ }, ({ path }) => {
    const code = readFileSync(path, "utf8");
    const contents = code
      .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
      .replace(/import\.meta\.(?:dirname|dir)\b/g, JSON.stringify(posix.dirname(path)));
    return { contents, loader: "ts" };
  });
}

/** Prints what failed, a line per runtime, and the closing line. */
function report(counts: readonly Count[]): void {
  const sum = (pick: (count: Count) => number): number => counts.reduce((total, count) => total + pick(count), 0);
  const failed = sum((count) => count.failed);
  for (const count of counts)
    console.log(
      `${count.runtime.padEnd(6)}${String(count.passed).padStart(6)} passed${String(count.failed).padStart(6)} failed${String(count.skipped).padStart(6)} skipped`,
    );
  console.log(`${sum((count) => count.passed)} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { real: { type: "boolean" }, runtime: { type: "string", multiple: true } } });
  const chosen = runtimes.filter((runtime) => (values.real ? runtime === "bun" : !values.runtime || values.runtime.includes(runtime)));
  const wanted = (path: string): boolean =>
    path.endsWith(".test.ts") &&
    path.startsWith("test/real/") === (values.real ?? false) &&
    (positionals.length === 0 || positionals.some((part) => path.includes(part)));
  const files = listFiles(root, "test", wanted);
  mkdirSync("node_modules/.cache", { recursive: true });
  const work = mkdtempSync(join(root, "node_modules/.cache/test-"));
  // A runtime by itself keeps one processor busy.
  const pool = createPool(availableParallelism());
  const measure = async (runtime: Runtime): Promise<Count> => {
    const started = performance.now();
    const mine = files.filter((path) => runsOn(path, runtime));
    const [count, finished] = await runOne(runtime, mine, { work, real: values.real ?? false }).catch(broken(runtime));
    if (count.failed > 0) console.log(excerpt(finished.output));
    console.log(`${runtime}: ${mine.length} files, ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return count;
  };
  const counts = await Promise.all(chosen.map((runtime) => pool.run(() => measure(runtime))));
  rmSync(work, { recursive: true, force: true });
  report(counts);
}

function runOne(
  runtime: Runtime,
  files: readonly string[],
  { work, real }: { readonly work: string; readonly real: boolean },
): Promise<readonly [Count, Finished]> {
  if (runtime === "node") return runNode(files, work);
  if (runtime === "deno") return runDeno(files, work);
  return real ? runReal(files, work) : runBun(files, work, { name: "bun", timeout: 60_000, minutes: 30 });
}

function broken(runtime: Runtime): (error: unknown) => readonly [Count, Finished] {
  return (error) => [
    { runtime, passed: 0, failed: 1, skipped: 0 },
    { status: 1, output: error instanceof Error ? error.message : String(error) },
  ];
}

/** Returns what the tests printed themselves, as it stands in bun's output: figures. */
export function printedBy(output: string): readonly string[] {
  const own = /^(?:bun test v.*|test\/.*\.test\.ts:| *\d+ (?:pass|fail|skip|todo|filtered out|expect\(\) calls)|Ran \d+ tests? .*|)$/;
  return output.split("\n").filter((line) => !own.test(line));
}

/** Node and Deno list what failed once more at the end; that part is enough. */
function excerpt(output: string): string {
  const at = Math.max(output.lastIndexOf("\n✖ failing tests:"), output.lastIndexOf("\n ERRORS \n"));
  return output.slice(Math.max(at, 0));
}

if (import.meta.main) await main();
