import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** What somebody types once a text has been shown. */
export type Step = readonly [shown: string, typed: string];

/** How a program ended that ran on a terminal. */
export interface Shown {
  /** Everything the terminal showed, line ends as `\n`. */
  readonly shown: string;
  /** Exit status. */
  readonly status: number;
}

/** Runs a command on a terminal of its own (`script` of util-linux makes one); every step waits for its text. */
export async function runOnTerminal(command: readonly string[], steps: readonly Step[], env: Readonly<Record<string, string>> = {}): Promise<Shown> {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = spawn("script", ["-qefc", line, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, NO_COLOR: "1", ...env } });
  const left = [...steps];
  let shown = "";
  let seen = 0;
  child.stdin.on("error", () => {});
  child.stdout.on("data", (piece: Buffer) => {
    shown += piece.toString();
    const [step] = left;
    if (step === undefined || !shown.slice(seen).includes(step[0])) return;
    seen = shown.length;
    left.shift();
    child.stdin.write(step[1]);
  });
  const status = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { shown: shown.replaceAll("\r\n", "\n"), status: status ?? 128 };
}

/** Runs `test/helper/ask.ts` on a terminal, in the runtime this runs in. */
export async function askOnTerminal(questions: readonly string[], steps: readonly Step[]): Promise<Shown> {
  return await runOnTerminal([...askCommand(), ...questions], steps);
}

/** Returns what runs `test/helper/ask.ts` in the runtime this runs in. Node 20 reads no TypeScript. */
export function askCommand(): readonly string[] {
  const source = join(process.cwd(), "test/helper/ask.ts");
  if ("Bun" in globalThis) return [process.execPath, source];
  if ("Deno" in globalThis) return [process.execPath, "run", "-A", "--no-check", "--config", "scripts/deno-test.json", source];
  bundle ??= bundleForNode(source);
  return [process.execPath, bundle];
}

let bundle: string | undefined;

function bundleForNode(source: string): string {
  const folder = mkdtempSync(join(process.cwd(), "node_modules/.cache/ask-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const file = join(folder, "ask.mjs");
  execFileSync("node_modules/.bin/bun", ["build", source, "--target=node", "--packages=external", `--outfile=${file}`], { stdio: "ignore" });
  return file;
}
