import { describe, expect, it } from "bun:test";
import { addToList, annotateListEntries, createList, inspectList, pushList, removeFromList } from "../../src/core/list/mod.ts";
import { type ManifestDocument, mediaTypes, parsePlatform } from "../../src/core/spec/mod.ts";
import type { MemoryHost } from "../../src/host/memory.ts";
import { type DeskOptions, entryIn, failureOf, fillSource, indexAt, indexOfList, openDesk, putImage, readAt, treeOf } from "../helper/lists.ts";

/** Opens a desk with the images of `fillSource` and a list `app`. */
async function open(options?: DeskOptions) {
  const desk = openDesk(options);
  const source = await fillSource(desk.host);
  await createList(desk.lists, "app");
  const digests = async (name = "app") => (await indexOfList(desk.lists, name)).manifests.map(({ digest }) => digest);
  return { ...desk, ...source, digests };
}

const digestsOf = (...images: readonly ManifestDocument[]) => images.map(({ descriptor }) => descriptor.digest);

describe("IMAGE=PLATFORM", () => {
  /** Returns a desk that notes every file it reads. */
  function reading() {
    const reads: string[] = [];
    const wrap = (host: MemoryHost) => ({
      ...host,
      files: {
        ...host.files,
        read: (path: string, options?: object) => {
          reads.push(path);
          return host.files.read(path, options);
        },
        readFile: (path: string, limit: number) => {
          reads.push(path);
          return host.files.readFile(path, limit);
        },
      },
    });
    return { reads, wrap };
  }

  it("states the platform of an image, of which nothing is read", async () => {
    const { reads, wrap } = reading();
    const { lists, arm64 } = await open({ wrap });
    reads.length = 0;
    await addToList(lists, "app", ["oci:/src:arm64=linux/arm/v7"]);
    expect(reads.filter((path) => path.startsWith("/src/blobs"))).toEqual([]);
    const { mediaType, digest, size } = arm64.descriptor;
    expect(entryIn(await indexOfList(lists, "app"), arm64)).toEqual({ mediaType, digest, size, platform: parsePlatform("linux/arm/v7") });
    await addToList(lists, "app", ["oci:/src:amd64"]);
    expect(reads.filter((path) => path.startsWith("/src/blobs"))).not.toEqual([]);
  });

  it("selects from an index, also beside all", async () => {
    for (const all of [false, true]) {
      const { lists, digests, arm64 } = await open();
      await addToList(lists, "app", ["oci:/src:multi=linux/arm64"], { all });
      expect(await digests()).toEqual(digestsOf(arm64));
    }
  });

  it("selects from a local list", async () => {
    const { lists, digests, arm64 } = await open();
    await createList(lists, "other", { images: ["oci:/src:multi"], all: true });
    await addToList(lists, "app", ["other=linux/arm64"]);
    expect(await digests()).toEqual(digestsOf(arm64));
  });

  it("refuses a platform that is none", async () => {
    const { lists } = await open();
    expect((await failureOf(addToList(lists, "app", ["oci:/src:arm64=linux/"]))).code).toBe("INVALID");
  });
});

describe("@FILE", () => {
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${"a".repeat(64)}` as const,
    size: 7,
    annotations: { a: "1" },
    platform: { architecture: "amd64", os: "linux", "x-unknown": 1 },
    artifactType: "application/x",
    "x-custom": { b: [1] },
  };

  it("is a descriptor taken as it is, members nobody knows included", async () => {
    const { lists } = await open({ files: { "/d.json": JSON.stringify(descriptor) } });
    await createList(lists, "from-file", { images: ["@/d.json"] });
    const { document } = await inspectList(lists, "from-file");
    expect(JSON.parse(new TextDecoder().decode(document.bytes)).manifests).toEqual([descriptor]);
  });

  it("may be standard input", async () => {
    const { lists, digests } = await open({ input: JSON.stringify(descriptor) });
    await addToList(lists, "app", ["@-"]);
    expect(await digests()).toEqual([descriptor.digest]);
  });

  it("is refused when it is no descriptor, or one that could be read in two ways", async () => {
    const twice = JSON.stringify(descriptor).replace('"size":7', '"size":7,"size":8');
    const { lists } = await open({ files: { "/bad.json": '{"digest":"sha256:ab"}', "/twice.json": twice, "/list.json": "[]" } });
    for (const file of ["bad", "twice", "list"]) {
      const failure = await failureOf(addToList(lists, "app", [`@/${file}.json`]));
      expect([failure.code, failure.message]).toEqual(["INVALID", expect.stringContaining(`descriptor "/${file}.json"`)]);
    }
    expect((await failureOf(addToList(lists, "app", ["@/none.json"]))).code).toBe("NOT_FOUND");
  });

  it("that nobody has is an error at a layout before the tag is written", async () => {
    const { host, lists } = await open({ files: { "/d.json": JSON.stringify(descriptor) } });
    await addToList(lists, "app", ["@/d.json"]);
    for (const task of [() => pushList(lists, "app", ["oci:/out:1"]), () => createList(lists, "oci:/out:1", { images: ["@/d.json"] })]) {
      const failure = await failureOf(task());
      expect([failure.code, failure.message]).toEqual(["NOT_FOUND", expect.stringContaining(`lacks image ${descriptor.digest}`)]);
      expect(await treeOf(host, "/out")).toEqual([]);
    }
  });
});

describe("a source", () => {
  it("is pinned by digest: a tag moved later changes nothing and breaks no push", async () => {
    const { host, lists, digests, amd64 } = await open();
    await addToList(lists, "app", ["oci:/src:amd64"]);
    await putImage(host, "oci:/src:amd64", { platform: "linux/amd64", layers: ["something else"] });
    expect(await digests()).toEqual(digestsOf(amd64));
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64));
  });

  it("is recorded by an absolute path", async () => {
    const { lists, amd64 } = await open();
    await addToList(lists, "app", ["oci:src:amd64"]);
    expect((await lists.store.find("app"))?.sources).toEqual({ [amd64.descriptor.digest]: { location: "oci:/src" } });
  });

  it("of a removed entry is forgotten", async () => {
    const { lists } = await open();
    await addToList(lists, "app", ["oci:/src:amd64"]);
    await removeFromList(lists, "app", ["linux/amd64"]);
    expect((await lists.store.find("app"))?.sources).toEqual({});
  });

  it("that is gone makes the push fail by name, with nothing written", async () => {
    const { host, lists, amd64 } = await open();
    await addToList(lists, "app", ["oci:/src:amd64"]);
    await host.files.remove(`/src/blobs/sha256/${amd64.descriptor.digest.slice(7)}`);
    const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"]));
    expect([failure.code, failure.message]).toEqual(["NOT_FOUND", expect.stringContaining(amd64.descriptor.digest)]);
    expect(await treeOf(host, "/out")).toEqual([]);
  });
});

describe("a local list given as IMAGE", () => {
  it("gives its instance for the host, or all with their annotations and sources", async () => {
    const { host, lists, digests, amd64, arm64, attestation } = await open();
    await createList(lists, "other", { images: ["oci:/src:multi"], all: true, annotations: { i: "1" } });
    await annotateListEntries(lists, "other", ["linux/arm64"], { annotations: { a: "1" } });
    await addToList(lists, "app", ["other"]);
    expect(await digests()).toEqual(digestsOf(amd64, attestation));
    await addToList(lists, "app", ["other"], { all: true });
    expect(await digests()).toEqual(digestsOf(amd64, attestation, arm64));
    expect(entryIn(await indexOfList(lists, "app"), arm64).annotations).toEqual({ a: "1" });
    const [pushed] = await pushList(lists, "app", ["oci:/out:1"]);
    expect(pushed?.digest).toBe((await readAt(host, "oci:/out:1")).descriptor.digest);
  });

  it("may be named by its ID", async () => {
    const { lists, digests, riscv64 } = await open();
    const { id } = await createList(lists, "other", { images: ["oci:/src:riscv64"] });
    await addToList(lists, "app", [id]);
    expect(await digests()).toEqual(digestsOf(riscv64));
  });

  it("wins over a layout or registry of that name", async () => {
    const { lists, digests, riscv64 } = await open({ fetch: () => Promise.reject(new Error("asked")) });
    await createList(lists, "registry.example.com/app:1", { images: ["oci:/src:riscv64"] });
    await addToList(lists, "app", ["registry.example.com/app:1"]);
    expect(await digests()).toEqual(digestsOf(riscv64));
  });
});
