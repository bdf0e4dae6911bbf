import { describe, expect, it } from "bun:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { type ByteStream, createPool, iterate, OciError, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import { overlaySource } from "../../src/core/content/mod.ts";
import { type CopyListToAllOptions, copyListToAll } from "../../src/core/copy/mod.ts";
import type { Event, Repository } from "../../src/core/port/mod.ts";
import { type Descriptor, isImageIndex, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { testClock } from "../helper/clock.ts";
import {
  addImage,
  blobOf,
  type Call,
  documentOf,
  indexOf,
  type MemoryOptions,
  type MemorySource,
  type MemoryTarget,
  memorySource,
  memoryTarget,
} from "../helper/content.ts";
import { addGraph, childrenOf, shapes } from "../helper/graph.ts";

const registry = (repository: string): Repository => ({ origin: "https://registry.example", repository });

function timesRead({ calls }: MemorySource): readonly number[] {
  const times = new Map<string, number>();
  for (const { name, about } of calls) if (name !== "referrers") times.set(about, (times.get(about) ?? 0) + 1);
  return [...times.values()];
}

function optionsOf(source: MemorySource, root: ManifestDocument, targets: readonly MemoryTarget[]): CopyListToAllOptions {
  const entries = isImageIndex(root.value) ? root.value.manifests : [];
  return { root, entries, source: async () => source, destinations: targets.map((target) => ({ target })), pool: createPool(4), clock: testClock() };
}

function put(target: MemoryTarget, source: MemorySource, { digest }: Descriptor, document?: ManifestDocument): void {
  if (document) target.manifests.set(digest, document);
  else target.blobs.set(digest, source.contents.get(digest) ?? new Uint8Array());
}

/** Two images that share a layer, in a list. */
function twoImages(options: MemoryOptions = {}) {
  const source = memorySource(options);
  const images = ["amd64", "arm64"].map((name) => addImage(source.contents, name, ["shared", name]));
  return { source, images, root: documentOf(indexOf(images.map(({ descriptor }) => descriptor))) };
}

const failsAt =
  (name: string, error: Error) =>
  (call: Call): void => {
    if (call.name === name) throw error;
  };

describe("copyListToAll()", () => {
  it("reads every manifest and blob once, and gives everything to each", async () => {
    const { source, root } = twoImages();
    const targets = [memoryTarget(), memoryTarget({ repository: registry("app") }), memoryTarget()];
    expect(await copyListToAll(optionsOf(source, root, targets))).toEqual([undefined, undefined, undefined]);
    expect(timesRead(source)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    for (const target of targets) expect([target.blobs.size, target.manifests.size, target.roots.size]).toEqual([5, 2, 1]);
  });

  it("reads what one of them lacks and sends the others nothing", async () => {
    const { source, images, root } = twoImages();
    const [full, half, empty] = [memoryTarget(), memoryTarget(), memoryTarget()];
    await copyListToAll(optionsOf(source, root, [full]));
    const [first] = images;
    if (!first) throw new Error("no image");
    for (const child of childrenOf(first)) put(half, source, child);
    put(half, source, first.descriptor, first);
    for (const each of [source, full, half, empty]) each.calls.length = 0;
    await copyListToAll(optionsOf(source, root, [full, half, empty]));
    expect(timesRead(source)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(full.calls.map(({ name }) => name)).toEqual(["hasManifest", "hasManifest", "putRoot"]);
    // The layer that both images share came with the one that is there.
    expect(half.calls.map(({ name }) => name).sort()).toEqual(["hasManifest", "hasManifest", "putBlob", "putBlob", "putManifest", "putRoot"]);
    expect(empty.blobs.size).toBe(5);
  });

  it("asks a destination in one registry to mount from the one before, which alone reads", async () => {
    const { source, root } = twoImages();
    const mountable = new Set(source.contents.keys());
    const from: (Repository | undefined)[] = [];
    const base = memoryTarget({ repository: registry("two"), mountable });
    const second: MemoryTarget = {
      ...base,
      putBlob(descriptor, open, options = {}) {
        from.push(options.from);
        return base.putBlob(descriptor, open, options);
      },
    };
    const events: Event[] = [];
    await copyListToAll({
      ...optionsOf(source, root, [memoryTarget({ repository: registry("one") }), second]),
      report: (event) => void events.push(event),
    });
    expect(from).toEqual(Array.from({ length: 5 }, () => registry("one")));
    expect(timesRead(source)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(events.flatMap((event) => (event.type === "blob-done" ? [event.outcome] : []))).toEqual(Array.from({ length: 5 }, () => "copied"));
  });

  it("reads where the first has it what the second does not mount, and at the source what the first does not give out", async () => {
    for (const isShut of [false, true]) {
      const { source, root } = twoImages({ repository: { origin: "https://other.example", repository: "app" } });
      const first = memoryTarget({ repository: registry("one") });
      const second = memoryTarget({ repository: registry("two") });
      const written = memorySource(isShut ? {} : { before: ({ about }) => void written.contents.set(...at(source, about)) });
      const options = optionsOf(source, root, []);
      await copyListToAll({ ...options, destinations: [{ target: first, readable: written }, { target: second }] });
      expect(second.blobs.size).toBe(5);
      expect(timesRead(source).every((times) => times === 1)).toBe(!isShut);
      expect(written.calls).toHaveLength(5);
    }
  });

  it("reads files again, not where the first has got them, for a second that does not mount", async () => {
    const { source, root } = twoImages();
    const [first, second] = ["one", "two"].map((name) => memoryTarget({ repository: registry(name) }));
    if (!first || !second) throw new Error("no targets");
    const written = memorySource();
    await copyListToAll({ ...optionsOf(source, root, []), destinations: [{ target: first, readable: written }, { target: second }] });
    expect([written.calls, second.blobs.size]).toEqual([[], 5]);
    expect([...timesRead(source)].sort()).toEqual([1, 1, 2, 2, 2, 2, 2]);
  });

  it("reads again what was made here, not where the first has got it", async () => {
    const base = memorySource({ repository: { origin: "https://other.example", repository: "app" } });
    const image = addImage(base.contents, "image", []);
    if (!("layers" in image.value)) throw new Error("no image");
    const blob = blobOf(mediaTypes.ociLayerZstd, "made");
    const made = documentOf({ ...image.value, layers: [blob.descriptor] });
    let opened = 0;
    const open = async () => {
      opened++;
      return streamBytes(blob.bytes);
    };
    const blobs = new Map([[blob.descriptor.digest, open]]);
    const source = overlaySource(base, { manifests: new Map([[made.descriptor.digest, made]]), blobs });
    const written = memorySource({ before: ({ about }) => void written.contents.set(...at(base, about)) });
    const [first, second] = ["one", "two"].map((name) => memoryTarget({ repository: registry(name) }));
    if (!first || !second) throw new Error("no targets");
    const options = { ...optionsOf(base, documentOf(indexOf([made.descriptor])), []), source: async () => source };
    await copyListToAll({ ...options, destinations: [{ target: first, readable: written }, { target: second }] });
    expect([opened, second.blobs.size, written.calls.length]).toEqual([2, 2, 1]);
  });

  it("says of a blob that came to none of those it was for no more than that it ended", async () => {
    const { source, root } = twoImages();
    const full = memoryTarget();
    await copyListToAll(optionsOf(source, root, [full]));
    const events: Event[] = [];
    const failing = memoryTarget({ before: failsAt("putBlob", new OciError("DENIED", "not here")) });
    await copyListToAll({ ...optionsOf(source, root, [full, failing]), report: (event) => void events.push(event) });
    const outcomes = events.flatMap((event) => (event.type === "blob-done" ? [event.outcome] : []));
    expect(outcomes.length).toBeGreaterThan(0);
    expect(new Set(outcomes)).toEqual(new Set([undefined]));
  });

  it("goes on without one that fails, and takes away only what that one was given", async () => {
    for (const at of ["hasManifest", "putBlob", "putManifest", "putRoot"]) {
      const { source, root } = twoImages();
      const error = new OciError("DENIED", "not here");
      const targets = [memoryTarget(), memoryTarget({ before: failsAt(at, error) }), memoryTarget()];
      expect(await copyListToAll(optionsOf(source, root, targets))).toEqual([undefined, error, undefined]);
      expect(targets.map(({ roots }) => roots.size)).toEqual([1, 0, 1]);
      expect(targets.map(({ calls }) => calls.filter(({ name }) => name === "abandon").length)).toEqual([0, 1, 0]);
      expect(timesRead(source).every((times) => times === 1)).toBe(true);
    }
  });

  it("keeps a first tag that was written when a further one fails", async () => {
    const { source, root } = twoImages();
    const error = new OciError("DENIED", "no second tag");
    const target = memoryTarget({
      before: ({ about }) => {
        if (about === "2") throw error;
      },
    });
    const options = optionsOf(source, root, []);
    const other = memoryTarget();
    expect(await copyListToAll({ ...options, destinations: [{ target, tags: ["1", "2"] }, { target: other }] })).toEqual([error, undefined]);
    expect([target.roots.has("1"), target.calls.some(({ name }) => name === "abandon"), other.roots.size]).toEqual([true, false, 1]);
  });

  it("fails only where it is needed when the source lacks something", async () => {
    const { source, images, root } = twoImages();
    const [full, empty] = [memoryTarget(), memoryTarget()];
    await copyListToAll(optionsOf(source, root, [full]));
    for (const { descriptor } of images) source.contents.delete(descriptor.digest);
    const [whole, lacking] = await copyListToAll(optionsOf(source, root, [full, empty]));
    expect([whole, lacking?.code, full.roots.size, empty.roots.size]).toEqual([undefined, "NOT_FOUND", 1, 0]);
  });

  it("says of each why it failed when all do", async () => {
    const { source, root } = twoImages();
    const errors = [new OciError("DENIED", "first"), new OciError("NETWORK", "second")];
    const targets = errors.map((error) => memoryTarget({ before: failsAt("putManifest", error) }));
    expect(await copyListToAll(optionsOf(source, root, targets))).toEqual(errors);
    expect(targets.map(({ calls }) => calls.at(-1)?.name)).toEqual(["abandon", "abandon"]);
  });

  it("ends as a whole with the signal, and abandons all", async () => {
    const { source, root } = twoImages();
    const controller = new AbortController();
    const targets = [
      memoryTarget(),
      memoryTarget({ before: ({ name }) => void (name === "putManifest" && controller.abort(new OciError("LIMIT", "enough"))) }),
    ];
    await expect(copyListToAll({ ...optionsOf(source, root, targets), signal: controller.signal })).rejects.toThrow("enough");
    expect(targets.map(({ calls, roots }) => [calls.at(-1)?.name, roots.size])).toEqual([
      ["abandon", 0],
      ["abandon", 0],
    ]);
  });

  it("tells of every blob once, with the progress of the furthest", async () => {
    const { source, root } = twoImages();
    const events: Event[] = [];
    await copyListToAll({ ...optionsOf(source, root, [memoryTarget(), memoryTarget()]), report: (event) => void events.push(event) });
    const { descriptor } = blobOf(mediaTypes.ociLayerGzip, "shared");
    const about = events.filter((event) => "descriptor" in event && event.descriptor.digest === descriptor.digest);
    expect(about).toEqual([
      { type: "blob", descriptor, kind: "blob" },
      { type: "progress", descriptor, bytes: descriptor.size },
      { type: "blob-done", descriptor, outcome: "copied" },
    ]);
    expect(events.filter(({ type }) => type === "copy" || type === "image")).toHaveLength(3);
  });

  it("holds one piece of a blob however long it is, and goes on when one destination dies in the middle of it", async () => {
    const pieces = 1000;
    const base = memorySource();
    const image = addImage(base.contents, "a", ["long"]);
    const layer = blobOf(mediaTypes.ociLayerGzip, "long").descriptor;
    let [read, most] = [0, 0];
    const taken = [0, 0, 0];
    async function* long() {
      for (; read < pieces; read++) {
        most = Math.max(most, read - Math.min(...taken.filter((count) => count >= 0)));
        yield new Uint8Array(1);
      }
    }
    const source: MemorySource = {
      ...base,
      blob: async (descriptor, options) => (descriptor.digest === layer.digest ? streamOf(long()) : base.blob(descriptor, options)),
    };
    const swallow = async (stream: ByteStream, at: number): Promise<void> => {
      for await (const _ of iterate(stream)) {
        taken[at] = (taken[at] ?? 0) + 1;
        if (at !== 1 || taken[at] !== 500) continue;
        taken[at] = -1;
        throw new OciError("NETWORK", "cut");
      }
    };
    const targets = [0, 1, 2].map((at): MemoryTarget => {
      const target = memoryTarget();
      return {
        ...target,
        async putBlob(descriptor, open, options) {
          if (descriptor.digest !== layer.digest) return await target.putBlob(descriptor, open, options);
          await swallow(await open(), at);
          return "copied";
        },
      };
    });
    const outcomes = await copyListToAll(optionsOf(source, documentOf(indexOf([image.descriptor])), targets));
    expect(outcomes.map((outcome) => outcome?.message)).toEqual([undefined, "cut", undefined]);
    expect([read, ...taken]).toEqual([pieces, pieces, -1, pieces]);
    expect(most).toBeLessThanOrEqual(1);
  });
});

describe("copyListToAll() to places that take one blob at a time", () => {
  it("does not wait for ever where each holds back the blob that the other has begun with", async () => {
    const source = memorySource();
    const image = addImage(source.contents, "a", ["x", "y"]);
    const layers = ["x", "y"].map((text) => blobOf(mediaTypes.ociLayerGzip, text).descriptor.digest);
    const clock = testClock();
    let begun = 0;
    const targets = layers.map((own): MemoryTarget => {
      const target = memoryTarget();
      const place = createPool(1);
      let begin = (): void => {};
      const isBegun = new Promise<void>((resolve) => (begin = resolve));
      return {
        ...target,
        async putBlob(descriptor, open, options) {
          if (!layers.includes(descriptor.digest)) return await target.putBlob(descriptor, open, options);
          const stream = await open();
          if (descriptor.digest !== own) await isBegun;
          return await place.run(async () => {
            begun++;
            begin();
            return await target.putBlob(descriptor, async () => stream, options);
          });
        },
      };
    });
    const copying = copyListToAll({ ...optionsOf(source, documentOf(indexOf([image.descriptor])), targets), clock });
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    expect(begun).toBe(2);
    clock.advance(30_000);
    expect(await copying).toEqual([undefined, undefined]);
    expect(targets.map(({ blobs, roots }) => [blobs.size, roots.size])).toEqual([
      [3, 1],
      [3, 1],
    ]);
  });
});

function at(source: MemorySource, about: string): [Descriptor["digest"], Uint8Array<ArrayBuffer>] {
  for (const [digest, bytes] of source.contents) if (digest === about) return [digest, bytes];
  throw new Error(`no ${about}`);
}

describe("copyListToAll() with any graph, any pool and anything there already", () => {
  const states = fc.array(fc.array(fc.nat(20), { maxLength: 6 }), { minLength: 2, maxLength: 4 });

  /** Puts the images that `picks` name into `target`, whole. */
  function fill(target: MemoryTarget, source: MemorySource, documents: readonly ManifestDocument[], picks: readonly number[]): void {
    for (const pick of picks) {
      const queue = [documents[pick % documents.length]];
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        put(target, source, next.descriptor, next);
        for (const child of childrenOf(next)) {
          const document = documents.find(({ descriptor }) => descriptor.digest === child.digest);
          if (document) queue.push(document);
          else put(target, source, child);
        }
      }
    }
  }

  async function setUp(shape: Parameters<typeof addGraph>[1], picks: readonly (readonly number[])[], before?: (at: number) => void) {
    const scratch = memorySource();
    const root = addGraph(scratch.contents, shape);
    const whole = memoryTarget();
    await copyListToAll(optionsOf(scratch, root, [whole]));
    const source = memorySource();
    for (const [digest, bytes] of scratch.contents) source.contents.set(digest, bytes);
    const documents = [...whole.manifests.values()];
    const targets = picks.map((each, at) => {
      const target = memoryTarget({
        ...(before && { before: () => before(at) }),
        ...(at % 2 === 1 && { repository: { origin: `https://${at}.example`, repository: "app" } }),
      });
      fill(target, source, documents, documents.length === 0 ? [] : each);
      return target;
    });
    return { source, root, whole, targets };
  }

  it("reads everything at most once and gives all of it to each", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, states, fc.integer({ min: 1, max: 4 }), async (shape, picks, size) => {
        const { source, root, whole, targets } = await setUp(shape, picks);
        const outcomes = await copyListToAll({ ...optionsOf(source, root, targets), pool: createPool(size) });
        expect(outcomes.every((outcome) => outcome === undefined)).toBe(true);
        expect(Math.max(1, ...timesRead(source))).toBe(1);
        for (const target of targets) {
          expect([...target.manifests.keys()].sort()).toEqual([...whole.manifests.keys()].sort());
          expect([...target.blobs.keys()].sort()).toEqual([...whole.blobs.keys()].sort());
          const puts = target.calls.filter(({ name }) => name.startsWith("put")).map(({ about }) => about);
          expect(new Set(puts).size).toBe(puts.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("serves all the others whenever one of them fails", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, states, fc.nat(20), async (shape, picks, failing) => {
        let seen = 0;
        const error = new OciError("IO", "planned");
        const before = (at: number) => {
          if (at === 1 && seen++ >= failing) throw error;
        };
        const { source, root, whole, targets } = await setUp(shape, picks, before);
        const outcomes = await copyListToAll(optionsOf(source, root, targets));
        expect(outcomes.filter((_, at) => at !== 1).every((outcome) => outcome === undefined)).toBe(true);
        expect([outcomes[1], targets[1]?.roots.size]).toEqual(seen > failing ? [error, 0] : [undefined, 1]);
        for (const [at, target] of targets.entries())
          if (at !== 1) expect([target.manifests.size, target.blobs.size, target.roots.size]).toEqual([whole.manifests.size, whole.blobs.size, 1]);
      }),
      { numRuns: 60 },
    );
  });
});
