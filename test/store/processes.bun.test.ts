import { describe, expect, it } from "bun:test";
import { digestsOf, runCrowd, runKeptKills, runKills } from "./processes.ts";

describe("ListStore.edit()", () => {
  it("loses none of the edits of many processes", async () => {
    const { acknowledged, entries, damaged } = await runCrowd(8, 25);
    expect([...acknowledged].sort()).toEqual(digestsOf(200));
    expect([...entries].sort()).toEqual(digestsOf(200));
    expect(damaged).toBe(0);
  }, 120_000);

  it("loses no acknowledged edit of processes that are killed, and damages nothing", async () => {
    const { acknowledged, entries, damaged } = await runKills({ kills: 15, width: 3, within: 60 });
    expect(acknowledged.filter((digest) => !entries.includes(digest))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(15);
    expect(new Set(entries).size).toBe(entries.length);
    expect(entries.length - acknowledged.length).toBeLessThanOrEqual(15);
    expect(damaged).toBe(0);
  }, 120_000);
});

describe("ListStore.keep()", () => {
  it("loses nothing that a record refers to, and leaves nothing else, of processes that are killed", async () => {
    const { acknowledged, missing, left } = await runKeptKills({ kills: 12, width: 4, within: 250 });
    expect({ missing, left }).toEqual({ missing: [], left: [] });
    expect(acknowledged).toBeGreaterThanOrEqual(12);
  }, 120_000);
});
