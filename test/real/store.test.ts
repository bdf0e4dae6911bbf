import { describe, expect, it } from "bun:test";
import { digestsOf, runCrowd, runKills } from "../store/processes.ts";

const hour = 60 * 60 * 1000;

describe("ListStore.edit()", () => {
  it(
    "loses none of 6400 edits of 64 processes",
    async () => {
      const start = performance.now();
      const { acknowledged, entries, damaged } = await runCrowd(64, 100);
      console.log(`64 processes, 100 edits each: ${Math.round((performance.now() - start) / 1000)} s`);
      expect(acknowledged.length).toBe(6400);
      expect([...entries].sort()).toEqual(digestsOf(6400));
      expect(damaged).toBe(0);
    },
    hour,
  );

  it(
    "loses no acknowledged edit of 300 processes that are killed, and damages nothing",
    async () => {
      const { acknowledged, entries, damaged } = await runKills({ kills: 300, width: 4, within: 60 });
      const present = new Set(entries);
      expect(acknowledged.filter((digest) => !present.has(digest))).toEqual([]);
      expect(acknowledged.length).toBeGreaterThanOrEqual(300);
      expect(present.size).toBe(entries.length);
      expect(damaged).toBe(0);
    },
    hour,
  );
});
