import { afterAll, describe, expect, it } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLayoutPlace } from "../../../src/core/transport/oci/mod.ts";
import { nodeHost } from "../../../src/host/node.ts";

const root = mkdtempSync(join(tmpdir(), "ocidex-layout-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Adding {
  readonly child: ChildProcess;
  /** Names that were acknowledged, and how the process ended. */
  readonly ended: Promise<{ readonly names: readonly string[]; readonly status: number | null; readonly errors: string }>;
}

function addEntries(path: string, prefix: string, count: number): Adding {
  const child = spawn(process.execPath, [join(import.meta.dirname, "add-entries.ts"), path, prefix, String(count)], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { names: "", errors: "" };
  child.stdout.on("data", (piece) => (output.names += piece));
  child.stderr.on("data", (piece) => (output.errors += piece));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, ended: ended.then((status) => ({ names: output.names.split("\n").slice(0, -1), status, errors: output.errors })) };
}

/** Returns the names in `index.json`, which must be whole. */
function namesIn(path: string): readonly string[] {
  const index = JSON.parse(readFileSync(join(path, "index.json"), "utf8"));
  return index.manifests.map((entry: { readonly annotations: Readonly<Record<string, string>> }) => entry.annotations["org.opencontainers.image.ref.name"]);
}

describe("openLayoutPlace() among processes", () => {
  it("putRoot() of 12 processes with 25 entries each loses none and leaves nothing beside", async () => {
    const path = join(root, "many");
    const results = await Promise.all(Array.from({ length: 12 }, (_, at) => addEntries(path, `p${at}-`, 25).ended));
    expect(results.map(({ status, errors }) => ({ status, errors }))).toEqual(results.map(() => ({ status: 0, errors: "" })));
    const names = results.flatMap((result) => result.names);
    expect(names.length).toBe(300);
    expect([...namesIn(path)].sort()).toEqual([...names].sort());
    expect(readdirSync(path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  }, 60_000);

  it("putRoot() of processes that are killed leaves index.json whole with every acknowledged entry", async () => {
    const path = join(root, "killed");
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const adding = Array.from({ length: 3 }, (_, at) => addEntries(path, `r${round}-${at}-`, 1000));
      await Promise.all(adding.map(({ child }) => new Promise((resolve) => child.stdout?.once("data", resolve))));
      for (const [at, { child }] of adding.entries()) {
        await new Promise((resolve) => setTimeout(resolve, (round * 7 + at * 3) % 11));
        child.kill("SIGKILL");
      }
      for (const { ended } of adding) acknowledged.push(...(await ended).names);
      const there = new Set(namesIn(path));
      expect(acknowledged.filter((name) => !there.has(name))).toEqual([]);
    }
    const host = nodeHost();
    const { source, target } = await openLayoutPlace(host, { transport: "oci", path, reference: "after" });
    await target.putRoot(await (await openLayoutPlace(host, { transport: "oci", path, position: 0 })).source.resolve());
    expect((await source.resolve()).descriptor.size).toBeGreaterThan(0);
    expect(readdirSync(path).filter((name) => name.endsWith(".lock"))).toEqual([]);
  }, 120_000);
});
