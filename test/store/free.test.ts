import { beforeEach, describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, OciError } from "../../src/core/base/mod.ts";
import { newDocument } from "../../src/core/content/mod.ts";
import type { Event, FileSystem } from "../../src/core/port/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { freeContent } from "../../src/core/store/free.ts";
import { openKeptFiles } from "../../src/core/store/kept-files.ts";
import { type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { sealRecord } from "../../src/core/store/record.ts";
import { openShelves, type StoreHost } from "../../src/core/store/shelves.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { interruptedFiles } from "./faults.ts";
import { contentIn, type Image, imageOf, keepIn, type Piece, withKept, withoutImage } from "./kept-sample.ts";
import { emptyState } from "./sample.ts";

const root = "/data/ocidex";
const content = `${root}/content`;
const [a, b] = [imageOf("a", ["x", "y"]), imageOf("b", ["x", "z"])];

let files: FileSystem;
let store: ListStore;
let seed = 0;

beforeEach(() => {
  files = memoryHost({ clock: memoryClock() }).files;
  store = openListStore(hostOn(files), { root: "/data" });
});

function hostOn(own: FileSystem, now = 0): StoreHost {
  return { ...memoryHost({ clock: memoryClock(now), random: memoryRandom(++seed) }), files: own };
}

async function refuseLinks(): Promise<never> {
  throw new OciError("UNSUPPORTED", "Cannot link: the file system refuses");
}

/** Frees content as another process. */
async function free(own: FileSystem = files, now = 0): Promise<void> {
  const host = hostOn(own, now);
  const shelves = openShelves(host, root);
  await freeContent(shelves, openKeptFiles(host, root, shelves.prepare));
}

const pathsOf = (...images: readonly Image[]) => [...new Set(images.flatMap(({ pieces }) => pieces.map(pathOf)))].sort();
const pathOf = ({ descriptor }: Piece) => `${content}/${descriptor.digest.replace(":", "/")}`;

async function write(path: string, bytes: Bytes): Promise<void> {
  await files.makeDirectory(files.dirname(path));
  await files.remove(path);
  const writer = await files.create(path);
  await writer.write(bytes);
  await writer.close();
}

/** Makes a list that keeps images. */
async function listWith(name: string, ...images: readonly Image[]): Promise<string> {
  const { id } = await store.create(name, emptyState);
  for (const image of images) await keepIn(store, id, image);
  return id;
}

describe("what a list keeps", () => {
  it("is freed with an entry, with the list, and with its name, but for what others keep too", async () => {
    const one = await listWith("one", a, b);
    await listWith("two", b);
    await store.edit(one, (state) => withoutImage(state, a.document.descriptor.digest));
    expect(await contentIn(files, content)).toEqual(pathsOf(b));
    await store.remove(one);
    expect(await contentIn(files, content)).toEqual(pathsOf(b));
    await store.untag("two");
    expect(await contentIn(files, content)).toEqual([]);
  });

  it("is all that leads from an index, and of an image that is kept by its manifest that alone", async () => {
    const { id } = await store.create("one", emptyState);
    const index = newDocument(memoryHost().hash, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [a.document.descriptor] });
    await keepIn(store, id, { document: index, pieces: [{ descriptor: index.descriptor, bytes: index.bytes }, ...a.pieces] });
    await keepIn(store, id, b);
    await store.edit(id, (state) => ({ ...state, sources: { ...state.sources, [b.document.descriptor.digest]: { location: "oci:/x", kept: "manifest" } } }));
    const expected = [...pathsOf(a), `${content}/${index.descriptor.digest.replace(":", "/")}`, `${content}/${b.document.descriptor.digest.replace(":", "/")}`];
    expect(await contentIn(files, content)).toEqual(expected.sort());
    await store.remove(id);
    expect(await contentIn(files, content)).toEqual([]);
  });

  it("costs edits that drop nothing of it no look at other records", async () => {
    const id = await listWith("one", a);
    const other = await listWith("two");
    const listed: string[] = [];
    const list = async (path: string) => {
      listed.push(path);
      return files.list(path);
    };
    const watching = openListStore(hostOn({ ...files, list }), { root: "/data" });
    await watching.edit(id, (state) => ({ ...state, index: { ...state.index, annotations: { a: "b" } } }));
    await watching.remove(other);
    expect(listed.filter((path) => path === `${root}/lists`)).toEqual([]);
    await watching.remove(id);
    expect(listed.filter((path) => path === `${root}/lists`)).toHaveLength(2);
  });

  it("is freed by one in 32 new lists, if somebody died between the removal of its list and that", async () => {
    await openShelves(hostOn(files), root).discardList(await listWith("one", a));
    for (const [number, left] of [
      [0.04, pathsOf(a)],
      [0.03, []],
    ] as const) {
      const host = hostOn(files);
      await openListStore({ ...host, random: { ...host.random, number: () => number } }, { root: "/data" }).create(`at-${number * 100}`, emptyState);
      expect(await contentIn(files, content)).toEqual([...left]);
    }
  });

  it("stays while the record of a list that does not count yet refers to it", async () => {
    const shelves = openShelves(hostOn(files), root);
    await shelves.prepare();
    const id = await listWith("one", a);
    expect(await shelves.writeList({ id: "ab".repeat(32), name: "localhost/two:latest", created: 0, modified: 0, ...withKept(emptyState, a) })).toBe(true);
    await store.remove(id);
    expect(await contentIn(files, content)).toEqual(pathsOf(a));
  });

  it.each([
    ["a damaged record", (list: string) => write(`${list}/1.json`, encodeUtf8("{}\n"))],
    ["a record of a later version", (list: string) => write(`${list}/1.json`, sealRecord(memoryHost().hash, [encodeUtf8('{"version":9}')]))],
  ])("stays while there is %s, which is told, and is freed when that is gone", async (_, spoil) => {
    const events: Event[] = [];
    const id = await listWith("one", a);
    const broken = await listWith("two");
    await spoil(`${root}/lists/${broken}`);
    const telling = openListStore(hostOn(files), { root: "/data", report: (event) => events.push(event) });
    await telling.remove(id);
    expect(await contentIn(files, content)).toEqual(pathsOf(a));
    const message = expect.stringMatching(
      /^content that no list refers to any more stays in the store: Cannot read record "\/data\/ocidex\/lists\/[0-9a-f]{64}\/1\.json": /,
    );
    expect(events).toEqual([{ type: "warning", message }]);
    await telling.remove(broken);
    expect(await contentIn(files, content)).toEqual([]);
  });

  it.each([
    ["is gone", async (path: string) => files.remove(path)],
    ["is damaged", async (path: string) => write(path, encodeUtf8("{}"))],
  ])("stays while a manifest that is kept for another list %s", async (_, spoil) => {
    const id = await listWith("one", a);
    const broken = await listWith("two", b);
    const spoiled = `${content}/${b.document.descriptor.digest.replace(":", "/")}`;
    await spoil(spoiled);
    await store.remove(id);
    expect((await contentIn(files, content)).filter((path) => path !== spoiled)).toEqual(pathsOf(a, b).filter((path) => path !== spoiled));
    await store.remove(broken);
    expect(await contentIn(files, content)).toEqual([]);
  });
});

describe.each([
  ["with links", false],
  ["without links", true],
])("freeContent() %s", (_, linkless) => {
  const own = () => (linkless ? { ...files, link: refuseLinks } : files);

  it("takes nothing that an edit refers to, at whatever call of it that is made", async () => {
    for (let at = 1; ; at++) {
      files = memoryHost({ clock: memoryClock() }).files;
      store = openListStore(hostOn(own()), { root: "/data" });
      await listWith("one", a, b);
      const two = await listWith("two");
      const shelves = openShelves(hostOn(files), root);
      await shelves.discardList((await store.find("one"))?.id ?? "");
      const { files: interrupted, ran } = interruptedFiles(own(), at, () => keepIn(store, two, a));
      await free(interrupted);
      if (!ran()) break;
      for (const { descriptor } of a.pieces) expect([at, await store.content.holds(descriptor)]).toEqual([at, true]);
      await free(files, 1e9);
      expect([at, await contentIn(files, content)]).toEqual([at, pathsOf(a)]);
    }
  });

  it("gives everything back when a record can no longer be read the second time", async () => {
    const id = await listWith("one", a);
    const two = await listWith("two");
    await openShelves(hostOn(files), root).discardList(id);
    const rename = async (from: string, to: string) => {
      await files.rename(from, to);
      await write(`${root}/lists/${two}/1.json`, encodeUtf8("{}\n"));
    };
    await free({ ...own(), rename });
    expect(await contentIn(files, content)).toEqual(pathsOf(a));
  });

  it("leaves where it is what cannot be moved", async () => {
    const id = await listWith("one", a);
    await openShelves(hostOn(files), root).discardList(id);
    const refuse = async () => {
      throw new OciError("IO", "Cannot rename: EBUSY");
    };
    await free({ ...own(), rename: refuse });
    expect(await contentIn(files, content)).toEqual(pathsOf(a));
    await free(own());
    expect(await contentIn(files, content)).toEqual([]);
  });

  it("puts what a dead process has left aside where it belongs, if a record refers to it, and takes the rest away", async () => {
    const id = await listWith("one", a);
    const left = `${content}/aside/${"1".repeat(32)}/sha256`;
    await files.makeDirectory(left);
    for (const path of pathsOf(a)) await files.rename(path, `${left}/${path.slice(path.lastIndexOf("/") + 1)}`);
    await write(`${left}/${b.document.descriptor.digest.slice(7)}`, b.document.bytes);
    await write(`${left}/.ocidex-${"2".repeat(32)}.tmp`, encodeUtf8("half"));
    for (const { descriptor } of a.pieces) expect(await store.content.holds(descriptor)).toBe(true);
    await free(own(), 3_600_000);
    expect(await contentIn(files, content)).toHaveLength(a.pieces.length + 2);
    await free(own(), 3_600_001);
    expect(await contentIn(files, content)).toEqual(pathsOf(a));
    expect(await files.list(`${content}/aside`)).toEqual([]);
    expect((await store.find(id))?.index.manifests).toHaveLength(1);
  });

  it("takes nothing that its owner puts aside later than it looked, as nobody may have read the records since", async () => {
    const left = `${content}/aside/${"1".repeat(32)}/sha256`;
    const late = `${left}/${b.document.descriptor.digest.slice(7)}`;
    let puts = 0;
    for (let at = 1; ; at++) {
      files = memoryHost({ clock: memoryClock() }).files;
      store = openListStore(hostOn(own()), { root: "/data" });
      await store.create("one", emptyState);
      await write(`${left}/${a.document.descriptor.digest.slice(7)}`, a.document.bytes);
      let isPut = false;
      const { files: interrupted, ran } = interruptedFiles(own(), at, async () => {
        isPut = (await files.status(left)) !== undefined && (await contentIn(files, left)).length === 0;
        if (isPut) await write(late, b.document.bytes);
      });
      await free(interrupted, 1e9);
      if (!ran()) break;
      if (isPut) expect([at, await contentIn(files, content)]).toEqual([at, [late]]);
      if (isPut) puts++;
    }
    expect(puts).toBeGreaterThan(0);
  });

  it("gives back nothing over what somebody has put in its place", async () => {
    const id = await listWith("one", a);
    const [piece] = a.pieces.slice(-1);
    if (piece === undefined) throw new Error("an image has pieces");
    await write(pathOf(piece), encodeUtf8("damaged".slice(0, piece.descriptor.size)));
    await openShelves(hostOn(files), root).discardList(id);
    let renamed = 0;
    const rename = async (from: string, to: string) => {
      await files.rename(from, to);
      if (++renamed === a.pieces.length) await keepIn(store, await listWith("two"), a);
    };
    await free({ ...own(), rename });
    for (const { descriptor } of a.pieces) expect(await store.content.holds(descriptor)).toBe(true);
  });
});
