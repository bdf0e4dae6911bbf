import { afterAll, describe, expect, it } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArchives, openWorkFiles } from "../../../src/core/content/mod.ts";
import { openArchivePlace } from "../../../src/core/transport/oci/mod.ts";
import { nodeHost } from "../../../src/host/node.ts";

const root = mkdtempSync(join(tmpdir(), "ocidex-archive-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly names: readonly string[];
  readonly status: number | null;
  readonly errors: string;
}

function addEntries(path: string, prefix: string, { count, killAfter }: { readonly count: number; readonly killAfter?: number }): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "add-archive-entries.ts"), path, prefix, String(count)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { names: "", errors: "" };
  child.stdout.on("data", (piece) => {
    output.names += piece;
    if (killAfter !== undefined && output.names.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  child.stderr.on("data", (piece) => (output.errors += piece));
  return new Promise((resolve) => child.on("close", (status) => resolve({ names: output.names.split("\n").slice(0, -1), status, errors: output.errors })));
}

/** Returns which of `names` the archive lacks. */
async function missingIn(path: string, names: readonly string[]): Promise<readonly string[]> {
  const host = nodeHost();
  const archives = openArchives(host, openWorkFiles(host));
  const found = await Promise.all(
    names.map(async (reference) => {
      const { source } = await openArchivePlace(host, archives, { transport: "oci-archive", path, reference });
      return (await source.resolve()).value.annotations?.reference === reference;
    }),
  );
  return names.filter((_, at) => !found[at]);
}

describe("openArchivePlace() among processes", () => {
  it("putRoot() of 6 processes with 8 entries each loses none and leaves nothing beside", async () => {
    const path = join(root, "many", "app.tar");
    await nodeHost().files.makeDirectory(join(root, "many"));
    const results = await Promise.all(Array.from({ length: 6 }, (_, at) => addEntries(path, `p${at}-`, { count: 8 })));
    expect(results.map(({ status, errors }) => ({ status, errors }))).toEqual(results.map(() => ({ status: 0, errors: "" })));
    const names = results.flatMap((result) => result.names);
    expect(names.length).toBe(48);
    expect(await missingIn(path, names)).toEqual([]);
    expect(readdirSync(join(root, "many"))).toEqual(["app.tar"]);
  }, 60_000);

  it("putRoot() of processes that are killed leaves the archive whole with every acknowledged entry", async () => {
    const path = join(root, "killed", "app.tar");
    await nodeHost().files.makeDirectory(join(root, "killed"));
    const results = await Promise.all(Array.from({ length: 3 }, (_, at) => addEntries(path, `k${at}-`, { count: 1000, killAfter: 3 + at })));
    const names = results.flatMap((result) => result.names);
    expect(names.length).toBeGreaterThan(6);
    expect(await missingIn(path, names)).toEqual([]);
    const after = await addEntries(path, "after-", { count: 1 });
    expect(after).toEqual({ names: ["after-0"], status: 0, errors: "" });
  }, 60_000);
});
