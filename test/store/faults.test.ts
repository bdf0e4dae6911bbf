import { describe, expect, it } from "bun:test";
import { OciError } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { type ListRecord, type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { keptContent } from "../../src/core/store/references.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { type Fault, faultyFiles, readOnlyFiles } from "./faults.ts";
import { forgetfulFiles } from "./forgetful.ts";
import { type Image, imageOf, keepIn, putImage, withKept, withoutImage } from "./kept-sample.ts";
import { emptyState, withEntry } from "./sample.ts";

const root = "/data";

const random = memoryRandom();

function storeOn(files: FileSystem): ListStore {
  return openListStore({ ...memoryHost({ clock: memoryClock(1e12), random }), files }, { root });
}

/** What of a store an operation must leave as it was or make as it should be. */
async function look(files: FileSystem): Promise<string> {
  const store = storeOn(files);
  const { records, damaged } = await store.all();
  expect(damaged).toEqual([]);
  for (const record of records) await expectWhole(store, record);
  return records.map(describeRecord).sort().join(" ");
}

function describeRecord({ names, index }: ListRecord): string {
  return `${names.join() || "nameless"}=${index.manifests.length}`;
}

/** Whatever a record says is kept can be read. */
async function expectWhole(store: ListStore, record: ListRecord): Promise<void> {
  for (const promised of (await keptContent(store.content, record)).values()) expect(await store.content.holds(promised)).toBe(true);
}

interface Operation {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly prepare: (store: ListStore) => Promise<unknown>;
  readonly run: (store: ListStore) => Promise<unknown>;
}

const app = "localhost/app:latest";
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

const [first, second] = [imageOf("first", ["shared"]), imageOf("second", ["shared"])];
const keep = async (store: ListStore, image: Image) => keepIn(store, await idOf(store), image);
const oneKept = async (store: ListStore) => {
  await one(store);
  await keep(store, first);
};
const twoKept = async (store: ListStore) => {
  await oneKept(store);
  await keep(store, second);
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

interface Result {
  readonly files: FileSystem;
  readonly isAcknowledged: boolean;
  /** Name of the call that failed; undefined when the operation made fewer calls. */
  readonly failed: string | undefined;
}

async function runWith(operation: Operation, fault: Fault, linkless: boolean): Promise<Result> {
  const memory = memoryHost({ clock: memoryClock(1e12) }).files;
  const files = linkless ? { ...memory, link: refuseLinks } : memory;
  await operation.prepare(storeOn(files));
  const faulty = faultyFiles(files, fault);
  const isAcknowledged = await operation.run(storeOn(faulty.files)).then(
    () => true,
    () => false,
  );
  return { files, isAcknowledged, failed: faulty.failed() };
}

async function refuseLinks(): Promise<never> {
  throw new OciError("UNSUPPORTED", "Cannot link: the file system refuses");
}

const kinds: readonly (readonly [name: string, linkless: boolean])[] = [
  ["with links", false],
  ["without links", true],
];

describe.each(kinds)("a list store %s", (_, linkless) => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    "is as before when a call of %s fails, and says so",
    async (_name, operation) => {
      for (let at = 1; ; at++) {
        const { files, isAcknowledged, failed } = await runWith(operation, { at }, linkless);
        const seen = await look(files);
        if (isAcknowledged) expect(seen).toBe(operation.after);
        else if (failed !== "syncDirectory") expect([at, failed, seen]).toEqual([at, failed, operation.before]);
        // Whether names are on the disk cannot be told then: all of the change is there, or nothing.
        else expect([operation.before, operation.after]).toContain(seen);
        if (failed === undefined) return expect(isAcknowledged).toBe(true);
        await expectUsable(files);
      }
    },
    60_000,
  );

  it.each(operations.map((operation) => [operation.name, operation] as const))(
    "is as before or after when the process dies at any call of %s",
    async (_name, operation) => {
      for (let at = 1; ; at++) {
        const { files, isAcknowledged, failed } = await runWith(operation, { at, dies: true }, linkless);
        expect(isAcknowledged ? [operation.after] : [operation.before, operation.after]).toContain(await look(files));
        if (failed === undefined) return expect(isAcknowledged).toBe(true);
        await expectUsable(files);
      }
    },
    60_000,
  );
});

/** Everything that was not brought to the disk is forgotten, or all of it is kept. */
const extremes = [{ number: () => 0.9 }, { number: () => 0.1 }];

describe.each(kinds)("a list store %s on a machine that dies", (_, linkless) => {
  it.each(operations.map((operation) => [operation.name, operation] as const))(
    "has what was acknowledged, at whatever call of %s",
    async (_name, operation) => {
      for (let at = 1; ; at++) {
        const disk = forgetfulFiles();
        const files = linkless ? { ...disk.files, link: refuseLinks } : disk.files;
        await operation.prepare(storeOn(files));
        const faulty = faultyFiles(files, { at, dies: true });
        const isAcknowledged = await operation.run(storeOn(faulty.files)).then(
          () => true,
          () => false,
        );
        for (const chance of [...extremes, memoryRandom(at)]) {
          const { files: left } = disk.crash(chance);
          expect(isAcknowledged ? [operation.after] : [operation.before, operation.after]).toContain(await look(left));
          if (chance === extremes[0]) await expectUsable(left);
        }
        if (faulty.failed() === undefined) return expect(isAcknowledged).toBe(true);
      }
    },
    60_000,
  );
});

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
