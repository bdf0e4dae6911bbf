import { expect } from "bun:test";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { freeContent } from "../../src/core/store/free.ts";
import { openKeptFiles } from "../../src/core/store/kept-files.ts";
import type { ListStore } from "../../src/core/store/mod.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { sweep } from "../../src/core/store/sweep.ts";
import { memoryClock, memoryHost } from "../../src/host/memory.ts";
import { contentIn, type Image, imageOf, keepIn, putImage, withKept, withoutImage } from "./kept-sample.ts";
import { app, type Operation, storeOn, testOperations } from "./operations.ts";
import { emptyState } from "./sample.ts";

const [first, second] = [imageOf("first", ["shared"]), imageOf("second", ["shared"])];
const idOf = async (store: ListStore) => (await store.find("app"))?.id ?? "";
const keep = async (store: ListStore, image: Image) => keepIn(store, await idOf(store), image);
const one = (store: ListStore) => store.create("app", emptyState);
const oneKept = async (store: ListStore) => {
  await one(store);
  await keep(store, first);
};
const twoKept = async (store: ListStore) => {
  await oneKept(store);
  await keep(store, second);
};

const operations: readonly Operation[] = [
  { name: "keep()", before: `${app}=0`, after: `${app}=1`, prepare: one, run: (store) => keep(store, first) },
  { name: "keep() of what is there in part", before: `${app}=1`, after: `${app}=2`, prepare: oneKept, run: (store) => keep(store, second) },
  {
    name: "keep() with a list",
    before: "",
    after: `${app}=1`,
    prepare: async () => {},
    run: (store) =>
      store.keep(async (keeper) => {
        await putImage(keeper, first);
        await store.create("app", withKept(emptyState, first));
      }),
  },
  {
    name: "edit() that drops what is kept",
    before: `${app}=2`,
    after: `${app}=1`,
    prepare: twoKept,
    run: async (store) => store.edit(await idOf(store), (state) => withoutImage(state, first.document.descriptor.digest)),
  },
  { name: "remove() of a list that keeps content", before: `${app}=2`, after: "", prepare: twoKept, run: async (store) => store.remove(await idOf(store)) },
];

testOperations(operations, expectUsable);

/** Another process goes on from there, and in the end nothing is left. */
async function expectUsable(files: FileSystem): Promise<void> {
  const store = storeOn(files);
  if ((await store.find("app")) === undefined) await one(store);
  await keep(store, second);
  for (const { descriptor } of second.pieces) expect(await store.content.holds(descriptor)).toBe(true);
  await store.remove(await idOf(store));
  const host = { ...memoryHost({ clock: memoryClock(1e12 + 1e9) }), files };
  const shelves = openShelves(host, "/data/ocidex");
  await sweep(shelves);
  await freeContent(shelves, openKeptFiles(host, "/data/ocidex", shelves.prepare));
  expect(await contentIn(files, "/data/ocidex/content")).toEqual([]);
}
