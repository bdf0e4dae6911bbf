import { afterEach, beforeEach, describe, expect, it } from "bun:test";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOciError } from "../../src/core/base/mod.ts";
import { encodeRemoval } from "../../src/core/store/list-record.ts";
import { type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { type Place, places } from "./hosts.ts";
import { emptyState, withEntry } from "./sample.ts";

const openPlace = places[1]?.[1];

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(path, bytes);
}

const damages: readonly (readonly [name: string, damage: (path: string) => void])[] = [
  ["a flipped bit", flip],
  ["a missing end", (path) => truncateSync(path, statSync(path).size - 1)],
  ["no content", (path) => truncateSync(path, 0)],
  ["other content", (path) => writeFileSync(path, '{"version":1}\n{"version":1}\n')],
];

async function failureOf(action: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  return action.then(
    () => ({ code: "none", message: "" }),
    (error: unknown) => (isOciError(error) ? { code: error.code, message: error.message } : { code: "other", message: String(error) }),
  );
}

describe.each(damages)("a list store with %s", (_, damage) => {
  let place: Place;
  let store: ListStore;
  let ids: { readonly app: string; readonly other: string };
  beforeEach(async () => {
    if (openPlace === undefined) throw new Error("there is no host with files");
    place = openPlace();
    store = openListStore(place.host, { root: place.root });
    ids = { app: (await store.create("app", withEntry(emptyState, 1))).id, other: (await store.create("other", emptyState)).id };
  });
  afterEach(() => place.remove());

  it("in a list reports that list, leaves it alone, and serves the others", async () => {
    const [path = ""] = filesIn(join(place.root, "ocidex", "lists", ids.app));
    damage(path);
    const damaged = readFileSync(path);
    for (const action of [
      () => store.find("app"),
      () => store.find(ids.app),
      () => store.find(ids.app.slice(0, 20)),
      () => store.edit(ids.app, (state) => withEntry(state, 2)),
    ]) {
      const { code, message } = await failureOf(action());
      expect([code, message.includes(`"${path}"`)]).toEqual(["DAMAGED", true]);
    }
    await expect(store.create("app", emptyState)).rejects.toThrow("is already in use");
    expect(Buffer.compare(readFileSync(path), damaged)).toBe(0);
    await expectOtherServed();
    const { records, damaged: reported } = await store.all();
    expect(records.map(({ id }) => id)).toEqual([ids.other]);
    expect(reported.map(({ code }) => code)).toEqual(["DAMAGED"]);
  });

  it("in names reports every use of them and serves the others", async () => {
    const path = filesIn(join(place.root, "ocidex", "names")).find((file) => readFileSync(file, "utf8").includes("localhost/app:latest")) ?? "";
    damage(path);
    for (const action of [
      () => store.find("app"),
      () => store.create("app", emptyState),
      () => store.create("app", emptyState, { replace: true }),
      () => store.untag("app"),
      () => store.edit(ids.app, (state) => withEntry(state, 2)),
    ]) {
      const { code, message } = await failureOf(action());
      expect([code, message.includes(`"${path}"`)]).toEqual(["DAMAGED", true]);
    }
    await expectOtherServed();
    expect((await store.all()).damaged.map(({ code }) => code)).toEqual(["DAMAGED"]);
  });

  it("removes a damaged list when it is told to by ID or name", async () => {
    for (const path of filesIn(join(place.root, "ocidex", "lists"))) damage(path);
    await store.remove(ids.app);
    expect(await store.find("app")).toBeUndefined();
    expect(await store.untag("other")).toEqual({ removed: true, id: ids.other });
    expect(await store.all()).toEqual({ records: [], damaged: [] });
    expect((await store.create("app", emptyState)).names).toEqual(["localhost/app:latest"]);
  });

  it("in the record of a list that was removed, whose name is left, reports it like any other", async () => {
    const shelves = openShelves(place.host, join(place.root, "ocidex"));
    const list = { id: ids.app, name: "localhost/app:latest" };
    const outcome = await shelves.registers.update(shelves.listPath(ids.app), async () => encodeRemoval(place.host.hash, list, { generation: 2, nonce: "x" }));
    expect([outcome, await store.find("app")]).toEqual(["written", undefined]);
    const path = join(shelves.listPath(ids.app), "2.json");
    damage(path);
    const { code, message } = await failureOf(store.find("app"));
    expect([code, message.includes(`"${path}"`)]).toEqual(["DAMAGED", true]);
    await expect(store.create("app", emptyState)).rejects.toThrow("is already in use");
    await expectOtherServed();
    await store.remove(ids.app);
    expect((await store.create("app", emptyState)).names).toEqual(["localhost/app:latest"]);
    expect((await store.all()).damaged).toEqual([]);
  });

  it("in everything still removes a list by its ID", async () => {
    for (const path of [...filesIn(join(place.root, "ocidex", "lists")), ...filesIn(join(place.root, "ocidex", "names"))]) damage(path);
    await store.remove(ids.app);
    expect((await store.all()).damaged.length).toBe(1);
    await store.remove(ids.other);
    expect(await store.all()).toEqual({ records: [], damaged: [] });
  });

  async function expectOtherServed(): Promise<void> {
    expect((await store.find("other"))?.id).toBe(ids.other);
    expect((await store.edit(ids.other, (state) => withEntry(state, 3))).index.manifests.length).toBe(1);
    expect((await store.create("third", emptyState)).names).toEqual(["localhost/third:latest"]);
    await store.untag("third");
  }
});
