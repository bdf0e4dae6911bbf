import { afterEach, beforeEach, describe, expect, it } from "bun:test";
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { OciError, streamBytes } from "../../src/core/base/mod.ts";
import { digestBytes } from "../../src/core/content/mod.ts";
import { type ListState, type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { type Place, places } from "./hosts.ts";
import { emptyState, withEntry } from "./sample.ts";

describe.each(places)("openListStore() on %s", (_, open) => {
  let place: Place;
  let store: ListStore;
  beforeEach(() => {
    place = open();
    store = openListStore(place.host, { root: place.root });
  });
  afterEach(() => place.remove());

  it("makes nothing before the first write, and reads a missing store as one without lists", async () => {
    expect(await store.find("app")).toBeUndefined();
    expect(await store.find("abcdef")).toBeUndefined();
    expect(await store.all()).toEqual({ records: [], damaged: [] });
    await expect(store.untag("app")).rejects.toThrow('Cannot untag list "localhost/app:latest": there is no such list');
    await expect(store.remove("ab".repeat(32))).rejects.toThrow("there is no such list");
    await expect(store.edit("ab".repeat(32), (state) => state)).rejects.toThrow("there is no such list");
    expect(await place.host.files.status(place.host.files.join(place.root, "ocidex"))).toBeUndefined();
  });

  it("finds a list by name, full ID and ID prefix", async () => {
    const made = await store.create("app", withEntry(emptyState, 1));
    expect(made.id).toMatch(/^[0-9a-f]{64}$/);
    expect(made.names).toEqual(["localhost/app:latest"]);
    for (const text of ["app", "localhost/app:latest", made.id, `sha256:${made.id}`, made.id.slice(0, 3), made.id.slice(0, 12)]) {
      expect(await store.find(text)).toEqual(made);
    }
    for (const text of [made.id.slice(0, 2), "app:1", "other", "UPPER", "docker://app", ""]) expect(await store.find(text)).toBeUndefined();
  });

  it("takes a name before an ID prefix", async () => {
    const first = await store.create("first", emptyState);
    const prefix = first.id.slice(0, 4);
    const named = await store.create(prefix, emptyState);
    expect((await store.find(prefix))?.id).toBe(named.id);
    expect((await store.find(first.id.slice(0, 5)))?.id).toBe(first.id);
  });

  it("refuses a name that is taken and the ID of a list", async () => {
    const { id } = await store.create("app", emptyState);
    await expect(store.create("localhost/app", emptyState)).rejects.toThrow(
      `image name "localhost/app:latest" is already associated with image "${id}": that name is already in use`,
    );
    await expect(store.create(id, emptyState)).rejects.toThrow("it is the ID of a list");
    await expect(store.create("App", emptyState)).rejects.toThrow("must be lower case");
    expect((await store.all()).records.length).toBe(1);
  });

  it("moves the name with replace and keeps the old list without it", async () => {
    const old = await store.create("app", withEntry(emptyState, 1));
    const fresh = await store.create("app", emptyState, { replace: true });
    expect((await store.find("app"))?.id).toBe(fresh.id);
    expect(await store.find(old.id)).toEqual({ ...old, names: [] });
    expect((await store.all()).records.map(({ id }) => id).sort()).toEqual([old.id, fresh.id].sort());
    await store.remove(old.id);
    expect((await store.all()).records.map(({ id }) => id)).toEqual([fresh.id]);
  });

  it("edits, keeps the ID, and writes nothing for the same state", async () => {
    const { id, created } = await store.create("app", emptyState);
    const edited = await store.edit(id, (state) => withEntry(state, 1));
    expect(edited.index.manifests.length).toBe(1);
    expect(edited.created).toBe(created);
    expect(await store.find("app")).toEqual(edited);
    expect(await store.edit(id, (state) => state)).toEqual(edited);
    expect(await place.host.files.list(place.host.files.join(place.root, "ocidex", "lists", id))).toEqual(["1.json", "2.json"]);
  });

  it("leaves a list as it was when the change throws", async () => {
    const made = await store.create("app", emptyState);
    const refuse = (): ListState => {
      throw new TypeError("no");
    };
    await expect(store.edit(made.id, refuse)).rejects.toThrow("no");
    expect(await store.find("app")).toEqual(made);
  });

  it("loses no edit of the same process", async () => {
    const { id } = await store.create("app", emptyState);
    await Promise.all(Array.from({ length: 20 }, (_unused, at) => store.edit(id, (state) => withEntry(state, at))));
    expect(new Set((await store.find(id))?.index.manifests.map(({ size }) => size)).size).toBe(20);
  });

  it("removes a list with its name, and gives the name again", async () => {
    const { id } = await store.create("app", emptyState);
    await store.remove(id);
    expect(await store.find("app")).toBeUndefined();
    expect(await store.find(id)).toBeUndefined();
    await expect(store.edit(id, (state) => withEntry(state, 1))).rejects.toThrow("there is no such list");
    expect((await store.create("app", emptyState)).names).toEqual(["localhost/app:latest"]);
    expect((await store.all()).records.length).toBe(1);
  });

  it("removes only what is expected, when something is", async () => {
    const { id, index, sources, features } = await store.create("app", emptyState);
    await store.edit(id, (state) => withEntry(state, 1));
    const error = await store.remove(id, { expected: { index, sources, features } }).catch((cause: unknown) => cause);
    expect(String(error)).toContain("it was edited in between, so it stays");
    const now = await store.find("app");
    expect(now?.index.manifests).toHaveLength(1);
    await store.remove(id, { expected: now ?? emptyState });
    expect(await store.find("app")).toBeUndefined();
  });

  it("removes a list with its last name", async () => {
    const { id } = await store.create("app", emptyState);
    expect(await store.untag("app")).toEqual({ removed: true, id });
    expect(await store.all()).toEqual({ records: [], damaged: [] });
    await expect(store.untag("app")).rejects.toThrow("there is no such list");
  });

  it("leaves nothing beside records behind", async () => {
    const { id } = await store.create("app", emptyState);
    await store.create("app", emptyState, { replace: true });
    await store.remove(id);
    const { files } = place.host;
    expect(await files.list(files.join(place.root, "ocidex", "tmp"))).toEqual([]);
    expect((await files.list(files.join(place.root, "ocidex", "lists"))).length).toBe(1);
  });

  it("gives one of several makers of the same name the name", async () => {
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => store.create("app", emptyState)));
    expect(made.filter(({ status }) => status === "fulfilled").length).toBe(1);
    expect((await store.all()).records.length).toBe(1);
    const replaced = await Promise.all(Array.from({ length: 8 }, () => store.create("app", emptyState, { replace: true })));
    const { records } = await store.all();
    expect(records.length).toBe(9);
    expect(records.filter(({ names }) => names.length === 1).length).toBe(1);
    expect(replaced.every(({ id }) => records.some((record) => record.id === id))).toBe(true);
  });

  it("keeps content beside the lists", async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const promised = { digest: digestBytes(place.host.hash, bytes), size: 3 };
    expect(await store.keep((keeper) => keeper.put(promised, async () => streamBytes(bytes)))).toBe("copied");
    expect(await store.content.readSmall(promised)).toEqual(bytes);
  });
});

describe("a list store whose root is a file, or lies in one", () => {
  it.each([
    ["the root", ["ocidex"]],
    ["what it lies in", []],
    ["its directory of lists", ["ocidex", "lists"]],
  ])("says so to readers and writers alike, and takes it for no empty store: %s", async (_, path) => {
    const place = places[1]?.[1]();
    if (place === undefined) throw new Error("there is no host with files");
    try {
      const root = join(place.root, "root");
      const file = join(root, ...path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "text");
      const store = openListStore(place.host, { root });
      const says = `Cannot use the local lists: "${file}" is no directory`;
      await expect(store.all()).rejects.toThrow(says);
      await expect(store.find("ab".repeat(32))).rejects.toThrow(says);
      await expect(store.create("app", emptyState)).rejects.toThrow(says);
      await expect(store.remove("ab".repeat(32))).rejects.toThrow(says);
      await expect(store.find("abcdef")).rejects.toThrow(says);
    } finally {
      place.remove();
    }
  });

  it.skipIf(process.platform === "win32")("follows a symbolic link to a directory", async () => {
    const place = places[1]?.[1]();
    if (place === undefined) throw new Error("there is no host with files");
    try {
      mkdirSync(join(place.root, "real"));
      symlinkSync("real", join(place.root, "ocidex"));
      const store = openListStore(place.host, { root: place.root });
      expect(await store.all()).toEqual({ records: [], damaged: [] });
      const { id } = await store.create("app", emptyState);
      expect(readdirSync(join(place.root, "real", "lists"))).toEqual([id]);
    } finally {
      place.remove();
    }
  });
});

describe("a signal", () => {
  const reason = new Error("enough");

  it.each([
    ["create()", "names", (store, _id, options) => store.create("app", emptyState, { ...options, replace: true })],
    ["edit()", "lists", (store, id, options) => store.edit(id, (state) => withEntry(state, 1), options)],
    ["remove()", "lists", (store, id, options) => store.remove(id, options)],
    ["untag()", "lists", (store, _id, options) => store.untag("app", options)],
  ] satisfies readonly (readonly [string, string, (store: ListStore, id: string, options: { readonly signal: AbortSignal }) => Promise<unknown>])[])(
    "ends the waiting of %s for its turn, and nothing has changed",
    async (_, kind, action) => {
      const controller = new AbortController();
      const host = memoryHost();
      const { files } = host;
      const made = await openListStore(host, { root: "/data" }).create("app", emptyState);
      const directory = `/data/ocidex/${kind}/${(await files.list(`/data/ocidex/${kind}`))[0]}`;
      await (await files.create(`${directory}/turn`)).close();
      const sleep = async (_time: number, signal?: AbortSignal) => {
        controller.abort(reason);
        signal?.throwIfAborted();
      };
      const waiting = openListStore({ ...host, clock: { ...host.clock, sleep } }, { root: "/data" });
      await expect(action(waiting, made.id, { signal: controller.signal })).rejects.toBe(reason);
      expect(await waiting.all()).toEqual({ records: [made], damaged: [] });
      expect(await files.list(directory)).toEqual(["1.json", "turn"]);
      expect(await files.list("/data/ocidex/lists")).toEqual([made.id]);
    },
  );
});

describe("ListStore.find()", () => {
  it("lists the IDs that an ambiguous prefix begins", async () => {
    let made = 0;
    const random = { number: () => 0.9, bytes: (length: number) => Uint8Array.from({ length }, (_, at) => (at < 4 ? 0xab : made++)) };
    const store = openListStore(memoryHost({ random }), { root: "/data" });
    const ids = [await store.create("one", emptyState), await store.create("two", emptyState)].map(({ id }) => id);
    await expect(store.find("abab")).rejects.toThrow(`Cannot find list "abab": 2 IDs begin like that: ${ids.toSorted().join(", ")}`);
    expect((await store.find(ids[0] ?? ""))?.names).toEqual(["localhost/one:latest"]);
  });
});

describe("openListStore() on node", () => {
  it.skipIf(process.platform === "win32")("keeps its directories to the owner, whatever is written first", async () => {
    const place = places[1]?.[1]();
    if (place === undefined) throw new Error("there is no host with files");
    try {
      const store = openListStore(place.host, { root: place.root });
      const bytes = new Uint8Array([1]);
      await store.keep((keeper) => keeper.put({ digest: digestBytes(place.host.hash, bytes), size: 1 }, async () => streamBytes(bytes)));
      const { id } = await store.create("app", emptyState);
      for (const path of ["", "lists", "names", "tmp", `lists/${id}`]) expect(statSync(join(place.root, "ocidex", path)).mode & 0o777).toBe(0o700);
      expect(statSync(join(place.root, "ocidex", "lists", id, "1.json")).mode & 0o777).toBe(0o600);
    } finally {
      place.remove();
    }
  });

  it.skipIf(process.platform === "win32").each([
    ["with links", false],
    ["without links", true],
  ])("keeps every record to the owner, %s", async (_, linkless) => {
    const place = places[1]?.[1]();
    if (place === undefined) throw new Error("there is no host with files");
    try {
      const refuse = async () => {
        throw new OciError("UNSUPPORTED", "Cannot link: the file system refuses");
      };
      const files = linkless ? { ...place.host.files, link: refuse } : place.host.files;
      const store = openListStore({ ...place.host, files }, { root: place.root });
      const { id } = await store.create("app", emptyState);
      for (let at = 0; at < 3; at++) await store.edit(id, (state) => withEntry(state, at));
      await store.create("app", emptyState, { replace: true });
      const root = join(place.root, "ocidex");
      const all = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => ({ name, status: statSync(join(root, name)) }));
      const records = all.filter(({ status }) => status.isFile());
      expect(records.length).toBe(1 + 3 + 1 + 2);
      for (const { name, status } of all) expect([name, status.mode & 0o777]).toEqual([name, status.isFile() ? 0o600 : 0o700]);
    } finally {
      place.remove();
    }
  });
});
