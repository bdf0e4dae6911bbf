import { describe, expect, it } from "bun:test";
import { streamBytes } from "../../src/core/base/mod.ts";
import { type Digest, mediaTypes } from "../../src/core/spec/mod.ts";
import { openKeptFiles } from "../../src/core/store/kept-files.ts";
import type { EntrySource, ListState } from "../../src/core/store/list-record.ts";
import { type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { dropsContent, keptContent, readReferences } from "../../src/core/store/references.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { imageOf, keepIn, withKept, withoutImage } from "./kept-sample.ts";
import { emptyState, entryOf } from "./sample.ts";

const [a, b] = [imageOf("a", ["x", "y"]), imageOf("b", ["x", "z"])];
const sizeOf = ({ pieces }: typeof a) => pieces.reduce((sum, { descriptor }) => sum + descriptor.size, 0);

function open(): { readonly store: ListStore; readonly references: () => Promise<ReadonlySet<Digest>>; readonly host: ReturnType<typeof memoryHost> } {
  const host = memoryHost();
  const shelves = openShelves(host, "/data/ocidex");
  const kept = openKeptFiles(host, "/data/ocidex", shelves.prepare);
  return { host, store: openListStore(host, { root: "/data" }), references: () => readReferences(shelves, kept.reader) };
}

/** Returns `state` with one source replaced. */
function withSource(state: ListState, digest: Digest, source: EntrySource): ListState {
  return { ...state, sources: { ...state.sources, [digest]: source } };
}

describe("dropsContent()", () => {
  const kept = withKept(withKept(emptyState, a), b);
  const lasting: EntrySource = { location: "oci:/x" };

  it.each<[string, ListState | undefined, ListState | undefined, boolean]>([
    ["a list that kept nothing is gone", emptyState, undefined, false],
    ["a list that kept something is gone", kept, undefined, true],
    ["nobody knows what it kept", undefined, undefined, true],
    ["all is as it was", kept, kept, false],
    ["more is kept", withKept(emptyState, a), kept, false],
    ["an entry is gone", kept, withoutImage(kept, a.document.descriptor.digest), true],
    ["it comes from a place that lasts", kept, withSource(kept, a.document.descriptor.digest, lasting), true],
    ["its manifest alone is kept", kept, withSource(kept, a.document.descriptor.digest, { ...lasting, kept: "manifest" }), true],
    ["only the record of its origin is another", kept, withSource(kept, a.document.descriptor.digest, { ...lasting, kept: "all" }), false],
  ])("when %s", (_, before, after, expected) => {
    expect(dropsContent(before, after)).toBe(expected);
  });
});

describe("keptContent()", () => {
  it("is what the record says of entries, whatever their digest is called and however often they stand in the list", async () => {
    const { store } = open();
    const { id } = await store.create("app", emptyState);
    await keepIn(store, id, a);
    const state = (await store.find(id)) ?? emptyState;
    const twice = { ...state, index: { ...state.index, manifests: [...state.index.manifests, ...state.index.manifests, entryOf(1)] } };
    expect([...(await keptContent(store.content, twice)).keys()].sort()).toEqual(a.pieces.map(({ descriptor }) => descriptor.digest).sort());
  });

  it("is the entry alone where that is no manifest", async () => {
    const { store } = open();
    const blob = { mediaType: mediaTypes.ociLayer, digest: entryOf(1).digest, size: 7 };
    const state = withSource({ ...emptyState, index: { ...emptyState.index, manifests: [blob] } }, blob.digest, { location: "oci:/x", kept: "all" });
    expect([...(await keptContent(store.content, state)).values()]).toEqual([blob]);
  });
});

describe("ListStore.keptSize()", () => {
  it("counts what is there, once for a list and again for every list", async () => {
    const { host, store } = open();
    const { id } = await store.create("one", emptyState);
    expect(await store.keptSize(emptyState)).toBe(0);
    await keepIn(store, id, a);
    await keepIn(store, id, b);
    const shared = a.pieces[2]?.descriptor.size ?? 0;
    const size = async () => store.keptSize((await store.find(id)) ?? emptyState);
    expect(await size()).toBe(sizeOf(a) + sizeOf(b) - shared);
    expect(await store.keptSize(withKept(emptyState, a))).toBe(sizeOf(a));
    await host.files.remove(`/data/ocidex/content/sha256/${a.pieces[2]?.descriptor.digest.slice(7)}`);
    expect(await size()).toBe(sizeOf(a) + sizeOf(b) - 2 * shared);
    await expect(store.keptSize(withKept(emptyState, imageOf("none", [])))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("readReferences()", () => {
  it("reads a record again that was edited while its manifests were read, and the list again that was removed", async () => {
    const { host, store } = open();
    const { id } = await store.create("one", emptyState);
    await keepIn(store, id, a);
    const { id: other } = await store.create("two", emptyState);
    await keepIn(store, other, b);
    const digests = ({ pieces }: typeof a) => pieces.map(({ descriptor }) => descriptor.digest);
    const wanted = `/data/ocidex/content/sha256/${a.document.descriptor.digest.slice(7)}`;
    const edits = [
      () => store.edit(id, (state) => withoutImage(state, a.document.descriptor.digest)),
      async () => {
        await keepIn(store, id, a);
        await store.remove(id);
      },
    ];
    for (const edit of edits) {
      let isEdited = false;
      const status = async (path: string) => {
        if (path === wanted && !isEdited) {
          isEdited = true;
          await edit();
        }
        return host.files.status(path);
      };
      const slow = { ...host, files: { ...host.files, status } };
      const shelves = openShelves(slow, "/data/ocidex");
      const found = await readReferences(shelves, openKeptFiles(slow, "/data/ocidex", shelves.prepare).reader);
      expect([...found].sort()).toEqual(digests(b).sort());
      if (await store.find(id)) await keepIn(store, id, a);
      expect(isEdited).toBe(true);
    }
  });

  it("refuses to guess when a manifest cannot be read", async () => {
    const { store, references } = open();
    const { id } = await store.create("one", emptyState);
    await store.edit(id, (state) => withKept(state, a));
    await expect(references()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await store.keep((keeper) => keeper.put(a.document.descriptor, async () => streamBytes(a.document.bytes)));
    expect([...(await references())].sort()).toEqual(a.pieces.map(({ descriptor }) => descriptor.digest).sort());
  });
});
