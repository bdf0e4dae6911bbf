import { describe, expect, it } from "bun:test";
import { createPool, isOciError } from "../../src/core/base/mod.ts";
import { copyImage } from "../../src/core/copy/mod.ts";
import type { Repository } from "../../src/core/port/mod.ts";
import { type Descriptor, type Digest, isImageIndex, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { addDocument, addImage, indexOf, memorySource, memoryTarget } from "../helper/content.ts";

const here: Repository = { origin: "https://registry.example", repository: "team/app" };

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: unknown) => (isOciError(error) ? error.code : String(error)),
  );
}

/** Returns the outermost of `levels` indexes around an image. */
function nest(contents: ReturnType<typeof memorySource>["contents"], levels: number): ManifestDocument {
  let document = addImage(contents, "a", ["layer"]);
  for (let level = 0; level < levels; level++) document = addDocument(contents, indexOf([document.descriptor]));
  return document;
}

function fakeDigest(character: string): Digest {
  return `sha256:${character.repeat(64)}`;
}

describe("copyImage()", () => {
  it("returns the manifest and writes no root", async () => {
    const source = memorySource();
    const image = addImage(source.contents, "a", ["0", "1"]);
    const target = memoryTarget();
    const document = await copyImage({ source, descriptor: { ...image.descriptor, size: 0 }, target, pool: createPool(1) });
    expect(document).toEqual(image);
    expect(target.manifests.get(image.descriptor.digest)?.bytes).toEqual(image.bytes);
    expect([target.roots.size, target.blobs.size]).toEqual([0, 3]);
  });

  it("only reads a manifest that lies in the target's repository, once it is known to be there", async () => {
    const source = memorySource({ repository: here });
    const image = addImage(source.contents, "a", ["0"]);
    const target = memoryTarget({ repository: here });
    target.manifests.set(image.descriptor.digest, image);
    expect(await copyImage({ source, descriptor: image.descriptor, target, pool: createPool(1) })).toEqual(image);
    expect([source.calls.length, target.calls.map((call) => call.name)]).toEqual([1, ["hasManifest"]]);
  });

  it("copies an index of 10 levels and refuses one of 11 (GHSA-298f-872v-2rcx)", async () => {
    const source = memorySource();
    const target = memoryTarget();
    const deep = nest(source.contents, 10);
    expect(isImageIndex((await copyImage({ source, descriptor: deep.descriptor, target, pool: createPool(1) })).value)).toBe(true);
    expect(target.manifests.size).toBe(11);
    const deeper = nest(source.contents, 11);
    const fresh = memoryTarget();
    expect(await codeOf(copyImage({ source, descriptor: deeper.descriptor, target: fresh, pool: createPool(1) }))).toBe("LIMIT");
    expect(fresh.calls.at(-1)?.name).toBe("abandon");
  });

  it("reads an index that stands twice once, so that doubling levels cost nothing", async () => {
    const source = memorySource();
    let document = addImage(source.contents, "a", ["layer"]);
    for (let level = 0; level < 10; level++) document = addDocument(source.contents, indexOf(Array.from({ length: 8 }, () => document.descriptor)));
    await copyImage({ source, descriptor: document.descriptor, target: memoryTarget(), pool: createPool(4) });
    expect(source.calls.filter((call) => call.name === "manifest").length).toBe(11);
  });

  it("refuses indexes that contain each other instead of waiting for ever (GHSA-298f-872v-2rcx)", async () => {
    const [a, b] = [fakeDigest("a"), fakeDigest("b")];
    const point = (digest: Digest): Descriptor => ({ mediaType: mediaTypes.ociIndex, digest, size: 0 });
    const next = new Map([
      [a, indexOf([point(b), point(b)])],
      [b, indexOf([point(a)])],
    ]);
    const source = {
      ...memorySource(),
      manifest: async (descriptor: Descriptor) => ({
        descriptor,
        bytes: new Uint8Array(),
        value: next.get(descriptor.digest) ?? indexOf([point(a), point(b)]),
      }),
    };
    expect(await codeOf(copyImage({ source, descriptor: point(a), target: memoryTarget(), pool: createPool(1) }))).toBe("INVALID");
    expect(await codeOf(copyImage({ source, descriptor: point(fakeDigest("c")), target: memoryTarget(), pool: createPool(8) }))).toBe("INVALID");
  });

  it("streams a config over 4 MiB", async () => {
    const source = memorySource();
    const bytes = new Uint8Array(4 * 1024 * 1024 + 1);
    const digest = fakeDigest("d");
    source.contents.set(digest, bytes);
    const config = { mediaType: "application/octet-stream", digest, size: bytes.length };
    const image = addDocument(source.contents, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] });
    const target = memoryTarget();
    const opened: Promise<unknown>[] = [];
    const lazy: typeof target = {
      ...target,
      async putBlob(_blob, open) {
        opened.push((await open()).cancel());
        return "copied";
      },
    };
    await copyImage({ source, descriptor: image.descriptor, target: lazy, pool: createPool(1) });
    await Promise.all(opened);
    expect(source.calls.map((call) => call.name)).toEqual(["manifest", "blob"]);
  });
});
