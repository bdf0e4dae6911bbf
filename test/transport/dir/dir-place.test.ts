import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, streamBytes } from "../../../src/core/base/mod.ts";
import { digestBytes } from "../../../src/core/content/mod.ts";
import { type Descriptor, type DirLocation, encodedDigest, type ImageManifest, mediaTypes } from "../../../src/core/spec/mod.ts";
import { openDirPlace } from "../../../src/core/transport/dir/mod.ts";
import { type MemoryHost, memoryHost } from "../../../src/host/memory.ts";
import { putSample, sampleOf, testContentPlace } from "../../contract/content.ts";
import { documentOf, indexOf } from "../../helper/content.ts";

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

/** The sample `one` whose image and blobs have digests of sha512. */
function sha512Sample() {
  const { hash } = memoryHost();
  const lengthen = <T extends { readonly descriptor: Descriptor; readonly bytes: Bytes }>(content: T) => ({
    ...content,
    descriptor: { ...content.descriptor, digest: digestBytes(hash, content.bytes, "sha512") },
  });
  const [config, layer] = [lengthen(one.config), lengthen(one.layer)];
  const value: ImageManifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers: [layer.descriptor] };
  const image = lengthen(documentOf(value));
  const hex = { config: encodedDigest(config.descriptor.digest), layer: encodedDigest(layer.descriptor.digest), image: encodedDigest(image.descriptor.digest) };
  return { config, layer, image, index: documentOf(indexOf([image.descriptor])), hex };
}

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

  for (const [text, code, seen] of [
    ["2.0", "INVALID", "its version file is not one of a directory of images"],
    ["Directory Transport Version: 1.3\n", "UNSUPPORTED", "it has version 1.3, expected at most 1.2"],
    ["Directory Transport Version: 2.0\n", "UNSUPPORTED", "it has version 2.0, expected at most 1.2"],
  ] as const) {
    it(`resolve() and putBlob() refuse the version ${JSON.stringify(text)}, and leave the directory`, async () => {
      const host = memoryHost({ files: { "/image/version": text, "/image/manifest.json": "{}" } });
      const { source, target } = await openDirPlace(host, location);
      await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code, message: `Cannot read "dir:/image": ${seen}` }));
      const put = target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
      await expect(put).rejects.toEqual(expect.objectContaining({ code, message: `Cannot write "dir:/image": ${seen}` }));
      await target.abandon();
      expect(await host.files.list("/image")).toEqual(["manifest.json", "version"]);
    });
  }

  it("resolve() asks for no version", async () => {
    const host = memoryHost({ files: { "/image/manifest.json": new TextDecoder().decode(one.image.bytes) } });
    expect((await (await openDirPlace(host, location)).source.resolve()).bytes).toEqual(one.image.bytes);
  });

  it("putBlob() refuses a directory that holds something else, and leaves it", async () => {
    for (const files of [{ "/image/notes.txt": "x" }]) {
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

describe("openDirPlace() with digests of sha512", () => {
  const long = sha512Sample();
  const names = [`sha512-${long.hex.config}`, `sha512-${long.hex.layer}`, `sha512-${long.hex.image}.manifest.json`];

  async function putLong(host: MemoryHost): Promise<void> {
    const { target } = await openDirPlace(host, location);
    for (const { descriptor, bytes } of [long.config, long.layer]) await target.putBlob(descriptor, async () => streamBytes(bytes));
    await target.putManifest(long.image);
    await target.putRoot(long.index);
  }

  it("names them by their algorithm, in a directory of version 1.2", async () => {
    const host = memoryHost();
    await putLong(host);
    expect(await host.files.list("/image")).toEqual(sorted(...names, "manifest.json", "version"));
    expect(await textOf(host, "/image/version")).toBe("Directory Transport Version: 1.2\n");
    const { source } = await openDirPlace(host, location);
    expect((await source.manifest(long.image.descriptor)).bytes).toEqual(long.image.bytes);
  });

  it("raises the version of a directory of 1.1", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    await putLong(host);
    expect(await textOf(host, "/image/version")).toBe("Directory Transport Version: 1.2\n");
    expect(await host.files.list("/image")).toEqual(sorted(...names, "manifest.json", "version"));
  });

  it("reads those of version 1.1, which had their digits only, and keeps them at an edit", async () => {
    const host = memoryHost();
    await putLong(host);
    for (const name of names) await host.files.rename(`/image/${name}`, `/image/${name.slice("sha512-".length)}`);
    const { source, target } = await openDirPlace(host, location);
    expect(await source.smallBlob(long.layer.descriptor)).toEqual(long.layer.bytes);
    expect(await target.hasManifest(long.image.descriptor)).toBe(true);
    await write(host, `/image/${long.hex.image}.signature-1`, "x");
    expect(await source.signatures?.(long.image.descriptor.digest)).toEqual([encodeUtf8("x")]);
    await target.putRoot(documentOf({ ...long.index.value, annotations: { a: "b" } }));
    const kept = names.map((name) => name.slice("sha512-".length));
    expect(await host.files.list("/image")).toEqual(sorted(...kept, `${long.hex.image}.signature-1`, "manifest.json", "version"));
  });
});

describe("openDirPlace() with signatures", () => {
  const [first, second] = [encodeUtf8("first"), encodeUtf8("second")];

  it("signatures() gives those of the root and of an image", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    const image = one.image.descriptor.digest;
    await write(host, "/image/signature-1", "root");
    await write(host, `/image/${hexOf(one.image.descriptor)}.signature-1`, "first");
    await write(host, `/image/${hexOf(one.image.descriptor)}.signature-2`, "second");
    const { source } = await openDirPlace(host, location);
    expect(await source.signatures?.(one.index.descriptor.digest)).toEqual([encodeUtf8("root")]);
    expect(await source.signatures?.(image)).toEqual([encodeUtf8("first"), encodeUtf8("second")]);
    expect(await source.signatures?.(two.image.descriptor.digest)).toEqual([]);
  });

  it("putSignatures() waits for the root, and writes nothing twice", async () => {
    const host = memoryHost();
    for (const signatures of [[first], [first, second]]) {
      const place = await openDirPlace(host, location);
      await place.target.putSignatures?.(one.image.descriptor.digest, signatures);
      await place.target.putSignatures?.(one.index.descriptor.digest, [second]);
      if (signatures.length === 1) expect(await host.files.list("/")).toEqual([]);
      await putSample(place, one);
    }
    const names = [`${hexOf(one.image.descriptor)}.signature-1`, `${hexOf(one.image.descriptor)}.signature-2`, "signature-1"];
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), ...names, "manifest.json", "version"));
    expect(await textOf(host, "/image/signature-1")).toBe("second");
  });

  it("abandon() forgets them", async () => {
    const host = memoryHost();
    const place = await openDirPlace(host, location);
    await place.target.putSignatures?.(one.image.descriptor.digest, [first]);
    await place.target.abandon();
    await putSample(place, one);
    expect(await host.files.list("/image")).toEqual(sorted(...namesOf(one), "manifest.json", "version"));
  });

  it("signatures() refuses a huge one", async () => {
    const host = memoryHost();
    await putSample(await openDirPlace(host, location), one);
    await write(host, "/image/signature-1", "x".repeat(1024 * 1024 + 1));
    await expect((await openDirPlace(host, location)).source.signatures?.(one.index.descriptor.digest)).rejects.toEqual(
      expect.objectContaining({ code: "LIMIT", message: 'Cannot read signature-1 of "dir:/image": 1048577 bytes are more than 1048576' }),
    );
  });
});
