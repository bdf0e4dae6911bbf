import { describe, expect, it } from "bun:test";
import type { FileSystem } from "../../src/core/port/mod.ts";
import type { ListStore } from "../../src/core/store/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { readOnlyFiles } from "./faults.ts";
import { app, type Operation, storeOn, testOperations } from "./operations.ts";
import { emptyState, withEntry } from "./sample.ts";

const one = (store: ListStore) => store.create("app", emptyState);
/** The next edit prunes. */
const many = async (store: ListStore) => {
  const { id } = await one(store);
  for (let at = 0; at < 6; at++) await store.edit(id, (state) => withEntry(state, at));
};
const idOf = async (store: ListStore) => (await store.find("app"))?.id ?? "";

const replaced = async (store: ListStore) => {
  await one(store);
  await store.create("app", emptyState, { replace: true });
};
const removeNameless = async (store: ListStore) => {
  const { records } = await store.all();
  for (const { id, names } of records) if (names.length === 0) await store.remove(id);
};

const operations: readonly Operation[] = [
  { name: "create() in a new store", before: "", after: `${app}=0`, prepare: async () => {}, run: one },
  {
    name: "create() in a shelf that is there",
    before: "",
    after: `${app}=0`,
    prepare: async (store) => store.remove((await one(store)).id),
    run: one,
  },
  {
    name: "create() with replace",
    before: `${app}=0`,
    after: `${app}=1 nameless=0`,
    prepare: one,
    run: (store) => store.create("app", withEntry(emptyState, 1), { replace: true }),
  },
  {
    name: "edit()",
    before: `${app}=0`,
    after: `${app}=1`,
    prepare: one,
    run: async (store) => store.edit(await idOf(store), (state) => withEntry(state, 1)),
  },
  {
    name: "edit() that prunes",
    before: `${app}=6`,
    after: `${app}=7`,
    prepare: many,
    run: async (store) => store.edit(await idOf(store), (state) => withEntry(state, 9)),
  },
  { name: "remove()", before: `${app}=0`, after: "", prepare: one, run: async (store) => store.remove(await idOf(store)) },
  {
    name: "remove() of what is expected",
    before: `${app}=0`,
    after: "",
    prepare: one,
    run: async (store) => store.remove(await idOf(store), { expected: (await store.find("app")) ?? emptyState }),
  },
  { name: "remove() of a list without name", before: `${app}=0 nameless=0`, after: `${app}=0`, prepare: replaced, run: removeNameless },
  { name: "untag()", before: `${app}=0`, after: "", prepare: one, run: (store) => store.untag("app") },
];

testOperations(operations, expectUsable);

/** Another process goes on from there. */
async function expectUsable(files: FileSystem): Promise<void> {
  const store = storeOn(files);
  const { id } = (await store.find("app")) ?? (await store.create("app", emptyState));
  const before = (await store.find(id))?.index.manifests.length ?? 0;
  for (let at = 0; at < 9; at++) await store.edit(id, (state) => withEntry(state, 100 + at));
  expect((await store.find("app"))?.index.manifests.length).toBe(before + 9);
  await store.remove(id);
  expect(await store.find("app")).toBeUndefined();
}

describe("ListStore on a read-only file system", () => {
  it("reads everything and refuses every change", async () => {
    const { files } = memoryHost();
    const { id } = await storeOn(files).create("app", withEntry(emptyState, 1));
    const store = storeOn(readOnlyFiles(files));
    expect((await store.find("app"))?.id).toBe(id);
    expect((await store.find(id.slice(0, 8)))?.index.manifests.length).toBe(1);
    expect((await store.all()).records.length).toBe(1);
    for (const change of [
      () => store.create("other", emptyState),
      () => store.create("app", emptyState, { replace: true }),
      () => store.edit(id, (state) => withEntry(state, 2)),
      () => store.untag("app"),
      () => store.remove(id),
    ]) {
      await expect(change()).rejects.toThrow("EROFS");
    }
    expect((await store.find("app"))?.index.manifests.length).toBe(1);
  });
});
