import { describe, expect, it } from "bun:test";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { createList } from "../../src/core/store/create.ts";
import { openListStore } from "../../src/core/store/mod.ts";
import { openShelves, type StoreHost } from "../../src/core/store/shelves.ts";
import { sweep } from "../../src/core/store/sweep.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { emptyState } from "./sample.ts";
import { createSimulation } from "./simulation.ts";

const root = "/data/ocidex";
const later = 1e9;

function hostOn(files: FileSystem, seed: number, now = 0): StoreHost {
  return { ...memoryHost({ clock: memoryClock(now), random: memoryRandom(seed) }), files };
}

/** Leaves what a maker leaves that dies before its list counts. */
async function leaveOrphan(files: FileSystem, seed: number): Promise<string> {
  const shelves = openShelves(hostOn(files, seed), root);
  await shelves.prepare();
  const id = "ab".repeat(32);
  expect(await shelves.writeList({ id, name: "localhost/app:latest", created: 0, modified: 0, ...emptyState })).toBe(true);
  return id;
}

describe("sweep()", () => {
  it("removes a list that never came to count, which nobody sees before either", async () => {
    const { files } = memoryHost({ clock: memoryClock() });
    const id = await leaveOrphan(files, 1);
    const store = openListStore(hostOn(files, 2), { root: "/data" });
    expect(await store.all()).toEqual({ records: [], damaged: [] });
    expect(await store.find(id)).toBeUndefined();
    await expect(store.edit(id, (state) => ({ ...state, features: { x: [] } }))).rejects.toThrow("there is no such list");
    const { id: kept } = await store.create("other", emptyState);
    await sweep(openShelves(hostOn(files, 3, later), root));
    expect(await files.list(`${root}/lists`)).toEqual([kept]);
  });

  it("leaves alone what is younger than an hour", async () => {
    const { files } = memoryHost({ clock: memoryClock() });
    const id = await leaveOrphan(files, 1);
    await files.makeDirectory(`${root}/tmp/0123`);
    await sweep(openShelves(hostOn(files, 2, 3_599_000), root));
    expect(await files.list(`${root}/lists`)).toEqual([id]);
    expect(await files.list(`${root}/tmp`)).toEqual(["0123"]);
    await sweep(openShelves(hostOn(files, 2, 3_601_000), root));
    expect([await files.list(`${root}/lists`), await files.list(`${root}/tmp`)]).toEqual([[], []]);
  });

  it("leaves a damaged list alone", async () => {
    const { files } = memoryHost({ clock: memoryClock() });
    const id = await leaveOrphan(files, 1);
    await files.remove(`${root}/lists/${id}/1.json`);
    await (await files.create(`${root}/lists/${id}/1.json`)).close();
    await sweep(openShelves(hostOn(files, 2, later), root));
    expect(await files.list(`${root}/lists`)).toEqual([id]);
  });

  it("is run by one in 32 new lists", async () => {
    const { files } = memoryHost({ clock: memoryClock() });
    const id = await leaveOrphan(files, 1);
    const store = openListStore({ ...hostOn(files, 2, later), random: { ...memoryRandom(), number: () => 0.03 } }, { root: "/data" });
    await store.create("other", emptyState);
    expect(await files.list(`${root}/lists`)).not.toContain(id);
  });

  it("takes no list from a maker who is at work or was killed, whatever the order of calls", async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = memoryRandom(seed);
      const { files } = memoryHost({ clock: memoryClock() });
      const simulation = createSimulation(files, random);
      const made: string[] = [];
      let working = 5;
      const makers = Array.from({ length: working }, async (_, at) => {
        const process = simulation.process({ slowness: at === 0 ? 20 : 1, calls: at > 2 ? Math.floor(random.number() * 120) : Number.POSITIVE_INFINITY });
        const shelves = openShelves({ ...memoryHost({ random }), files: process.files, clock: process.clock }, root);
        const work = (async () => {
          for (let turn = 0; turn < 4; turn++) made.push((await createList(shelves, "localhost/app:latest", emptyState, { replace: true })).id);
        })();
        await Promise.race([work, process.death]);
        working--;
      });
      const sweeper = simulation.process({ slowness: 5 });
      const sweeping = (async () => {
        const shelves = openShelves({ ...memoryHost({ random }), files: sweeper.files, clock: { ...sweeper.clock, now: () => later } }, root);
        while (working > 0) await sweep(shelves);
      })();
      await simulation.run(Promise.all([...makers, sweeping]));
      const store = openListStore(hostOn(files, seed + 1000, later), { root: "/data" });
      const { records, damaged } = await store.all();
      expect(damaged).toEqual([]);
      const ids = records.map(({ id }) => id);
      expect(made.filter((id) => !ids.includes(id))).toEqual([]);
      expect(records.filter(({ names }) => names.length === 1).length).toBe(1);
      await sweep(openShelves(hostOn(files, seed + 2000, later), root));
      expect(await files.list(`${root}/lists`)).toEqual(ids.toSorted());
      expect(await files.list(`${root}/tmp`)).toEqual([]);
    }
  });
});
