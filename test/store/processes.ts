import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openListStore } from "../../src/core/store/mod.ts";
import { nodeHost } from "../../src/host/node.ts";
import { emptyState, entryOf } from "./sample.ts";

const program = fileURLToPath(new URL("./child.ts", import.meta.url));

/** What a crowd of processes did to one list. */
export interface CrowdResult {
  /** Digests of the edits that were acknowledged, in no order. */
  readonly acknowledged: readonly string[];
  /** Digests of the entries that are there, in their order. */
  readonly entries: readonly string[];
  /** Records that cannot be read. */
  readonly damaged: number;
}

/** Runs `action` on a new list in a directory of its own, and returns what is in the list afterwards. */
async function withList(action: (root: string, id: string) => Promise<readonly string[]>): Promise<CrowdResult> {
  const root = mkdtempSync(join(tmpdir(), "ocidex-processes-"));
  try {
    const store = openListStore(nodeHost(), { root });
    const { id } = await store.create("app", emptyState);
    const acknowledged = await action(root, id);
    const { damaged } = await store.all();
    const list = await store.find("app");
    return { acknowledged, entries: list?.index.manifests.map(({ digest }) => digest) ?? [], damaged: damaged.length };
  } finally {
    rmSync(root, { recursive: true });
  }
}

interface Child {
  /** Digests it has acknowledged so far. */
  readonly acknowledged: string[];
  readonly kill: () => void;
  readonly ended: Promise<void>;
  /** Resolves when it has acknowledged something. */
  readonly started: Promise<void>;
}

function startChild(root: string, id: string, [first, last]: readonly [number, number]): Child {
  const process_ = spawn(process.execPath, [program, root, id, String(first), String(last)], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: string[] = [];
  let text = "";
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  process_.stdout.setEncoding("utf8").on("data", (piece: string) => {
    const lines = `${text}${piece}`.split("\n");
    text = lines.pop() ?? "";
    acknowledged.push(...lines);
    if (lines.length > 0) start();
  });
  const ended = new Promise<void>((resolve, reject) => {
    process_.on("error", reject);
    process_.on("close", () => resolve());
  });
  return { acknowledged, ended, started, kill: () => void process_.kill("SIGKILL") };
}

/** Lets `processes` processes add `edits` entries each to one list, all at once. */
export function runCrowd(processes: number, edits: number): Promise<CrowdResult> {
  return withList(async (root, id) => {
    const children = Array.from({ length: processes }, (_, at) => startChild(root, id, [at * edits, (at + 1) * edits]));
    await Promise.all(children.map(({ ended }) => ended));
    return children.flatMap(({ acknowledged }) => acknowledged);
  });
}

/** Options of {@linkcode runKills}. */
export interface KillOptions {
  /** How many processes are killed. */
  readonly kills: number;
  /** How many run at once. */
  readonly width: number;
  /** Milliseconds within which each is killed after its first acknowledged edit. */
  readonly within: number;
}

/** Lets processes edit one list and kills each at a random moment with SIGKILL; `width` of them run at any time. */
export function runKills({ kills, width, within }: KillOptions): Promise<CrowdResult> {
  return withList(async (root, id) => {
    const acknowledged: string[] = [];
    let started = 0;
    const lane = async (): Promise<void> => {
      while (started < kills) {
        const first = 1000 * started++;
        const child = startChild(root, id, [first, first + 1000]);
        await Promise.race([child.started, child.ended]);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * within));
        child.kill();
        await child.ended;
        acknowledged.push(...child.acknowledged);
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
    return acknowledged;
  });
}

/** Returns the digests of the first `count` entries. */
export function digestsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at): string => entryOf(at).digest).sort();
}
