import { describe, expect, it } from "bun:test";
import { createPool, streamBytes } from "../../src/core/base/mod.ts";
import { overlaySource } from "../../src/core/content/mod.ts";
import { copyList, rehearse } from "../../src/core/copy/mod.ts";
import type { ContentTarget, Repository } from "../../src/core/port/mod.ts";
import { type Descriptor, type Digest, mediaTypes } from "../../src/core/spec/mod.ts";
import { addImage, blobOf, documentOf, indexOf, memorySource, memoryTarget } from "../helper/content.ts";
import { failureOf } from "../helper/lists.ts";

const here: Repository = { origin: "https://registry.example", repository: "team/app" };

/** An image in the target's repository with a layer that was made here, and a push of it that asks for every blob. */
function setUpHere() {
  const base = memorySource({ repository: here });
  const image = addImage(base.contents, "image", ["layer"]);
  if (!("layers" in image.value)) throw new Error("no image");
  const blob = blobOf(mediaTypes.ociLayerZstd, "made");
  const made = documentOf({ ...image.value, layers: [...image.value.layers, blob.descriptor] });
  const blobs = new Map([[blob.descriptor.digest, async () => streamBytes(blob.bytes)]]);
  const source = overlaySource(base, { manifests: new Map([[made.descriptor.digest, made]]), blobs });
  const memory = memoryTarget({ repository: here });
  const lies = [image.value.config, ...image.value.layers];
  for (const { digest } of lies) memory.blobs.set(digest, base.contents.get(digest) ?? new Uint8Array());
  const asked: Digest[] = [];
  const hasBlob = async ({ digest }: Descriptor) => asked.push(digest) > 0 && memory.blobs.has(digest);
  const push = (target: ContentTarget = { ...memory, hasBlob }) =>
    copyList({
      root: documentOf(indexOf([made.descriptor])),
      entries: [made.descriptor],
      source: async () => source,
      target,
      pool: createPool(8),
      verifyBlobs: true,
    });
  return { memory, hasBlob, made: blob, lies: lies.map(({ digest }) => digest), asked, push };
}

describe("copyList() that asks for every blob", () => {
  it("asks for what lies in the target's repository, and sends what was made here and is gone", async () => {
    const { memory, made, lies, asked, push } = setUpHere();
    await push();
    expect(memory.blobs.delete(made.descriptor.digest)).toBe(true);
    for (const each of [asked, memory.calls]) each.length = 0;
    await push();
    expect(memory.blobs.get(made.descriptor.digest)).toEqual(made.bytes);
    expect([...asked].sort()).toEqual([...lies].sort());
    expect(memory.calls.map(({ name }) => name)).toEqual(["hasManifest", "putBlob", "putRoot"]);
  });

  it("names a blob that is gone from the only repository that had it, and writes no tag", async () => {
    for (const isRehearsed of [false, true]) {
      const { memory, hasBlob, lies, push } = setUpHere();
      const [lost] = lies;
      if (!lost) throw new Error("no blob");
      memory.blobs.delete(lost);
      const target = { ...memory, hasBlob };
      const failure = await failureOf(push(isRehearsed ? rehearse(target, { nameOf: () => "", planned: new Set() }).target : target));
      expect(String(failure)).toBe(`OciError: Cannot push to "memory target": the destination lacks blob ${lost}, which the list refers to`);
      expect(memory.roots.size).toBe(0);
    }
  });

  it("asks for a blob that images in the target's repository share once, and for a child that is no manifest; for none when not told to", async () => {
    const source = memorySource({ repository: here });
    const memory = memoryTarget({ repository: here });
    const images = ["a", "b"].map((name) => addImage(source.contents, name, ["shared", name]));
    for (const image of images) memory.manifests.set(image.descriptor.digest, image);
    const file = blobOf("text/plain", "hello").descriptor;
    const asked: Digest[] = [];
    const hasBlob = async ({ digest }: Descriptor) => asked.push(digest) > 0;
    const entries = [...images.map(({ descriptor }) => descriptor), file];
    const options = { root: documentOf(indexOf(entries)), entries, source: async () => source, target: { ...memory, hasBlob }, pool: createPool(4) };
    await copyList(options);
    expect(asked).toEqual([]);
    await copyList({ ...options, verifyBlobs: true });
    expect([asked.length, new Set(asked).size, asked.includes(file.digest)]).toEqual([6, 6, true]);
    expect(memory.calls.some(({ name }) => name === "putBlob")).toBe(false);
  });
});
