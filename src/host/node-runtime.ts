import type { Clock, Environment, Hash, Host } from "../core/port/mod.ts";
import { cryptoModule, osModule } from "./builtin.ts";
import { nodeCommand } from "./node-command.ts";
import { nodeCompression } from "./node-compression.ts";
import { type NodeFilesOptions, nodeFiles } from "./node-files.ts";
import { nodeTerminal } from "./node-terminal.ts";
import { webRandom } from "./web-runtime.ts";

/** A longer time overflows the timers of every runtime and fires at once. */
const longestWait = 2 ** 31 - 1;

const systems: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" };
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", mipsel: "mipsle", loong64: "loong64" };

/** Returns all of a host but `fetch`: what Node, Bun and Deno share. */
export function nodeRuntime(options: NodeFilesOptions = { pieceSize: 2 ** 16 }): Omit<Host, "fetch"> {
  return {
    files: nodeFiles(options),
    hash: nodeHash,
    compression: nodeCompression(),
    clock: nodeClock,
    random: webRandom,
    environment: nodeEnvironment(),
    run: nodeCommand,
    terminal: nodeTerminal(),
  };
}

const nodeHash: Hash = (algorithm) => {
  const hash = cryptoModule().createHash(algorithm);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: () => hash.digest("hex"),
  };
};

const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted();
    try {
      const { setTimeout: wait } = await import("node:timers/promises");
      await wait(Math.min(milliseconds, longestWait), undefined, signal && { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  after(milliseconds, task) {
    const timer = setTimeout(task, Math.min(milliseconds, longestWait));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

function nodeEnvironment(): Environment {
  const user = userNumber();
  return {
    get: (name) => process.env[name] || undefined,
    get home() {
      return homeDirectory();
    },
    ...(user !== undefined && { user }),
    os: systems[process.platform] ?? process.platform,
    architecture: architecture(),
    runtime: runtime(),
  };
}

function userNumber(): number | undefined {
  try {
    return process.getuid?.();
  } catch {
    // Deno asks for a permission.
    return undefined;
  }
}

function homeDirectory(): string | undefined {
  try {
    return osModule().homedir() || undefined;
  } catch {
    // A user number that /etc/passwd does not know.
    return undefined;
  }
}

function architecture(): string {
  const name: string = process.arch;
  if (name === "ppc64") return osModule().endianness() === "LE" ? "ppc64le" : "ppc64";
  return architectures[name] ?? name;
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun/${bun}`;
  return deno === undefined ? `node/${node}` : `deno/${deno}`;
}
