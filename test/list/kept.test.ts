import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import {
  addToList,
  allLists,
  annotateList,
  createList,
  deleteList,
  type EntryAnnotations,
  inspectList,
  type ListContext,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { attestationOf, entryOf, failureOf, fillSource, indexAt, indexOfList, openDesk, putImage, putIndex, putIndexBytes, treeOf } from "../helper/lists.ts";

/** Returns `lists` for which what the layout `/src` holds can be had in this run only, and how often that was opened. */
function fleeting(lists: ListContext): ListContext & { readonly opened: () => number } {
  const { transports } = lists;
  let opened = 0;
  return {
    ...lists,
    transports: {
      ...transports,
      async source(location) {
        const source = await transports.source(location);
        if (location.transport !== "oci" || location.path !== "/src") return source;
        opened++;
        return { ...source, isTemporary: true };
      },
    },
    opened: () => opened,
  };
}

async function open() {
  const desk = openDesk();
  const source = await fillSource(desk.host);
  const kept = () => treeOf(desk.host, "/lists/ocidex/content");
  return { ...desk, ...source, now: fleeting(desk.lists), kept };
}

/** Returns the blobs of the layout in `directory`, by digest, and their bytes. */
async function blobsIn(host: Host, directory: string): Promise<ReadonlyMap<string, string>> {
  const paths = await treeOf(host, `${directory}/blobs`);
  const read = async (path: string) => [path.slice(directory.length), new TextDecoder().decode(await host.files.readFile(path, 1 << 20))] as const;
  return new Map(await Promise.all(paths.map(read)));
}

const digestsOf = (...images: readonly ManifestDocument[]) => images.map(({ descriptor }) => descriptor.digest);
const level = (annotations: Readonly<Record<string, string>>): EntryAnnotations => ({ annotations });

function configOf({ value }: ManifestDocument): Descriptor {
  if (!("layers" in value) || !("config" in value)) throw new Error("no image");
  return value.config;
}

/** Returns the size of the manifests, configs and layers of images that share nothing. */
function sizeOf(...images: readonly ManifestDocument[]): number {
  const sizes = images.flatMap((image) => [image.descriptor, configOf(image), ...("layers" in image.value ? image.value.layers : [])].map(({ size }) => size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe("an image that can be had in one run only", () => {
  it("is kept by the list it is added to, all of it, and pushed byte for byte when its place is gone", async () => {
    const { host, lists, now, amd64 } = await open();
    await createList(lists, "app");
    await addToList(now, "app", ["oci:/src:amd64"]);
    const { sources } = (await lists.store.find("app")) ?? {};
    expect(sources).toEqual({ [amd64.descriptor.digest]: { location: "oci:/src", kept: "all" } });
    const before = await blobsIn(host, "/src");
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64));
    const after = await blobsIn(host, "/out");
    const [index] = digestsOf(...[(await inspectList(lists, "oci:/out:1")).document]);
    for (const [path, text] of after) if (!path.endsWith(index?.slice(7) ?? "")) expect(before.get(path)).toBe(text);
    expect(after.size).toBe(1 + 3);
  });

  it("is kept by the list that is made with it, and with it its attestation and what else was asked for", async () => {
    const { host, lists, now, amd64, arm64, attestation } = await open();
    await createList(now, "app", { images: ["oci:/src:multi"], all: true });
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64, arm64, attestation));
  });

  it("is kept when it is itself an index, down to the layers", async () => {
    const { host, lists, now, amd64, multi } = await open();
    await putIndex(host, "oci:/src:nested", { manifests: [entryOf(multi), entryOf(amd64, "linux/amd64")] });
    await createList(now, "app", { images: ["oci:/src:nested"], all: true });
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    const index = await indexAt(host, "oci:/out:1");
    expect(index.manifests.map(({ digest }) => digest)).toEqual(digestsOf(multi, amd64));
  });

  it("is read whole also where its platform is stated", async () => {
    const { host, lists, now } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64=linux/arm/v7"] });
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ platform }) => platform?.variant)).toEqual(["v7"]);
  });

  it("needs no layer that lies elsewhere by its own word", async () => {
    const { host, lists, now, kept, amd64 } = await open();
    const foreign = {
      mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      digest: `sha256:${"5".repeat(64)}`,
      size: 9,
      urls: ["https://example.com/layer"],
    };
    const { descriptor } = await putIndexBytes(host, "oci:/src:foreign", JSON.stringify({ ...amd64.value, layers: [foreign] }));
    await createList(now, "app", { images: ["oci:/src:foreign"] });
    expect(await kept()).toHaveLength(2);
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await allLists(lists)).lists.map((list) => list.kept)).toEqual([descriptor.size + configOf(amd64).size]);
  });

  it("leaves nothing behind when the list cannot be made or edited", async () => {
    const { lists, now, kept } = await open();
    const failure = await failureOf(createList(now, "app", { images: ["oci:/src:amd64", "oci:/src:none"] }));
    expect(failure.code).toBe("NOT_FOUND");
    expect(await kept()).toEqual([]);
    await createList(lists, "app");
    await expect(
      addToList(now, "app", ["oci:/src:amd64"], { entryAnnotations: [{ platform: { os: "linux", architecture: "s390x" }, annotations: { a: "b" } }] }),
    ).rejects.toThrow("no image of the list has that platform");
    expect(await kept()).toEqual([]);
  });

  it("is not kept for a list at a location, which takes it along from the source it was found in", async () => {
    for (const at of ["oci:/place:1", "oci-archive:/place.tar:1", "dir:/place"]) {
      const { host, now, kept, amd64, arm64 } = await open();
      await createList(now, at, { images: ["oci:/src:amd64"] });
      expect(now.opened()).toBe(1);
      if (!at.startsWith("dir:")) await addToList(now, at, ["oci:/src:arm64"]);
      expect((await indexAt(host, at)).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64, ...(at.startsWith("dir:") ? [] : [arm64])));
      expect(now.opened()).toBe(at.startsWith("dir:") ? 1 : 2);
      expect(await kept()).toEqual([]);
    }
  });

  it("is kept no more when it is added again from a place that lasts", async () => {
    const { lists, now, kept, amd64 } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64"] });
    expect(await kept()).toHaveLength(3);
    await addToList(lists, "app", ["oci:/src:amd64"]);
    expect((await lists.store.find("app"))?.sources).toEqual({ [amd64.descriptor.digest]: { location: "oci:/src" } });
    expect(await kept()).toEqual([]);
  });

  it("goes to a list that takes it over from another, which may be removed", async () => {
    const { host, lists, now, amd64 } = await open();
    await createList(now, "one", { images: ["oci:/src:amd64"] });
    await createList(lists, "two", { images: ["one"] });
    await deleteList(lists, "one");
    await host.files.remove("/src");
    await pushList(lists, "two", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64));
  });

  it("goes to a list at a location straight from the list that keeps it", async () => {
    const { host, lists, now, amd64 } = await open();
    await createList(now, "one", { images: ["oci:/src:amd64"] });
    await host.files.remove("/src");
    await createList(lists, "oci:/out:1", { images: ["one"] });
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64));
  });

  it("is converted, inspected and pushed with what refers to it, which is nothing", async () => {
    const { host, lists, now, amd64, warnings } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64"] });
    await host.files.remove("/src");
    const { manifests } = await inspectList(lists, "app", { manifests: true });
    expect(manifests.get(amd64.descriptor.digest)?.bytes).toEqual(amd64.bytes);
    const [pushed] = await pushList(lists, "app", ["oci:/out:1"], { format: "v2s2", referrers: true });
    expect(pushed?.referrers).toEqual([]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.dockerManifest]);
    expect(warnings().filter((text) => text.includes("stays"))).toEqual([]);
  });
});

describe("annotations inside the manifest of an image that is kept", () => {
  it("leave it kept whole, and the manifest that it had is freed", async () => {
    const { host, lists, now, kept } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64"] });
    const before = await kept();
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" })] });
    const after = await kept();
    expect(after).toHaveLength(3);
    expect(after.filter((path) => before.includes(path))).toHaveLength(2);
    await host.files.remove("/src");
    await annotateList(lists, "app", { manifestAnnotations: [level({ b: "2" })] });
    await pushList(lists, "app", ["oci:/out:1"]);
    expect(await kept()).toHaveLength(3);
    await deleteList(lists, "app");
    expect(await kept()).toEqual([]);
  });

  it("may come with the image", async () => {
    const { host, lists, now, kept } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64"], manifestAnnotations: [level({ a: "1" })] });
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    await deleteList(lists, "app");
    expect(await kept()).toEqual([]);
  });

  it("are all that is kept of an image that lies elsewhere, and freed with the entry", async () => {
    const { lists, kept } = await open();
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" })] });
    expect(await kept()).toHaveLength(1);
    await removeFromList(lists, "app", ["linux/amd64"]);
    expect(await kept()).toEqual([]);
  });
});

describe("content that no list uses any more is freed", () => {
  it("by rm, by a push that removes the list, and by the removal of an entry", async () => {
    const { lists, now, kept, amd64, arm64 } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
    await createList(now, "other", { images: ["oci:/src:riscv64"] });
    await removeFromList(lists, "app", [amd64.descriptor.digest]);
    expect(await kept()).toHaveLength(6);
    expect((await kept()).some((path) => path.endsWith(arm64.descriptor.digest.slice(7)))).toBe(true);
    await deleteList(lists, "other");
    expect(await kept()).toHaveLength(3);
    await pushList(lists, "app", ["oci:/out:1"], { remove: true });
    expect(await kept()).toEqual([]);
  });

  it("but not by a list that loses its name and stays", async () => {
    const { lists, now, kept } = await open();
    const { id } = await createList(now, "app", { images: ["oci:/src:amd64"] });
    await createList(lists, "app", { replace: true });
    expect(await kept()).toHaveLength(3);
    await deleteList(lists, id);
    expect(await kept()).toEqual([]);
  });

  it("only when the last list that shares it goes", async () => {
    const { host, lists, now, kept } = await open();
    await putImage(host, "oci:/src:a", { platform: "linux/amd64", layers: ["shared", "a"] });
    const b = await putImage(host, "oci:/src:b", { platform: "linux/arm64", layers: ["shared", "b"] });
    await createList(now, "one", { images: ["oci:/src:a"] });
    await createList(now, "two", { images: ["oci:/src:b"] });
    expect(await kept()).toHaveLength(3 + 3 + 1);
    const sizes = (await allLists(lists)).lists.map((list) => list.kept);
    expect(sizes[1]).toBe(sizeOf(b));
    await deleteList(lists, "one");
    expect(await kept()).toHaveLength(4);
    expect((await allLists(lists)).lists.map((list) => list.kept)).toEqual([sizeOf(b)]);
    await host.files.remove("/src");
    await pushList(lists, "two", ["oci:/out:1"]);
    await deleteList(lists, "two");
    expect(await kept()).toEqual([]);
  });

  it("not while a record cannot be read, which is said, but once that is gone", async () => {
    const { host, lists, now, kept, warnings } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64"] });
    const { id } = await createList(lists, "broken");
    const [path = ""] = (await treeOf(host, "/lists")).filter((each) => each.includes(id));
    await host.files.remove(path);
    const writer = await host.files.create(path);
    await writer.write(encodeUtf8("{}\n"));
    await writer.close();
    expect((await deleteList(lists, "app")).removed).toBeDefined();
    expect(await kept()).toHaveLength(3);
    expect(warnings()).toEqual([expect.stringMatching(/^content that no list refers to any more stays in the store: Cannot read record ".*1\.json": /)]);
    await lists.store.remove(id);
    expect(await kept()).toEqual([]);
    expect(warnings()).toEqual([]);
  });
});

describe("allLists()", () => {
  it("tells what each list keeps, and of which it cannot be told", async () => {
    const { host, lists, now, amd64, arm64 } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
    await createList(lists, "light", { images: ["oci:/src:riscv64"] });
    const { lists: found, damaged } = await allLists(lists);
    expect(found.map(({ names, kept }) => [names[0], kept])).toEqual([
      ["localhost/app:latest", sizeOf(amd64, arm64)],
      ["localhost/light:latest", 0],
    ]);
    expect(damaged).toEqual([]);
    await host.files.remove(`/lists/ocidex/content/sha256/${arm64.descriptor.digest.slice(7)}`);
    const after = await allLists(lists);
    expect(after.lists.map(({ kept }) => kept)).toEqual([0, 0]);
    expect(after.damaged.map(({ message }) => message)).toEqual([
      `Cannot tell what is kept for list "localhost/app:latest": Cannot read blob ${arm64.descriptor.digest} in "/lists/ocidex/content": there is no such file`,
    ]);
  });
});

describe("allLists() beside who edits", () => {
  async function listing(edit: (lists: ListContext) => Promise<unknown>) {
    const { lists, now, arm64 } = await open();
    await createList(now, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
    const all: typeof lists.store.all = async () => {
      const found = await lists.store.all();
      await edit(lists);
      return found;
    };
    return { ...(await allLists({ ...lists, store: { ...lists.store, all } })), arm64 };
  }

  it("leaves out a list that is removed after it was found", async () => {
    expect(await listing((lists) => deleteList(lists, "app"))).toMatchObject({ lists: [], damaged: [] });
  });

  it("measures a list anew that is edited after it was found", async () => {
    const { lists, damaged, arm64 } = await listing((own) => removeFromList(own, "app", ["linux/amd64"]));
    expect([lists.map(({ kept, index }) => [kept, index.manifests.length]), damaged]).toEqual([[[sizeOf(arm64), 1]], []]);
  });
});

describe("an attestation that points to an image that is kept", () => {
  it("is kept with it, and goes with it", async () => {
    const { host, lists, now, kept, amd64, attestation } = await open();
    await putIndex(host, "oci:/src:with", { manifests: [entryOf(amd64, "linux/amd64"), attestationOf(attestation, amd64.descriptor.digest)] });
    await createList(now, "app", { images: ["oci:/src:with"] });
    expect((await indexOfList(lists, "app")).manifests).toHaveLength(2);
    await removeFromList(lists, "app", ["linux/amd64"], { attestations: true });
    expect(await kept()).toEqual([]);
  });
});
