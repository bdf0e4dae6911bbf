import { describe, expect, it } from "bun:test";
import { type Bytes, createPool, isOciError, readAll } from "../../src/core/base/mod.ts";
import { copyImage, copyList } from "../../src/core/copy/mod.ts";
import type { ContentPlace } from "../../src/core/port/mod.ts";
import { type Digest, encodedDigest, type ManifestDocument } from "../../src/core/spec/mod.ts";
import { openLayoutPlace } from "../../src/core/transport/oci/mod.ts";
import { type MemoryHost, memoryHost } from "../../src/host/memory.ts";
import { addDocument, addImage, digestOf, documentOf, indexOf, memorySource } from "../helper/content.ts";

function layout(host: MemoryHost, path: string, reference?: string): Promise<ContentPlace> {
  return openLayoutPlace(host, { transport: "oci", path, ...(reference !== undefined && { reference }) });
}

interface Filled {
  readonly host: MemoryHost;
  readonly root: ManifestDocument;
  readonly contents: ReadonlyMap<Digest, Bytes>;
}

/** Returns a host with a layout at /from: two images that share a layer, and one in an index of its own. */
async function filledHost(): Promise<Filled> {
  const host = memoryHost();
  const source = memorySource();
  const images = ["amd64", "arm64", "riscv64"].map((name) => addImage(source.contents, name, ["shared", name]).descriptor);
  const nested = addDocument(source.contents, indexOf(images.slice(2))).descriptor;
  const root = documentOf(indexOf([...images.slice(0, 2), nested]));
  const { target } = await layout(host, "/from", "1");
  await copyList({ root, entries: [...images.slice(0, 2), nested], source: async () => source, target, pool: createPool(2) });
  return { host, root, contents: source.contents };
}

function copyOf({ root }: Filled, from: ContentPlace, to: ContentPlace, tags?: readonly string[]) {
  const entries = "manifests" in root.value ? root.value.manifests : [];
  return copyList({ root, entries, source: async () => from.source, target: to.target, pool: createPool(4), ...(tags && { tags }) });
}

describe("copyList() from one layout to another", () => {
  it("brings every byte and the root under every tag", async () => {
    const filled = await filledHost();
    const { host, root, contents } = filled;
    const to = await layout(host, "/to", "1");
    await copyOf(filled, await layout(host, "/from", "1"), to, ["1", "latest"]);
    for (const tag of ["1", "latest"]) expect((await (await layout(host, "/to", tag)).source.resolve()).bytes).toEqual(root.bytes);
    for (const [digest, bytes] of contents) {
      const read = await readAll(await to.source.blob({ mediaType: "application/octet-stream", digest, size: bytes.length }), { limit: 1 << 20, what: "blob" });
      expect(digestOf(read)).toBe(digest);
    }
    expect((await host.files.list("/to/blobs/sha256")).length).toBe(contents.size + 1);
  });

  it("leaves nothing behind when a blob of the source is not what its digest says", async () => {
    const filled = await filledHost();
    const { host, contents } = filled;
    const layer = [...contents.keys()][1];
    if (layer === undefined) throw new Error("no layer");
    const path = `/from/blobs/sha256/${encodedDigest(layer)}`;
    const size = contents.get(layer)?.length ?? 0;
    await host.files.remove(path);
    const writer = await host.files.create(path);
    await writer.write(new Uint8Array(size));
    await writer.close();
    const before = await host.files.list("/");
    const error: unknown = await copyOf(filled, await layout(host, "/from", "1"), await layout(host, "/to", "1")).catch((error: unknown) => error);
    expect(isOciError(error, "MISMATCH")).toBe(true);
    expect(await host.files.list("/")).toEqual(before);
  });

  it("finds a layout that has everything complete, and copies nothing again", async () => {
    const filled = await filledHost();
    const { host } = filled;
    const [from, to] = [await layout(host, "/from", "1"), await layout(host, "/to", "1")];
    await copyOf(filled, from, to);
    await host.files.remove("/from/blobs");
    const result = await copyOf(filled, from, await layout(host, "/to", "2"));
    expect(result.images).toBe(3);
    expect((await (await layout(host, "/to", "2")).source.resolve()).bytes).toEqual(filled.root.bytes);
  });
});

describe("copyImage() into a layout", () => {
  it("puts a nested index with its images and no name", async () => {
    const { host, root } = await filledHost();
    const to = await layout(host, "/to", "1");
    const document = await copyImage({
      source: (await layout(host, "/from", "1")).source,
      descriptor: root.descriptor,
      target: to.target,
      pool: createPool(1),
    });
    expect(document.bytes).toEqual(root.bytes);
    expect((await to.source.manifest(root.descriptor)).bytes).toEqual(root.bytes);
    expect(isOciError(await to.source.resolve().catch((error: unknown) => error), "NOT_FOUND")).toBe(true);
  });
});
