import { describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isOciError } from "../../src/core/base/mod.ts";
import type { Run } from "../../src/core/port/mod.ts";
import { temporaryDirectory } from "../helper/temporary.ts";

const limits = { timeout: 10_000, maximumOutput: 1000 };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const shell = (script: string): readonly string[] => ["sh", "-c", script];

async function codeOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    if (isOciError(error)) return error.code;
    throw error;
  }
  return "";
}

/** Returns the process numbers that a command writes to `file`, when it has. */
async function writtenPids(file: string): Promise<readonly string[]> {
  for (;;) {
    const line = await readFile(file, "utf8").catch(() => "");
    if (line.endsWith("\n")) return line.trim().split(" ");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A process that has ended may wait for somebody to take notice. */
function isRunning(pid: string): boolean {
  return !/^(Z.*)?$/.test(spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).stdout.trim());
}

/** Runs the contract of the port `Run`. */
export function testRun(name: string, run: Run): void {
  describe(`${name} run`, () => {
    it("run() gives input, and takes status, output and errors", async () => {
      const result = await run(shell("cat; echo oops >&2; exit 3"), { ...limits, input: new TextEncoder().encode("input") });
      expect([result.status, text(result.output), text(result.errors)]).toEqual([3, "input", "oops\n"]);
    });

    it("run() uses no shell", async () => {
      const result = await run(["printf", "%s", "$HOME; a b"], limits);
      expect(text(result.output)).toBe("$HOME; a b");
    });

    it("run() does not mind a command that ignores its input", async () => {
      const result = await run(["true"], { ...limits, input: new Uint8Array(2 ** 20) });
      expect(result.status).toBe(0);
    });

    it("run() reports a command that is not there", async () => {
      await expect(run(["ocidex-no-such-command"], limits)).rejects.toThrow('Cannot run "ocidex-no-such-command": there is no such command');
      expect(await codeOf(run(["ocidex-no-such-command"], limits))).toBe("NOT_FOUND");
    });

    it("run() kills a command that takes too long, and one that prints too much", async () => {
      expect(await codeOf(run(["sleep", "60"], { ...limits, timeout: 50 }))).toBe("LIMIT");
      expect(await codeOf(run(shell("yes"), limits))).toBe("LIMIT");
    });

    it("run() does not wait for what a killed command left behind", async () => {
      expect(await codeOf(run(shell("sleep 5 & wait"), { ...limits, timeout: 50 }))).toBe("LIMIT");
    });

    it("run() gives a command any time where none is set", async () => {
      expect((await run(shell("exit 3"), { maximumOutput: 1000 })).status).toBe(3);
    });

    it("run() kills a group with all that it has started, and returns when it is gone", async () => {
      const { directory, close } = await temporaryDirectory();
      const file = `${directory}/pids`;
      const controller = new AbortController();
      const running = run(shell(`sleep 60 & echo "$! $$" > "${file}"; wait`), { maximumOutput: 1000, isGroup: true, signal: controller.signal });
      const pids = await writtenPids(file);
      controller.abort(new Error("enough"));
      await expect(running).rejects.toThrow("enough");
      expect(pids.filter(isRunning)).toEqual([]);
      await close();
    });

    it("run() ends with the reason of its signal", async () => {
      const reason = new Error("enough");
      const controller = new AbortController();
      const running = run(["sleep", "60"], { ...limits, signal: controller.signal });
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
      await expect(run(["true"], { ...limits, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it("run() says 128 and the signal's number for a command that was killed", async () => {
      expect((await run(shell("kill -9 $$"), limits)).status).toBe(137);
    });
  });
}
