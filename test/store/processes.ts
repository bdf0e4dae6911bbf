import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDigest } from "../../src/core/spec/mod.ts";
import { freeContent } from "../../src/core/store/free.ts";
import { listPlace, openKeptFiles } from "../../src/core/store/kept-files.ts";
import { openListStore } from "../../src/core/store/mod.ts";
import { keptContent } from "../../src/core/store/references.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { nodeHost } from "../../src/host/node.ts";
import { emptyState, entryOf } from "./sample.ts";

const editor = fileURLToPath(new URL("./child.ts", import.meta.url));
const keeper = fileURLToPath(new URL("./kept-child.ts", import.meta.url));

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
  /** What it has acknowledged so far, a line each. */
  readonly acknowledged: string[];
  readonly kill: () => void;
  readonly ended: Promise<void>;
  /** Resolves when it has acknowledged something. */
  readonly started: Promise<void>;
}

function startChild(program: string, ...argv: readonly (string | number)[]): Child {
  const process_ = spawn(process.execPath, [program, ...argv.map(String)], { stdio: ["ignore", "pipe", "inherit"] });
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
    const children = Array.from({ length: processes }, (_, at) => startChild(editor, root, id, at * edits, (at + 1) * edits));
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
export function runKills(options: KillOptions): Promise<CrowdResult> {
  return withList((root, id) => killEach(options, (at) => startChild(editor, root, id, 1000 * at, 1000 * at + 1000)));
}

/** Starts children, kills each at a random moment after its first acknowledgement, and returns what they have acknowledged. */
async function killEach({ kills, width, within }: KillOptions, start: (at: number) => Child): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < kills) {
      const child = start(started++);
      await Promise.race([child.started, child.ended]);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * within));
      child.kill();
      await child.ended;
      acknowledged.push(...child.acknowledged);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return acknowledged;
}

/** What is left of lists that a crowd filled and emptied. */
export interface KeptCrowdResult {
  /** How many edits were acknowledged. */
  readonly acknowledged: number;
  /** Pieces that a record refers to and that cannot be read. */
  readonly missing: readonly string[];
  /** Pieces the store has and no record refers to, when everybody has gone for more than an hour and content is freed once more. */
  readonly left: readonly string[];
}

/** Lets processes keep and drop images in two lists, kills each at a random moment, and looks what is there. */
export async function runKeptKills(options: KillOptions): Promise<KeptCrowdResult> {
  const root = mkdtempSync(join(tmpdir(), "ocidex-processes-"));
  try {
    const store = openListStore(nodeHost(), { root });
    const lists = [await store.create("one", emptyState), await store.create("two", emptyState)].map(({ id }) => id);
    const acknowledged = await killEach(options, () => startChild(keeper, root, ...lists));
    const needed = new Set<string>();
    const missing: string[] = [];
    for (const record of (await store.all()).records) {
      for (const { digest, size } of (await keptContent(store.content, record)).values()) {
        needed.add(digest);
        if (!(await store.content.holds({ digest, size }))) missing.push(digest);
      }
    }
    const host = { ...nodeHost(), clock: { ...nodeHost().clock, now: () => Date.now() + 2 * 3_600_000 } };
    const shelves = openShelves(host, join(root, "ocidex"));
    const kept = openKeptFiles(host, join(root, "ocidex"), shelves.prepare);
    await freeContent(shelves, kept);
    const there = (await Promise.all([kept.main, ...(await kept.asides())].map((place) => listPlace(host, place)))).flat();
    for (const digest of needed) if (!there.includes(parseDigest(digest))) missing.push(digest);
    return { acknowledged: acknowledged.length, missing, left: there.filter((digest) => !needed.has(digest)) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Returns the digests of the first `count` entries. */
export function digestsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at): string => entryOf(at).digest).sort();
}
