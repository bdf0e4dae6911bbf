import { afterEach, describe, expect, it } from "bun:test";
import {
  addToList,
  annotateList,
  annotateListEntries,
  createList,
  deleteList,
  inspectList,
  listExists,
  openLists,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { testClock } from "../helper/clock.ts";
import { failureOf, fillSource, indexAt, openStage, putIndexBytes, readAt, type Stage, stages, treeOf } from "../helper/lists.ts";

for (const kind of stages) {
  describe(`a list at a location (${kind}:)`, () => {
    const open: Stage[] = [];
    afterEach(async () => {
      for (const stage of open.splice(0)) await stage.close();
    });

    async function stage(options: Parameters<typeof openStage>[1] = {}) {
      const opened = await openStage(kind, options);
      open.push(opened);
      return { ...opened, ...(await fillSource(opened.host)) };
    }

    it("is created there, with its images, and nothing in the local store", async () => {
      const { host, lists, at, amd64, arm64 } = await stage();
      const { id, names, digest } = await createList(lists, at, { images: ["oci:/src:amd64", "oci:/src:arm64"] });
      const written = await readAt(host, at);
      expect(written.descriptor.digest).toBe(digest);
      expect([id, names]).toEqual([digest, [at]]);
      expect((await indexAt(host, at)).manifests.map((entry) => entry.digest)).toEqual([amd64, arm64].map((image) => image.descriptor.digest));
      expect(await treeOf(host, "/lists")).toEqual([]);
    });

    it("is not overwritten by an amending create that found nothing when somebody else was faster", async () => {
      const { host, lists, at, amd64 } = await stage();
      let isFirst = true;
      const read: typeof host.files.read = async (path, options) => {
        if (isFirst && path.startsWith("/src/")) {
          isFirst = false;
          await createList(lists, at, { images: ["oci:/src:amd64"] });
        }
        return host.files.read(path, options);
      };
      const slower = openLists({ ...host, files: { ...host.files, read } }, { root: "/slower", verifyTls: false });
      expect((await failureOf(createList(slower, at, { images: ["oci:/src:arm64"], amend: true }))).code).toBe("CONFLICT");
      expect((await indexAt(host, at)).manifests.map(({ digest }) => digest)).toEqual([amd64.descriptor.digest]);
    });

    it("has as its ID the digest that was written, after each edit", async () => {
      const { host, lists, at } = await stage();
      const ids = [
        (await createList(lists, at)).id,
        (await addToList(lists, at, ["oci:/src:amd64", "oci:/src:arm64"])).id,
        (await annotateList(lists, at, { annotations: { title: "app" } })).id,
        (await annotateListEntries(lists, at, ["linux/arm64"], { platform: { variant: "v9" } })).id,
        (await removeFromList(lists, at, ["linux/amd64"])).id,
      ];
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.at(-1)).toBe((await readAt(host, at)).descriptor.digest);
      const index = await indexAt(host, at);
      expect(index.annotations).toEqual({ title: "app" });
      expect(index.manifests.map(({ platform }) => platform)).toEqual([{ architecture: "arm64", os: "linux", variant: "v9" }]);
    });

    it("is inspected byte for byte", async () => {
      const { host, lists, at } = await stage();
      await createList(lists, at, { images: ["oci:/src:amd64"] });
      const { id, names, document } = await inspectList(lists, at);
      const { descriptor, bytes } = await readAt(host, at);
      expect([id, names, document.bytes]).toEqual([descriptor.digest, [at], bytes]);
    });

    it("is replaced by create, and edited by create --amend", async () => {
      const { host, lists, at } = await stage();
      await createList(lists, at, { annotations: { a: "1" }, images: ["oci:/src:amd64"] });
      await createList(lists, at, { amend: true, annotations: { b: "2" }, images: ["oci:/src:arm64"] });
      expect((await indexAt(host, at)).annotations).toEqual({ a: "1", b: "2" });
      expect((await indexAt(host, at)).manifests).toHaveLength(2);
      await createList(lists, at, { annotations: { c: "3" } });
      expect(await indexAt(host, at)).toMatchObject({ annotations: { c: "3" }, manifests: [] });
    });

    it("is made by create --amend where nothing is there", async () => {
      const { host, lists, at } = await stage();
      await createList(lists, at, { amend: true, annotations: { a: "1" } });
      expect((await indexAt(host, at)).annotations).toEqual({ a: "1" });
    });

    it("is created all or nothing: a third image that fails leaves no tag", async () => {
      const { lists, at } = await stage();
      const failure = await failureOf(createList(lists, at, { images: ["oci:/src:amd64", "oci:/src:arm64", "oci:/src:nothing"] }));
      expect(failure.code).toBe("NOT_FOUND");
      expect(await listExists(lists, at)).toBe(false);
    });

    it("keeps what the tag said when create fails", async () => {
      const { host, lists, at } = await stage();
      const { digest } = await createList(lists, at, { images: ["oci:/src:amd64"] });
      await failureOf(createList(lists, at, { images: ["oci:/src:arm64", "oci:/src:nothing"] }));
      expect((await readAt(host, at)).descriptor.digest).toBe(digest);
    });

    it("keeps what the tag said when a layer of an added image cannot be read", async () => {
      const { host, lists, at, arm64 } = await stage();
      const { digest } = await createList(lists, at, { images: ["oci:/src:amd64"] });
      if (!("layers" in arm64.value)) throw new Error("no image");
      await host.files.remove(`/src/blobs/sha256/${arm64.value.layers[0]?.digest.slice(7)}`);
      expect((await failureOf(addToList(lists, at, ["oci:/src:arm64"]))).code).toBe("NOT_FOUND");
      expect((await readAt(host, at)).descriptor.digest).toBe(digest);
    });

    it("exists once it was created, and not after rm", async () => {
      const { lists, at, other } = await stage();
      expect(await listExists(lists, at)).toBe(false);
      await createList(lists, at);
      await createList(lists, other("2"));
      expect(await listExists(lists, at)).toBe(true);
      expect(await deleteList(lists, at)).toEqual({ untagged: [at] });
      expect(await listExists(lists, at)).toBe(false);
      expect(await listExists(lists, other("2"))).toBe(true);
    });

    it("loses its tag by rm, and its content stays for other tags", async () => {
      const { host, lists, at, other } = await stage();
      const { digest } = await createList(lists, at, { images: ["oci:/src:amd64"] });
      await pushList(lists, at, [other("2")]);
      await deleteList(lists, at);
      expect((await readAt(host, other("2"))).descriptor.digest).toBe(digest);
    });

    it("cannot be removed, edited, pushed or inspected where there is none", async () => {
      const { lists, at, other } = await stage();
      await createList(lists, other("2"));
      for (const task of [
        () => deleteList(lists, at),
        () => annotateList(lists, at, { annotations: { a: "1" } }),
        () => addToList(lists, at, ["oci:/src:amd64"]),
        () => removeFromList(lists, at, ["linux/amd64"]),
        () => inspectList(lists, at),
        () => pushList(lists, at, ["dir:/out"]),
      ]) {
        expect((await failureOf(task())).code).toBe("NOT_FOUND");
      }
    });

    it("is pushed elsewhere with its images", async () => {
      const { host, lists, at } = await stage();
      const { digest } = await createList(lists, at, { images: ["oci:/src:amd64"] });
      const [result] = await pushList(lists, at, ["dir:/out"]);
      expect(result).toMatchObject({ id: digest, digest, images: 1, names: [at] });
      expect((await readAt(host, "dir:/out")).descriptor.digest).toBe(digest);
    });

    it("cannot be removed after a push, and needs a destination for one", async () => {
      const { lists, at } = await stage();
      await createList(lists, at);
      expect((await failureOf(pushList(lists, at, ["dir:/out"], { remove: true }))).code).toBe("UNSUPPORTED");
      expect((await failureOf(pushList(lists, at))).message).toContain("a list at a location needs a destination");
    });

    it("that is an image is no list", async () => {
      const { lists, at } = await stage();
      await createList(lists, at, { images: ["oci:/src:amd64"] });
      for (const task of [
        () => annotateList(lists, "oci:/src:amd64", { annotations: { a: "1" } }),
        () => addToList(lists, "oci:/src:amd64", ["oci:/src:arm64"]),
      ]) {
        expect((await failureOf(task())).message).toContain("image is not a manifest list");
      }
    });

    it("is not written by an edit that changes nothing", async () => {
      const { lists, at, host } = await stage();
      await createList(lists, at, { images: ["oci:/src:amd64"], annotations: { a: "1" } });
      const before = await readAt(host, at);
      expect((await annotateList(lists, at, { annotations: { a: "1" } })).id).toBe(before.descriptor.digest);
      expect((await readAt(host, at)).bytes).toEqual(before.bytes);
    });

    it(`${kind !== "docker" ? "is edited as it is by then" : "is not edited"} when somebody changed the tag in between`, async () => {
      const hook: { run?: () => Promise<void> } = {};
      const { host, lists, at, other } = await stage({
        clock: testClock(),
        wrap: (memory) => ({
          ...memory,
          files: {
            ...memory.files,
            readFile: async (path, limit) => {
              if (path === "/between.json") await hook.run?.();
              return await memory.files.readFile(path, limit);
            },
          },
        }),
        files: { "/between.json": JSON.stringify({ mediaType: "application/x", digest: `sha256:${"a".repeat(64)}`, size: 2 }) },
      });
      await createList(lists, at, { annotations: { a: "1" } });
      const { digest } = await createList(lists, other("2"), { annotations: { b: "2" } });
      hook.run = async () => void (await pushList(lists, other("2"), [at]));
      const edit = addToList(lists, at, ["@/between.json"]);
      if (kind !== "docker") {
        expect((await edit).added).toEqual([`sha256:${"a".repeat(64)}`]);
        expect(await indexAt(host, at)).toMatchObject({ annotations: { b: "2" }, manifests: [{ digest: `sha256:${"a".repeat(64)}` }] });
        return;
      }
      const failure = await failureOf(edit);
      expect(failure.code).toBe("CONFLICT");
      expect(failure.message).toMatch(/, run it again$/);
      expect((await readAt(host, at)).descriptor.digest).toBe(digest);
    });
  });
}

describe("an edit of a list at a location", () => {
  it("moves no layers", async () => {
    const { host, lists } = await openStage("oci");
    await fillSource(host);
    await createList(lists, "oci:/place:1", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
    const blobs = await host.files.list("/place/blobs/sha256");
    await host.files.remove("/src");
    await annotateListEntries(lists, "oci:/place:1", ["linux/arm64"], { annotations: { a: "1" } });
    const after = await host.files.list("/place/blobs/sha256");
    expect(after.filter((name) => !blobs.includes(name))).toEqual([(await readAt(host, "oci:/place:1")).descriptor.digest.slice(7)]);
  });

  it("keeps members it does not know", async () => {
    const { host, lists } = await openStage("oci");
    await createList(lists, "oci:/place:1");
    const text = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"x-custom":{"b":1,"a":1.0}}`;
    await putIndexBytes(host, "oci:/place:1", text);
    await annotateList(lists, "oci:/place:1", { annotations: { a: "1" } });
    expect(new TextDecoder().decode((await readAt(host, "oci:/place:1")).bytes)).toBe(text.replace(',"x-custom"', ',"annotations":{"a":"1"},"x-custom"'));
  });

  it("is refused for a document that would lose something by it", async () => {
    const { host, lists } = await openStage("oci");
    await putIndexBytes(host, "oci:/place:1", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"x":9007199254740993}`);
    const failure = await failureOf(annotateList(lists, "oci:/place:1", { annotations: { a: "1" } }));
    expect(failure.code).toBe("LOSS");
  });

  it("is refused for a digested location, which can be read", async () => {
    const { host, lists, at, close } = await openStage("docker");
    await fillSource(host);
    const { digest } = await createList(lists, at, { images: ["oci:/src:amd64"] });
    const pinned = at.replace(":1", `@${digest}`);
    for (const task of [
      () => annotateList(lists, pinned, { annotations: { a: "1" } }),
      () => addToList(lists, pinned, ["oci:/src:arm64"]),
      () => removeFromList(lists, pinned, ["linux/amd64"]),
      () => createList(lists, pinned),
    ]) {
      expect((await failureOf(task())).message).toContain("a digest names content that cannot change, expected a tag");
    }
    expect((await inspectList(lists, pinned)).id).toBe(digest);
    expect(await listExists(lists, pinned)).toBe(true);
    expect((await pushList(lists, pinned, ["dir:/out"]))[0]?.digest).toBe(digest);
    expect((await failureOf(deleteList(lists, pinned))).code).toBe("UNSUPPORTED");
    expect(await listExists(lists, pinned)).toBe(true);
    await close();
  });
});

describe("openLists()", () => {
  it("asks for nothing and makes nothing", async () => {
    const host = memoryHost({ fetch: () => Promise.reject(new Error("asked")) });
    openLists(host, { root: "/lists" });
    expect(await treeOf(host, "/")).toEqual([]);
  });
});
