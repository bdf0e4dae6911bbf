import { describe, expect, it } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

describe("a cache that many processes use", () => {
  it("never gives anybody anything wrong, whoever writes and sweeps", async () => {
    const root = mkdtempSync(join(tmpdir(), "ocidex-cache-"));
    try {
      const children = Array.from({ length: 6 }, () =>
        Bun.spawn([process.execPath, join(import.meta.dir, "cache-child.ts"), join(root, "cache"), "150"], { stdout: "pipe", stderr: "inherit" }),
      );
      const told = await Promise.all(children.map(async (child) => JSON.parse(await new Response(child.stdout).text()) as { hits: number; wrong: number }));
      expect(await Promise.all(children.map((child) => child.exited))).toEqual(children.map(() => 0));
      expect(told.map(({ wrong }) => wrong)).toEqual(children.map(() => 0));
      expect(told.some(({ hits }) => hits > 0)).toBe(true);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
