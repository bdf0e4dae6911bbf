import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { peer } from "../../test/real/helper.ts";
import { type Measured, start } from "../../test/real/process.ts";

/** A figure of ours beside those of the peers. */
export interface Row {
  /** What was measured. */
  readonly name: string;
  /** Its unit, where the column does not say it. */
  readonly unit: string;
  /** Value by tool; a tool that cannot do it is left out. */
  readonly values: ReadonlyMap<string, number>;
  /** What was promised: ours above it fails the run. */
  readonly limit?: number;
}

/** The tools that are compared; ours comes first. */
export const toolNames = ["ocidex", "crane", "regctl"] as const;
/** One of them. */
export type ToolName = (typeof toolNames)[number];
/** Where each tool lies. */
export type Tools = ReadonlyMap<ToolName, string>;

/** Returns the tools that are there. @throws {Error} when ours has not been built */
export async function findTools(): Promise<Tools> {
  const found = new Map<ToolName, string>();
  for (const name of toolNames) {
    const path = name === "ocidex" ? resolve("dist/ocidex") : (peer(name) ?? Bun.which(name) ?? "");
    if (await Bun.file(path).exists()) found.set(name, path);
    else if (name === "ocidex") throw new Error("dist/ocidex is not there: npm run build");
  }
  return found;
}

/** A folder for everything a bench writes, settings of the tools included. */
export class Workshop implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "ocidex-bench-"));
  #runs = 0;

  /** Runs a command with settings, caches and stores that nobody has used. @throws {Error} when it fails */
  async run(command: readonly string[], { memory = false }: { readonly memory?: boolean } = {}): Promise<Measured> {
    const home = join(this.path, `home-${++this.#runs}`);
    mkdirSync(home);
    const folders = { HOME: home, XDG_CACHE_HOME: join(home, "cache"), XDG_CONFIG_HOME: join(home, "config"), OCIDEX_ROOT: join(home, "store") };
    const measured = await start(command, { env: { ...folders, DOCKER_CONFIG: home }, memory }).ended;
    rmSync(home, { recursive: true, force: true });
    if (measured.status !== 0) throw new Error(`${command.join(" ")} ended with ${measured.status}: ${measured.stderr}`);
    return measured;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Returns the middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Runs the tools in turns, `times` rounds after one that does not count, so that a slow moment of the machine meets all of them. */
export async function inTurns<T>(
  times: number,
  tools: Iterable<ToolName>,
  body: (tool: ToolName, round: number) => Promise<T>,
): Promise<ReadonlyMap<ToolName, readonly T[]>> {
  const results = new Map<ToolName, T[]>([...tools].map((tool) => [tool, []]));
  for (let round = 0; round <= times; round++) {
    for (const [tool, list] of results) {
      const result = await body(tool, round);
      if (round > 0) list.push(result);
    }
  }
  return results;
}

/** Returns a row of medians. */
export function medians<T>(
  results: ReadonlyMap<ToolName, readonly T[]>,
  row: { readonly name: string; readonly unit: string; readonly limit?: number },
  pick: (one: T) => number,
): Row {
  return { ...row, values: new Map([...results].map(([tool, list]) => [tool, median(list.map(pick))])) };
}
