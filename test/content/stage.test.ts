import { describe, expect, it } from "bun:test";
import { encodeUtf8, streamBytes } from "../../src/core/base/mod.ts";
import { openContentFiles, openStage } from "../../src/core/content/mod.ts";
import { type MemoryHost, memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { blobOf } from "../helper/content.ts";
import { treeOf } from "../helper/lists.ts";
import { noting } from "../helper/noting.ts";

const blob = blobOf("application/octet-stream", "content");
const open = async () => streamBytes(blob.bytes);
const hostWith = (): MemoryHost => memoryHost({ files: { "/dir/other": "" }, clock: memoryClock(), random: memoryRandom() });
const unchecked = async () => {};

function stageOn(host: Parameters<typeof openStage>[0], check = unchecked) {
  const content = openContentFiles(host, "/dir/blobs");
  return { content, stage: openStage(host, "/dir/blobs", check) };
}

describe("openStage()", () => {
  it("makes nothing before it is needed, and nothing where the check refuses", async () => {
    const host = hostWith();
    const { content, stage } = stageOn(host, () => Promise.reject(new Error("not this one")));
    await stage.publish();
    await stage.clear();
    await expect(stage.put(content, blob.descriptor, { open })).rejects.toThrow("not this one");
    expect(await host.files.list("/dir")).toEqual(["other"]);
  });

  it("shows content to nobody until it is published", async () => {
    const host = hostWith();
    const { content, stage } = stageOn(host);
    let gone = 0;
    expect(await stage.put(content, blob.descriptor, { open, onProgress: (bytes) => (gone += bytes) })).toBe("copied");
    expect(await stage.put(content, blob.descriptor, { open: () => Promise.reject(new Error("opened")) })).toBe("exists");
    expect(gone).toBe(blob.bytes.length);
    expect(await content.has(blob.descriptor.digest)).toBe(false);
    await stage.publish();
    await stage.publish();
    expect(await content.holds(blob.descriptor)).toBe(true);
    await stage.clear();
    expect(await treeOf(host, "/dir")).toEqual([expect.stringMatching(/^\/dir\/blobs\/sha256\/[0-9a-f]{64}$/), "/dir/other"]);
  });

  it("keeps nothing of content that is not the promised one", async () => {
    const host = hostWith();
    const { content, stage } = stageOn(host);
    const wrong = stage.put(content, blob.descriptor, { open: async () => streamBytes(encodeUtf8("CONTENT")) });
    await expect(wrong).rejects.toEqual(expect.objectContaining({ code: "MISMATCH", message: expect.stringContaining(`blob ${blob.descriptor.digest} in`) }));
    await stage.publish();
    expect((await treeOf(host, "/dir")).filter((path) => path !== "/dir/other")).toEqual([]);
  });

  it("lets nobody else into the directory where content waits, and everybody read the content", async () => {
    const host = hostWith();
    const { files, calls } = noting(host.files);
    const { content, stage } = stageOn({ ...host, files });
    await stage.put(content, blob.descriptor, { open });
    expect(calls.flatMap(({ name, mode }) => (mode === undefined ? [] : [[name, mode]]))).toEqual([
      ["createDirectory", 0o700],
      ["create", 0o644],
    ]);
    expect(calls.map(({ name }) => name)).toContain("sync");
  });

  it("clear() gives up at a directory that is not empty, and keeps those that were there", async () => {
    const host = hostWith();
    const { content, stage } = stageOn(host);
    await stage.put(content, blob.descriptor, { open });
    await host.files.makeDirectory("/dir/blobs/mine");
    await stage.clear();
    expect(await host.files.list("/dir/blobs")).toEqual(["mine"]);
    await host.files.removeDirectory("/dir/blobs/mine");
    await stage.put(content, blob.descriptor, { open });
    await stage.clear();
    expect(await host.files.list("/dir")).toEqual(["blobs", "other"]);
  });
});
