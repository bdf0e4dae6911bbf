import { describe, expect, it } from "bun:test";
import { encodeUtf8, streamBytes } from "../../../src/core/base/mod.ts";
import type { DirLocation } from "../../../src/core/spec/mod.ts";
import { openDirPlace } from "../../../src/core/transport/dir/mod.ts";
import { type MemoryHost, memoryHost } from "../../../src/host/memory.ts";
import { putSample, sampleOf, testContentPlace } from "../../contract/content.ts";
import { documentOf } from "../../helper/content.ts";

const location: DirLocation = { transport: "dir", path: "/image" };
const versionFile = "Directory Transport Version: 1.1\n";

testContentPlace("openDirPlace()", async () => {
  const host = memoryHost();
  return { hasNames: false, open: () => openDirPlace(host, location), settle: async ({ target }) => target.settle?.() };
});

const one = sampleOf("one");
const two = sampleOf("two");
const hexOf = (descriptor: { readonly digest: string }) => descriptor.digest.slice("sha256:".length);
const namesOf = (sample: typeof one) => [hexOf(sample.config.descriptor), hexOf(sample.layer.descriptor), `${hexOf(sample.image.descriptor)}.manifest.json`];
const sorted = (...names: readonly string[]) => [...names].sort();

async function textOf(host: MemoryHost, path: string): Promise<string> {
  return new TextDecoder().decode(await host.files.readFile(path, 1 << 20));
}

async function write(host: MemoryHost, path: string, text: string): Promise<void> {
  const writer = await host.files.create(path);
  await writer.write(encodeUtf8(text));
  await writer.close();
}

describe("openDirPlace()", () => {
  it("putRoot() leaves the files that skopeo writes and nothing else", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), "manifest.json", "version"));
    expect(await textOf(host, "/image/version")).toBe(versionFile);
    expect(await host.files.readFile("/image/manifest.json", 1 << 20)).toEqual(one.index.bytes);
  });

  it("resolve() makes nothing and says what is missing", async () => {
    const host = memoryHost({ files: { "/other/x": "" } });
    await expect((await openDirPlace(host, location)).source.resolve()).rejects.toThrow('Cannot read "dir:/image": there is no such directory');
    await expect((await openDirPlace(host, { transport: "dir", path: "/other" })).source.resolve()).rejects.toThrow("the directory has no manifest.json");
    expect(await host.files.list("/")).toEqual(["other"]);
  });

  for (const [fault, text] of [
    ["no JSON", "{"],
    ["both index and image", '{"schemaVersion":2,"manifests":[],"layers":[]}'],
  ] as const) {
    it(`resolve() refuses a manifest.json that is ${fault}`, async () => {
      const { source } = await openDirPlace(memoryHost({ files: { "/image/manifest.json": text, "/image/version": versionFile } }), location);
      await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
    });
  }

  it("putRoot() takes away what an older image left, and nothing else", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    for (const name of ["signature-1", `${hexOf(one.image.descriptor)}.signature-1`, "notes.txt"]) await write(host, `/image/${name}`, "x");
    await putSample(await openDirPlace(host, location), two);
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(two), "manifest.json", "notes.txt", "version"));
  });

  it("putRoot() keeps signatures of what is still there", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const signature = `${hexOf(one.image.descriptor)}.signature-1`;
    await write(host, `/image/${signature}`, "x");
    await (await openDirPlace(host, location)).target.putRoot(documentOf({ ...one.index.value, annotations: { a: "b" } }));
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), signature, "manifest.json", "version"));
  });

  it("putRoot() keeps everything where a child is damaged", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const child = `/image/${hexOf(one.image.descriptor)}.manifest.json`;
    await host.files.remove(child);
    await write(host, child, "damaged");
    await (await openDirPlace(host, location)).target.putRoot(documentOf({ ...one.index.value, annotations: { a: "b" } }));
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), "manifest.json", "version"));
  });

  it("a copy that fails leaves the older image whole", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const before = await host.files.list("/image");
    const { source, target } = await openDirPlace(host, location);
    await target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes));
    expect((await source.resolve()).bytes).toEqual(one.index.bytes);
    await target.abandon();
    expect(await host.files.list("/image")).toEqual(before);
  });

  it("abandon() takes a directory away that the copy made, and leaves one that was empty", async () => {
    const host = memoryHost({ files: { "/other": "" } });
    const place = await openDirPlace(host, { ...location, path: "/new/image" });
    const put = () => place.target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
    await put();
    await place.target.abandon();
    expect(await host.files.list("/")).toEqual(["other"]);
    await host.files.makeDirectory("/new/image");
    await put();
    await place.target.abandon();
    expect(await host.files.list("/new/image")).toEqual([]);
  });

  it("abandon() leaves what somebody has put into the new directory", async () => {
    const host = memoryHost();
    const { target } = await openDirPlace(host, location);
    await target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
    await host.files.makeDirectory("/image/folder");
    await write(host, "/image/notes.txt", "mine");
    await target.abandon();
    expect(await host.files.list("/image")).toEqual(["folder", "notes.txt"]);
  });

  it("abandon() leaves the image that somebody else has written meanwhile, and its blobs", async () => {
    const host = memoryHost();
    const [failing, other] = [await openDirPlace(host, location), await openDirPlace(host, location)];
    await failing.target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
    await putSample(other, one);
    await failing.target.abandon();
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), "manifest.json", "version"));
    expect(await other.source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
  });

  it("putRoot() that comes too late leaves no file", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const before = await host.files.list("/image");
    const { target } = await openDirPlace(host, location);
    await target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes));
    const late = target.putRoot(two.index, { expected: two.index.descriptor.digest });
    await expect(late).rejects.toEqual(expect.objectContaining({ code: "CONFLICT", message: expect.stringMatching(/run it again$/) }));
    await target.abandon();
    expect(await host.files.list("/image")).toEqual(before);
  });

  it("hasManifest() says no where a blob is not the right one", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const { target } = await openDirPlace(host, location);
    expect(await target.hasManifest(one.image.descriptor)).toBe(true);
    const layer = `/image/${hexOf(one.layer.descriptor)}`;
    await host.files.remove(layer);
    await write(host, layer, "x".repeat(one.layer.descriptor.size));
    expect(await (await openDirPlace(host, location)).target.hasManifest(one.image.descriptor)).toBe(false);
  });

  it("putBlob() refuses a directory that holds something else, and leaves it", async () => {
    for (const files of [{ "/image/notes.txt": "x" }, { "/image/version": "2.0" }]) {
      const host = memoryHost({ files });
      const { target } = await openDirPlace(host, location);
      const put = target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
      await expect(put).rejects.toEqual(expect.objectContaining({ code: "INVALID", message: expect.stringContaining('Cannot write "dir:/image":') }));
      await target.abandon();
      expect((await host.files.list("/image")).map((name) => `/image/${name}`)).toEqual(Object.keys(files));
    }
  });

  it("putRoot() refuses a document whose bytes are not those of its digest", async () => {
    const { source, target } = await openDirPlace(memoryHost(), location);
    await expect(target.putRoot({ ...one.index, bytes: one.image.bytes })).rejects.toEqual(expect.objectContaining({ code: "MISMATCH" }));
    await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});
