import type { ChildProcess } from "node:child_process";
import { concatBytes, OciError, quote, throwIfAborted } from "../core/base/mod.ts";
import type { CommandOptions, CommandResult, Run } from "../core/port/mod.ts";
import { osModule } from "./builtin.ts";
import { systemCode, systemWords } from "./system-error.ts";

/** Runs a command with `node:child_process`. */
export const nodeCommand: Run = async (command, options) => {
  const [program, ...parameters] = command;
  if (program === undefined) throw new OciError("INVALID", "Cannot run a command: it has no name");
  const { spawn } = await import("node:child_process");
  throwIfAborted(options.signal);
  // Windows knows no process groups.
  const isGroup = options.isGroup === true && process.platform !== "win32";
  const child = spawn(program, parameters, { stdio: "pipe", windowsHide: true, detached: isGroup });
  const limits = createLimits(program, options);
  const finished = finish(program, child, options, limits);
  try {
    return await Promise.race([finished, limits.exceeded]);
  } catch (error) {
    if (isGroup) await killGroup(child, finished);
    throw error;
  } finally {
    limits.release();
    kill(child);
  }
};

interface Limits {
  /** Rejects when a limit is passed. */
  readonly exceeded: Promise<never>;
  /** Counts output. */
  count(bytes: number): void;
  release(): void;
}

function createLimits(program: string, options: CommandOptions): Limits {
  let reject: (reason: unknown) => void = () => {};
  const exceeded = new Promise<never>((_, rejected) => {
    reject = rejected;
  });
  exceeded.catch(() => {});
  const stop = (what: string): void => reject(new OciError("LIMIT", `Cannot run ${quote(program)}: ${what}`));
  const abort = (): void => reject(options.signal?.reason);
  const { timeout } = options;
  const timer = timeout === undefined ? undefined : setTimeout(() => stop(`it did not end within ${timeout} ms`), timeout);
  options.signal?.addEventListener("abort", abort, { once: true });
  let size = 0;
  return {
    exceeded,
    count(bytes) {
      size += bytes;
      if (size > options.maximumOutput) stop(`it printed more than ${options.maximumOutput} bytes`);
    },
    release() {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    },
  };
}

function finish(program: string, child: ChildProcess, options: CommandOptions, limits: Limits): Promise<CommandResult> {
  const output = collect(child.stdout, limits);
  const errors = collect(child.stderr, limits);
  // A command need not read its input.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input);
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const code = systemCode(cause) === "ENOENT" ? "NOT_FOUND" : "IO";
      reject(new OciError(code, `Cannot run ${quote(program)}: ${code === "NOT_FOUND" ? "there is no such command" : systemWords(cause)}`, { cause }));
    });
    child.once("close", (status, signal) => {
      resolve({
        status: status ?? 128 + (signal === null ? 0 : osModule().constants.signals[signal]),
        output: concatBytes(output),
        errors: concatBytes(errors),
      });
    });
  });
}

function collect(stream: NodeJS.ReadableStream | null, limits: Limits): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  stream?.on("data", (piece: Uint8Array) => {
    pieces.push(piece);
    limits.count(piece.length);
  });
  stream?.on("error", () => {});
  return pieces;
}

/** Milliseconds in which a group that was killed is gone; one that hangs in the system is left alone. */
const longestEnd = 5000;

/** The pipes close when the last process that holds them has ended. */
async function killGroup({ pid }: ChildProcess, finished: Promise<unknown>): Promise<void> {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // They have ended, or belong to somebody else by now.
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise((resolve) => {
    timer = setTimeout(resolve, longestEnd);
  });
  await Promise.race([finished.catch(() => {}), waited]);
  clearTimeout(timer);
}

/** Ends what is left of the command; its own children may hold the pipes open. */
function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) child.kill("SIGKILL");
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
}
