import { describe, expect, it } from "bun:test";
import { OciError } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { sweep } from "../../src/core/store/sweep.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { faultyFiles, interruptedFiles } from "./faults.ts";
import { emptyState, entryOf, withEntry } from "./sample.ts";
import { createSimulation, type Simulation } from "./simulation.ts";

const root = "/data";
const random = memoryRandom();
const later = 1e9;

function storeOn(files: FileSystem, now = 0): ListStore {
  return openListStore({ ...memoryHost({ clock: memoryClock(now), random }), files }, { root });
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "done",
    (error: unknown) => (error instanceof OciError ? error.code : String(error)),
  );
}

/** Leaves what a process leaves that dies when its removal has been published and before the name is taken away. */
async function leaveRemoved(): Promise<{ readonly files: FileSystem; readonly id: string }> {
  for (let at = 1; ; at++) {
    const { files } = memoryHost({ clock: memoryClock() });
    const { id } = await storeOn(files).create("app", withEntry(emptyState, 1));
    const faulty = faultyFiles(files, { at, dies: true });
    await storeOn(faulty.files)
      .remove(id)
      .catch(() => {});
    if (faulty.failed() === undefined) throw new Error("no process died between the removal and the name");
    if ((await storeOn(files).find(id)) === undefined) return { files, id };
  }
}

describe("ListStore.remove()", () => {
  it("with what is expected loses no edit that is made at any moment of it", async () => {
    const seen = new Set<string>();
    for (let at = 1; ; at++) {
      const { files } = memoryHost({ clock: memoryClock() });
      const { id } = await storeOn(files).create("app", emptyState);
      let edited = "not yet";
      const interrupted = interruptedFiles(files, at, async () => {
        edited = await codeOf(storeOn(files).edit(id, (state) => withEntry(state, 1)));
      });
      const removed = await codeOf(storeOn(interrupted.files).remove(id, { expected: emptyState }));
      if (!interrupted.ran()) break;
      seen.add(`${edited} ${removed}`);
      expect((await storeOn(files).find("app"))?.index.manifests.length).toBe(removed === "done" ? undefined : 1);
    }
    expect([...seen].sort()).toEqual(["NOT_FOUND done", "done CONFLICT"]);
  });

  it("ends before no edit that is acknowledged later, at whatever moment of the edit it comes", async () => {
    const seen = new Set<string>();
    for (let at = 1; ; at++) {
      const { files } = memoryHost({ clock: memoryClock() });
      const { id } = await storeOn(files).create("app", emptyState);
      let held: number | undefined;
      const interrupted = interruptedFiles(files, at, async () => {
        held = (await storeOn(files).find(id))?.index.manifests.length;
        await storeOn(files).remove(id);
      });
      const edited = await codeOf(storeOn(interrupted.files).edit(id, (state) => withEntry(state, 1)));
      if (!interrupted.ran()) break;
      // The edit was made before the removal or not at all.
      seen.add(`${held} ${edited}`);
      expect(await storeOn(files).find(id)).toBeUndefined();
    }
    expect([...seen].filter((outcome) => outcome !== "1 NOT_FOUND").sort()).toEqual(["0 NOT_FOUND", "1 done"]);
  });

  it("is done by one of several who remove the same list", async () => {
    const { files } = memoryHost({ clock: memoryClock() });
    const { id } = await storeOn(files).create("app", emptyState);
    const store = storeOn(files);
    const codes = await Promise.all([codeOf(store.remove(id)), codeOf(store.untag("app")), codeOf(store.remove(id)), codeOf(store.untag("app"))]);
    expect(codes.toSorted()).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "done"]);
  });
});

describe("a list whose remover died before it took the name away", () => {
  it("is not there for anybody", async () => {
    const { files, id } = await leaveRemoved();
    const store = storeOn(files);
    expect([await files.list(`${root}/ocidex/lists`), await store.all()]).toEqual([[id], { records: [], damaged: [] }]);
    for (const text of ["app", id, id.slice(0, 9)]) expect(await store.find(text)).toBeUndefined();
    expect(await codeOf(store.edit(id, (state) => state))).toBe("NOT_FOUND");
  });

  it.each([
    ["create()", {}],
    ["create() with replace", { replace: true }],
  ])("leaves its name to %s", async (_, options) => {
    const { files, id } = await leaveRemoved();
    const made = await storeOn(files).create("app", emptyState, options);
    expect((await storeOn(files).all()).records).toEqual([made]);
    await sweep(openShelves({ ...memoryHost({ clock: memoryClock(later), random }), files }, `${root}/ocidex`));
    expect((await storeOn(files).find("app"))?.id).toBe(made.id);
    expect(await files.list(`${root}/ocidex/lists`)).toEqual([made.id]);
    expect(made.id).not.toBe(id);
  });

  it.each([
    ["sweep()", (files: FileSystem) => sweep(openShelves({ ...memoryHost({ clock: memoryClock(later), random }), files }, `${root}/ocidex`))],
    ["another remove()", async (files: FileSystem, id: string) => expect(await codeOf(storeOn(files).remove(id))).toBe("NOT_FOUND")],
    ["an untag()", async (files: FileSystem) => expect(await codeOf(storeOn(files).untag("app"))).toBe("NOT_FOUND")],
  ])("is cleared away by %s", async (_, clear) => {
    const { files, id } = await leaveRemoved();
    await clear(files, id);
    expect(await files.list(`${root}/ocidex/lists`)).toEqual([]);
    const shelves = openShelves({ ...memoryHost({ random }), files }, `${root}/ocidex`);
    for (const shelf of await shelves.shelves()) expect(await shelves.readShelf(shelf)).toEqual({ names: {}, nameless: [] });
  });
});

interface Trial {
  readonly seed: number;
  readonly linkless: boolean;
  readonly kills: boolean;
}

/** What processes did that edited a list while another removed what it had read of it, as after a push. */
interface Outcome {
  readonly files: FileSystem;
  /** Entries whose edits were acknowledged. */
  readonly acknowledged: readonly number[];
  /** Entries the remover had read. */
  readonly read: readonly number[];
  readonly removal: string;
}

async function runTrial({ seed, linkless, kills }: Trial): Promise<Outcome> {
  const chance = memoryRandom(seed);
  const { files } = memoryHost({ clock: memoryClock() });
  const { id } = await openListStore({ ...memoryHost({ random: chance }), files }, { root }).create("app", emptyState);
  const simulation: Simulation = createSimulation(files, chance);
  const start = (slowness: number, mayDie: boolean) => {
    const process = simulation.process({ slowness, linkless, calls: mayDie ? Math.floor(chance.number() * 150) : Number.POSITIVE_INFINITY });
    return { ...process, store: openListStore({ ...memoryHost({ random: chance }), files: process.files, clock: process.clock }, { root }) };
  };
  const acknowledged: number[] = [];
  let read: readonly number[] = [];
  let removal = "died";
  const editors = [1, 3, 9].map(async (slowness, at) => {
    const { store, death } = start(slowness, false);
    const work = async () => {
      for (let turn = 0; turn < 3; turn++) {
        const code = await codeOf(store.edit(id, (state) => withEntry(state, 10 * at + turn)));
        if (code === "done") acknowledged.push(10 * at + turn);
        else expect(code).toBe("NOT_FOUND");
      }
    };
    await Promise.race([work(), death]);
  });
  const remover = (async () => {
    const { store, death } = start(2, kills);
    const work = async () => {
      for (let turn = 0; turn < 12; turn++) {
        const list = await store.find("app");
        read = list?.index.manifests.map(({ size }) => size - entryOf(0).size) ?? [];
        removal = await codeOf(store.remove(id, { expected: list ?? emptyState }));
        if (removal !== "CONFLICT") return;
      }
    };
    await Promise.race([work(), death]);
  })();
  await simulation.run(Promise.all([...editors, remover]));
  return { files, acknowledged, read, removal };
}

describe.each([
  ["with links", false],
  ["without links", true],
])("ListStore.remove() of what is expected, %s", (_, linkless) => {
  it.each([
    ["whatever the order of calls", false],
    ["when it dies at any call", true],
  ])("loses no acknowledged edit, %s", async (_name, kills) => {
    const gone: number[] = [];
    for (let seed = 1; seed <= 24; seed++) {
      const { files, acknowledged, read, removal } = await runTrial({ seed, linkless, kills });
      const list = await storeOn(files).find("app");
      const kept = list?.index.manifests.map(({ size }) => size - entryOf(0).size) ?? read;
      expect([seed, acknowledged.filter((entry) => !kept.includes(entry))]).toEqual([seed, []]);
      if (removal === "done") expect(list).toBeUndefined();
      if (list === undefined) gone.push(acknowledged.length);
      expect((await storeOn(files).all()).damaged).toEqual([]);
      if (list === undefined) expect((await storeOn(files).create("app", emptyState)).names).toEqual(["localhost/app:latest"]);
    }
    // Some lists were removed in the middle of it, after edits and before others.
    expect(gone.filter((edits) => edits > 0 && edits < 9).length).toBeGreaterThan(0);
  });
});
