import { describe, expect, it } from "bun:test";
import { isOciError } from "../../src/core/base/mod.ts";
import type { Run } from "../../src/core/port/mod.ts";

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
