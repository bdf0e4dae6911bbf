import { describe, expect, it } from "bun:test";
import { addToList, annotateList, createList, openLists, pushList, removeFromList } from "../../src/core/list/mod.ts";
import { parseLocation } from "../../src/core/spec/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { testClock } from "../helper/clock.ts";
import { failureOf, fillSource, indexAt, openDesk, putIndex, treeOf } from "../helper/lists.ts";

describe("edits of a list in files at once", () => {
  for (const at of ["oci:/place:1", "oci-archive:/place.tar:1", "dir:/place"]) {
    it(`lose none and fail none (${at})`, async () => {
      const { host, lists } = openDesk({ clock: testClock() });
      await createList(lists, at);
      const keys = Array.from({ length: 8 }, (_, key) => `k${key}`);
      const results = await Promise.all(keys.map((key) => annotateList(lists, at, { annotations: { [key]: "1" } })));
      expect(Object.keys((await indexAt(host, at)).annotations ?? {})).toEqual(keys);
      expect(new Set(results.map(({ id }) => id)).size).toBe(keys.length);
    });
  }

  it("add images, remove others and leave nothing beside", async () => {
    const { host, lists } = openDesk({ clock: testClock() });
    const { amd64, arm64, riscv64 } = await fillSource(host);
    await createList(lists, "oci:/place:1", { images: ["oci:/src:amd64"] });
    await Promise.all([
      addToList(lists, "oci:/place:1", ["oci:/src:arm64"]),
      removeFromList(lists, "oci:/place:1", [amd64.descriptor.digest]),
      addToList(lists, "oci:/place:1", ["oci:/src:riscv64"], { manifestAnnotations: [] }),
      annotateList(lists, "oci:/place:1", { manifestAnnotations: [{ annotations: { inside: "yes" } }] }),
    ]);
    const { manifests } = await indexAt(host, "oci:/place:1");
    expect(manifests).toHaveLength(2);
    expect(manifests.map(({ digest }) => digest)).not.toContain(amd64.descriptor.digest);
    expect(manifests.map(({ platform }) => platform?.architecture).sort()).toEqual(["arm64", "riscv64"]);
    expect([arm64, riscv64].every(({ descriptor }) => descriptor.digest !== amd64.descriptor.digest)).toBe(true);
    expect(await host.files.list("/place")).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("give up in the end where somebody is always faster, and leave what that one wrote", async () => {
    const clock = testClock();
    const { host, lists } = openDesk({ clock });
    const at = "oci:/place:1";
    await createList(lists, at);
    let count = 0;
    let isOther = false;
    const rename: typeof host.files.rename = async (from, to) => {
      if (to.endsWith(".index.json.lock") && !isOther) {
        isOther = true;
        await putIndex(host, at, { annotations: { other: String(++count) } });
        isOther = false;
      }
      await host.files.rename(from, to);
    };
    const slow = openLists({ ...host, files: { ...host.files, rename } }, { root: "/slow" });
    const failure = await failureOf(annotateList(slow, at, { annotations: { mine: "1" } }));
    expect([failure.code, count]).toEqual(["CONFLICT", 200]);
    expect(failure.message).toMatch(/run it again$/);
    expect((await indexAt(host, at)).annotations).toEqual({ other: "200" });
    expect(Math.max(...clock.waits)).toBeLessThanOrEqual(250);
  });

  it("stop where it is not the list that is in the way", async () => {
    const { host, lists } = openDesk({ clock: testClock() });
    const { amd64 } = await fillSource(host);
    await createList(lists, "oci:/place:1", { images: ["oci:/src:amd64"] });
    await createList(lists, "oci:/place:2");
    let isFirst = true;
    const rename: typeof host.files.rename = async (from, to) => {
      if (isFirst && to.endsWith(".index.json.lock")) {
        isFirst = false;
        await host.files.remove(`/place/blobs/${amd64.descriptor.digest.replace(":", "/")}`);
      }
      await host.files.rename(from, to);
    };
    const other = openLists({ ...host, files: { ...host.files, rename } }, { root: "/other" });
    const failure = await failureOf(addToList(other, "oci:/place:2", ["oci:/src:amd64"]));
    expect(failure.message).toContain(`somebody removed ${amd64.descriptor.digest} in the meantime`);
    expect((await indexAt(host, "oci:/place:2")).manifests).toEqual([]);
  });
});

describe("pushList() to a layout with a damaged layer", () => {
  for (const at of ["oci:/out:1", "oci-archive:/out.tar:1", "dir:/out"]) {
    it(`puts the right one in its place (${at})`, async () => {
      const host = memoryHost();
      const lists = openLists(host, { root: "/lists" });
      const { amd64 } = await fillSource(host);
      if (!("layers" in amd64.value)) throw new Error("no image");
      const [layer] = amd64.value.layers;
      if (layer === undefined) throw new Error("no layer");
      await createList(lists, "app", { images: ["oci:/src:amd64"] });
      await pushList(lists, "app", [at]);
      const path = at.startsWith("oci-archive") ? "/out.tar" : (await treeOf(host, "/out")).find((each) => each.endsWith(layer.digest.slice(7)));
      if (path === undefined) throw new Error("the layer is not there");
      const right = await host.files.readFile(path, 1 << 20);
      const text = new TextDecoder("latin1").decode(right);
      const wrong = right.map((byte, place) => (place === text.indexOf("linux/amd64") ? byte ^ 1 : byte));
      await host.files.remove(path);
      const writer = await host.files.create(path);
      await writer.write(wrong);
      await writer.close();
      await pushList(openLists(host, { root: "/lists" }), "app", [at]);
      const { source } = await openLists(host, { root: "/lists" }).transports.place(parseLocation(at));
      expect(new TextDecoder().decode(await source.smallBlob(layer))).toBe("linux/amd64");
    });
  }
});
