import { readFileSync } from "node:fs";
import type { Ran } from "./helper.ts";

/** What a command left, and what it took. */
export interface Measured extends Ran {
  /** Most memory it had resident at once, in bytes. */
  readonly peak: number;
  /** Seconds of the processor, of the system's part too. */
  readonly cpu: number;
  /** Milliseconds from start to end. */
  readonly wall: number;
}

/** A command that runs. */
export interface Running {
  /** What it leaves, once it has ended. */
  readonly ended: Promise<Measured>;
  /** Sends it a signal. */
  kill(signal: NodeJS.Signals): void;
}

/** Options of {@linkcode start}. */
export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Looks at the memory every few milliseconds. @default false, then `peak` is 0 */
  readonly memory?: boolean;
}

/** Starts a command and lets it run, for servers of this process to answer it. */
export function start(command: readonly string[], { cwd, env, memory = false }: StartOptions = {}): Running {
  const began = performance.now();
  const child = Bun.spawn([...command], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let peak = 0;
  const timer = memory ? setInterval(() => (peak = Math.max(peak, highWater(child.pid))), 5) : undefined;
  const ended = async (): Promise<Measured> => {
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    const wall = performance.now() - began;
    clearInterval(timer);
    return { status: child.signalCode === null ? code : 128, stdout, stderr, peak, cpu: Number(child.resourceUsage()?.cpuTime.total ?? 0n) / 1e6, wall };
  };
  return { ended: ended(), kill: (signal) => child.kill(signal) };
}

/** What the kernel has counted so far; the figure for a child that `wait4` gives begins with that of its parent. */
function highWater(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
