import { describe, expect, it } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs `script`, which has a `terminal`, in a process of its own. */
async function runScript(
  script: string,
  { input = "", hangUp = false } = {},
): Promise<{ readonly status: unknown; readonly output: string; readonly errors: string }> {
  const door = new URL("../../src/host/bun.ts", import.meta.url).href;
  const child = spawn(process.execPath, ["-e", `import { bunHost } from "${door}"; const { terminal } = bunHost(); ${script}`], { stdio: "pipe" });
  let output = "";
  let errors = "";
  child.stderr.on("data", (piece) => (errors += piece));
  child.stdout.on("data", (piece) => {
    output += piece;
    if (hangUp) child.stdout.destroy();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [status] = await once(child, "close");
  return { status, output, errors };
}

describe("nodeTerminal()", () => {
  it("write() delivers everything before the process ends", async () => {
    const result = await runScript('await terminal.write("y".repeat(1_000_000)); process.exit(0);');
    expect([result.status, result.output.length]).toEqual([0, 1_000_000]);
  });

  it("write() says false when the reader has gone, and goes on saying so", async () => {
    const script =
      'let there = true; for (let at = 0; there && at < 5000; at++) there = await terminal.write("y".repeat(10_000)); await terminal.writeError([there, await terminal.write("x")].join(" "));';
    const result = await runScript(script, { hangUp: true });
    expect([result.status, result.errors]).toEqual([0, "false false"]);
  });

  it("readInput() reads to the end, and no more than its limit", async () => {
    const script = "try { await terminal.write(String((await terminal.readInput(5)).length)); } catch (error) { await terminal.writeError(error.message); }";
    expect((await runScript(script, { input: "typed" })).output).toBe("5");
    expect((await runScript(script, { input: "typed more" })).errors).toBe("Cannot read standard input: it is larger than 5 bytes");
  });
});
