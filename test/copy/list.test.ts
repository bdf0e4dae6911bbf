import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { createPool, isOciError, type Pool, streamBytes } from "../../src/core/base/mod.ts";
import { overlaySource } from "../../src/core/content/mod.ts";
import { copyList } from "../../src/core/copy/mod.ts";
import type { Event, Repository } from "../../src/core/port/mod.ts";
import { type Descriptor, type ImageIndex, isImageIndex, mediaTypes, parseManifest } from "../../src/core/spec/mod.ts";
import { addDocument, addImage, blobOf, type Call, documentOf, indexOf, type MemorySource, memorySource, memoryTarget } from "../helper/content.ts";
import { addGraph, childrenOf, shapes } from "../helper/graph.ts";

const here: Repository = { origin: "https://registry.example", repository: "team/app" };
const beside: Repository = { origin: "https://registry.example", repository: "team/app-amd64" };
const elsewhere: Repository = { origin: "https://other.example", repository: "team/app" };

function count(calls: readonly Call[], name: string): number {
  return calls.filter((call) => call.name === name).length;
}

function twoImages(source: MemorySource, layers: number): readonly Descriptor[] {
  const texts = (name: string) => Array.from({ length: layers }, (_, at) => `${name} layer ${at}`);
  return ["amd64", "arm64"].map((name) => addImage(source.contents, name, texts(name)).descriptor);
}

function watchedPool(size: number): Pool & { readonly highest: () => number } {
  const pool = createPool(size);
  let [running, highest] = [0, 0];
  return {
    size,
    highest: () => highest,
    run: (task) =>
      pool.run(async () => {
        highest = Math.max(highest, ++running);
        try {
          return await task();
        } finally {
          running--;
        }
      }),
  };
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("copyList()", () => {
  for (const layers of [1, 5]) {
    it(`mounts ${layers} layer(s) of images in another repository without reading a blob`, async () => {
      const source = memorySource({ repository: beside });
      const entries = twoImages(source, layers);
      const target = memoryTarget({ repository: here, mountable: new Set(source.contents.keys()) });
      await copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(8), tags: ["1"] });
      expect(source.calls.map((call) => call.name)).toEqual(["manifest", "manifest"]);
      const counts = ["hasManifest", "putBlob", "putManifest", "putRoot"].map((name) => count(target.calls, name));
      expect(counts).toEqual([2, 2 * (layers + 1), 2, 1]);
      expect(target.calls.length).toBe(counts.reduce((sum, n) => sum + n, 0));
    });

    it(`transfers ${layers} layer(s) of images in another registry, each once, configs from memory`, async () => {
      const source = memorySource({ repository: elsewhere });
      const entries = twoImages(source, layers);
      const target = memoryTarget({ repository: here, mountable: new Set(source.contents.keys()) });
      await copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(8), tags: ["1"] });
      expect(["manifest", "smallBlob", "blob"].map((name) => count(source.calls, name))).toEqual([2, 2, 2 * layers]);
      expect(["hasManifest", "putBlob", "putManifest", "putRoot"].map((name) => count(target.calls, name))).toEqual([2, 2 * (layers + 1), 2, 1]);
    });
  }

  it("reads nothing of images that lie in the target's repository, and asks whether they do", async () => {
    const source = memorySource({ repository: here });
    const target = memoryTarget({ repository: { ...here } });
    const entries = twoImages(source, 2);
    const root = documentOf(indexOf(entries));
    const copying = () => copyList({ root, entries, source: async () => source, target, pool: createPool(8) });
    expect(await failureOf(copying())).toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("the destination lacks image") });
    expect(target.roots.size).toBe(0);
    for (const { digest, ...rest } of entries) {
      const bytes = source.contents.get(digest) ?? new Uint8Array();
      target.manifests.set(digest, { descriptor: { ...rest, digest }, bytes, value: parseManifest(bytes) });
    }
    target.calls.length = 0;
    const result = await copying();
    expect(source.calls).toEqual([]);
    expect(target.calls.map((call) => call.name)).toEqual(["hasManifest", "hasManifest", "putRoot"]);
    expect(target.roots.get("")?.bytes).toBe(root.bytes);
    expect(result).toEqual({ descriptor: root.descriptor, images: 2 });
  });

  it("puts a manifest that was made here although its source is the target's repository, and none of its blobs", async () => {
    const base = memorySource({ repository: here });
    const [first] = twoImages(base, 2);
    if (!first) throw new Error("no image");
    const made = documentOf({ ...parseManifest(base.contents.get(first.digest) ?? new Uint8Array()), annotations: { made: "here" } });
    const source = overlaySource(base, { manifests: new Map([[made.descriptor.digest, made]]) });
    const target = memoryTarget({ repository: here });
    await copyList({ root: documentOf(indexOf([made.descriptor])), entries: [made.descriptor], source: async () => source, target, pool: createPool(8) });
    expect(base.calls).toEqual([]);
    expect(target.calls.map((call) => call.name)).toEqual(["hasManifest", "putManifest", "putRoot"]);
    expect(target.manifests.get(made.descriptor.digest)?.bytes).toBe(made.bytes);
  });

  for (const [from, repository] of [
    ["in the target's repository", here],
    ["in another of its registry", beside],
  ] as const)
    it(`sends a blob that was made here, which lies nowhere to be mounted from, of an image ${from}`, async () => {
      const base = memorySource({ repository });
      const image = addImage(base.contents, "image", ["layer"]);
      const blob = blobOf(mediaTypes.ociLayerZstd, "made");
      if (!("layers" in image.value)) throw new Error("no image");
      const made = documentOf({ ...image.value, layers: [blob.descriptor] });
      const blobs = new Map([[blob.descriptor.digest, async () => streamBytes(blob.bytes)]]);
      const source = overlaySource(base, { manifests: new Map([[made.descriptor.digest, made]]), blobs });
      const target = memoryTarget({ repository: here, mountable: new Set([blob.descriptor.digest, image.value.config.digest]) });
      await copyList({ root: documentOf(indexOf([made.descriptor])), entries: [made.descriptor], source: async () => source, target, pool: createPool(8) });
      expect(target.blobs.get(blob.descriptor.digest)).toEqual(blob.bytes);
      expect(target.blobs.has(image.value.config.digest)).toBe(repository !== here);
      expect(base.calls).toEqual([]);
    });

  it("asks one HEAD per image that the target has, and each blob only when told to", async () => {
    const source = memorySource({ repository: elsewhere });
    const target = memoryTarget({ repository: here });
    const entries = twoImages(source, 3);
    const options = { root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(8) };
    await copyList(options);
    target.calls.length = 0;
    await copyList(options);
    expect(target.calls.map((call) => call.name)).toEqual(["hasManifest", "hasManifest", "putRoot"]);
    target.calls.length = 0;
    await copyList({ ...options, verifyBlobs: true });
    expect([count(target.calls, "putBlob"), count(target.calls, "putManifest")]).toEqual([8, 0]);
  });

  it("does not need a source that lost an image which the target has", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const entries = twoImages(source, 1);
    const options = { root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(2) };
    await copyList(options);
    source.contents.clear();
    await copyList(options);
    expect(await failureOf(copyList({ ...options, verifyBlobs: true })).then((error) => isOciError(error, "NOT_FOUND"))).toBe(true);
  });

  it("brings a blob that images share once", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const shared = ["base", "base", "runtime"];
    const entries = ["a", "b", "c"].map((name) => addImage(source.contents, name, [...shared, name]).descriptor);
    await copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(4) });
    expect(count(target.calls, "putBlob")).toBe(3 + 2 + 3);
    expect(count(source.calls, "blob")).toBe(2 + 3);
  });

  it("does not upload a foreign layer that says where it lies", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const config = blobOf(mediaTypes.ociConfig, "{}");
    source.contents.set(config.descriptor.digest, config.bytes);
    const { descriptor: layer } = blobOf(mediaTypes.dockerForeignLayerGzip, "windows");
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor } as const;
    const image = addDocument(source.contents, { ...manifest, layers: [{ ...layer, urls: ["https://example.com/layer"] }] });
    const options = { source: async () => source, target, pool: createPool(4) };
    await copyList({ ...options, root: documentOf(indexOf([image.descriptor])), entries: [image.descriptor] });
    expect(target.calls.filter((call) => call.about === layer.digest)).toEqual([]);
    const restricted = addDocument(source.contents, { ...manifest, layers: [{ ...layer, urls: [] }] });
    const ordinary = addDocument(source.contents, {
      ...manifest,
      layers: [{ ...layer, mediaType: mediaTypes.dockerLayerGzip, urls: ["https://example.com/layer"] }],
    });
    for (const { descriptor } of [restricted, ordinary]) {
      const error = await failureOf(copyList({ ...options, root: documentOf(indexOf([descriptor])), entries: [descriptor] }));
      expect(isOciError(error, "NOT_FOUND")).toBe(true);
    }
  });

  it("carries a child that is no manifest as a blob", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const file = blobOf("text/plain", "hello");
    source.contents.set(file.descriptor.digest, file.bytes);
    await copyList({ root: documentOf(indexOf([file.descriptor])), entries: [file.descriptor], source: async () => source, target, pool: createPool(1) });
    expect(target.calls.map((call) => call.name)).toEqual(["putBlob", "putRoot"]);
    expect(target.blobs.get(file.descriptor.digest)).toEqual(file.bytes);
  });

  it("names an image that should be at the target and is not, and writes no tag", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const [first, second] = twoImages(source, 1);
    if (!first || !second) throw new Error("no images");
    const present = [{ ...first, platform: { os: "linux", architecture: "amd64" } }, second];
    const options = { root: documentOf(indexOf(present)), entries: [], present, source: async () => source, target, pool: createPool(8), tags: ["1"] };
    const error = await failureOf(copyList(options));
    expect(String(error)).toBe(
      `OciError: Cannot push to "memory target": the destination lacks image ${first.digest} (linux/amd64) and 1 more, which the list refers to`,
    );
    expect(target.roots.size).toBe(0);
    expect(target.calls.at(-1)?.name).toBe("abandon");
    await copyList({ ...options, entries: [first, second], present: [] });
    target.calls.length = 0;
    await copyList(options);
    expect(target.calls.map((call) => call.name)).toEqual(["hasManifest", "hasManifest", "putRoot"]);
  });

  it("writes the root under every tag in order and guards the first one only when told to", async () => {
    const target = memoryTarget();
    const root = documentOf(indexOf([]));
    const options = { root, entries: [], source: async () => memorySource(), target, pool: createPool(1) };
    await copyList({ ...options, tags: ["1.2", "1", "latest"] });
    await copyList({ ...options, tags: ["1.2", "1"], expected: root.descriptor.digest });
    await copyList({ ...options, expected: undefined });
    expect(target.rootOptions).toEqual([
      { tag: "1.2" },
      { tag: "1" },
      { tag: "latest" },
      { tag: "1.2", expected: root.descriptor.digest },
      { tag: "1" },
      { expected: undefined },
    ]);
    expect(target.rootOptions.map((option) => "expected" in option)).toEqual([false, false, false, true, false, true]);
  });

  it("keeps what the first tag points to when a later tag fails", async () => {
    const target = memoryTarget({
      before: (call) => {
        if (call.about === "2") throw new Error("no second tag");
      },
    });
    const error = await failureOf(
      copyList({ root: documentOf(indexOf([])), entries: [], source: async () => memorySource(), target, pool: createPool(1), tags: ["1", "2"] }),
    );
    expect(String(error)).toBe("Error: no second tag");
    expect(count(target.calls, "abandon")).toBe(0);
  });

  it("writes no root and abandons the target once everything has ended, when one blob fails", async () => {
    const log: Call[] = [];
    const source = memorySource({ log });
    const entries = ["a", "b", "c"].map((name) => addImage(source.contents, name, [`${name}0`, `${name}1`, `${name}2`]).descriptor);
    const bad = blobOf(mediaTypes.ociLayerGzip, "b1").descriptor.digest;
    const target = memoryTarget({
      log,
      before: (call) => {
        if (call.about === bad) throw new Error("disk full");
      },
    });
    const error = await failureOf(
      copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(3), tags: ["1"] }),
    );
    expect(String(error)).toBe("Error: disk full");
    expect(target.roots.size).toBe(0);
    expect(log.at(-1)).toEqual({ name: "abandon", about: "" });
    expect(count(log, "abandon")).toBe(1);
  });

  it("throws the failure itself when abandoning fails too", async () => {
    const memory = memoryTarget({
      before: () => {
        throw new Error("first");
      },
    });
    const target = { ...memory, abandon: () => Promise.reject(new Error("second")) };
    const error = await failureOf(copyList({ root: documentOf(indexOf([])), entries: [], source: async () => memorySource(), target, pool: createPool(1) }));
    expect(String(error)).toBe("Error: first");
  });

  it("stops with the signal's reason in the middle of a copy, and starts nothing afterwards", async () => {
    const controller = new AbortController();
    const source = memorySource();
    const entries = ["a", "b", "c", "d"].map((name) => addImage(source.contents, name, [`${name}0`, `${name}1`]).descriptor);
    const log: Call[] = [];
    const begun: Event[] = [];
    const report = (event: Event) => void (event.type === "image" && begun.push(event));
    const target = memoryTarget({
      log,
      before: (call) => {
        if (call.name === "putManifest") controller.abort(new Error("enough"));
      },
    });
    const { signal } = controller;
    const error = await failureOf(
      copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(1), report, signal }),
    );
    expect(String(error)).toBe("Error: enough");
    expect([count(log, "putManifest"), count(log, "putRoot"), count(log, "abandon")]).toEqual([1, 0, 1]);
    expect(begun.length).toBe(2);
    expect(log.slice(log.findIndex((call) => call.name === "putManifest") + 1)).toEqual([{ name: "abandon", about: "" }]);
  });

  it("does nothing but abandon under a signal that has fired", async () => {
    const target = memoryTarget();
    const source = memorySource();
    const entries = twoImages(source, 1);
    const signal = AbortSignal.abort(new Error("before"));
    const error = await failureOf(copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target, pool: createPool(1), signal }));
    expect(String(error)).toBe("Error: before");
    expect([source.calls.length, target.calls.map((call) => call.name)]).toEqual([0, ["abandon"]]);
  });

  it("reports the copy, each image, each blob with its progress, and each manifest before the root", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const image = addImage(source.contents, "a", ["layer"]);
    const other = addImage(new Map(), "not brought", []).descriptor;
    const root = documentOf(indexOf([image.descriptor, other]));
    const events: Event[] = [];
    const report = (event: Event) => void events.push(event);
    await copyList({ root, entries: [image.descriptor], source: async () => source, target, pool: createPool(1), report });
    expect(events.map((event) => event.type)).toEqual([
      "copy",
      "image",
      "blob",
      "progress",
      "blob-done",
      "blob",
      "progress",
      "blob-done",
      "manifest",
      "manifest",
    ]);
    const layer = blobOf(mediaTypes.ociLayerGzip, "layer").descriptor;
    expect(events[0]).toEqual({ type: "copy", images: 1, total: 2 });
    expect(events[1]).toEqual({ type: "image", descriptor: image.descriptor, at: 1, total: 1 });
    expect(events[2]).toMatchObject({ type: "blob", kind: "config" });
    expect(events.slice(5, 8)).toEqual([
      { type: "blob", descriptor: layer, kind: "blob" },
      { type: "progress", descriptor: layer, bytes: layer.size },
      { type: "blob-done", descriptor: layer, outcome: "copied" },
    ]);
    expect(events.slice(8)).toEqual([
      { type: "manifest", descriptor: image.descriptor, kind: "image", outcome: "written" },
      { type: "manifest", descriptor: root.descriptor, kind: "index", outcome: "written" },
    ]);
  });

  it("copies images and their blobs at the same time", async () => {
    const source = memorySource();
    const entries = ["a", "b", "c", "d"].map((name) => addImage(source.contents, name, [`${name}0`, `${name}1`]).descriptor);
    const pool = watchedPool(8);
    await copyList({ root: documentOf(indexOf(entries)), entries, source: async () => source, target: memoryTarget(), pool });
    expect(pool.highest()).toBe(8);
  });
});

describe("copyList() with any graph and any pool", () => {
  it("puts everything once, before what refers to it, and stays within its pool", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 6 }), async (shape, size) => {
        const source = memorySource();
        const root = addGraph(source.contents, shape);
        const index: ImageIndex = isImageIndex(root.value) ? root.value : indexOf([]);
        const target = memoryTarget();
        const pool = watchedPool(size);
        await copyList({ root, entries: index.manifests, source: async () => source, target, pool, tags: ["1"] });
        expect(pool.highest()).toBeLessThanOrEqual(size);
        const puts = target.calls.filter((call) => call.name.startsWith("put")).map((call) => call.about);
        expect(new Set(puts).size).toBe(puts.length);
        expect(puts.at(-1)).toBe("1");
        for (const document of target.manifests.values()) {
          for (const child of childrenOf(document)) expect(puts.indexOf(child.digest)).toBeLessThan(puts.indexOf(document.descriptor.digest));
          for (const child of childrenOf(document)) expect(target.manifests.has(child.digest) || target.blobs.has(child.digest)).toBe(true);
        }
        for (const child of index.manifests) expect(target.manifests.has(child.digest)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("writes no root and abandons once, whichever call fails", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 4 }), fc.nat(30), async (shape, size, failing) => {
        let seen = 0;
        const before = () => {
          if (seen++ === failing) throw new Error("planned");
        };
        const source = memorySource({ before });
        const root = addGraph(source.contents, shape);
        const target = memoryTarget({ before });
        const entries = isImageIndex(root.value) ? root.value.manifests : [];
        const error = await failureOf(copyList({ root, entries, source: async () => source, target, pool: createPool(size) }));
        expect(error === undefined).toBe(seen <= failing);
        expect([target.roots.size, count(target.calls, "abandon")]).toEqual(error === undefined ? [1, 0] : [0, 1]);
      }),
      { numRuns: 60 },
    );
  });
});
