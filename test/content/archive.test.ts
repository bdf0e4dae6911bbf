import { describe, expect, it } from "bun:test";
import { type Bytes, concatBytes, readAll, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import { type Archives, openArchives, openWorkFiles } from "../../src/core/content/mod.ts";
import { type MemoryHost, memoryClock, memoryHost } from "../../src/host/memory.ts";
import { rawTar } from "../helper/tar.ts";

const name = { path: "/x.tar", what: '"x.tar"' };
const everything = { limit: 1 << 24, what: "file" };
const tar = rawTar({ name: "a", content: "one" }, { name: "b", type: "2", link: "a" }, { name: "c", type: "1", link: "b" });

function hostWith(bytes: Uint8Array, variables?: Readonly<Record<string, string>>): MemoryHost {
  return memoryHost({ clock: memoryClock(), files: { "/x.tar": bytes }, ...(variables && { variables }) });
}

function pack(bytes: Bytes): Promise<Bytes> {
  return readAll(streamBytes(bytes).pipeThrough(memoryHost().compression.compress("gzip")), everything);
}

function openAll(host: MemoryHost): Archives {
  return openArchives(host, openWorkFiles(host));
}

async function textOf(host: MemoryHost, file: string): Promise<string> {
  const { tree } = await openAll(host).open(name);
  return new TextDecoder().decode(await readAll(await tree.read({ parts: file.split("/"), what: file }), everything));
}

describe("openArchives()", () => {
  it("open() gives the files of an archive, through links too", async () => {
    const host = hostWith(tar);
    for (const file of ["a", "b", "c"]) expect(await textOf(host, file)).toBe("one");
    const { tree } = await openAll(host).open(name);
    expect(await tree.size({ parts: ["c"], what: "c" })).toBe(3);
    expect(await tree.size({ parts: ["none"], what: "none" })).toBeUndefined();
    await expect(tree.read({ parts: ["none"], what: "none" })).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
    expect(new TextDecoder().decode(await readAll(await tree.read({ parts: ["b"], what: "b" }, { end: 2 }), everything))).toBe("on");
    expect(await readAll(await tree.read({ parts: ["b"], what: "b" }, { end: 100 }), everything)).toHaveLength(3);
  });

  it("open() gives links that lead nowhere as absent, and refuses links in a circle", async () => {
    const { tree } = await openAll(
      hostWith(rawTar({ name: "a", type: "2", link: "none" }, { name: "b", type: "2", link: "c" }, { name: "c", type: "1", link: "b" })),
    ).open(name);
    expect(await tree.size({ parts: ["a"], what: "a" })).toBeUndefined();
    await expect(tree.size({ parts: ["b"], what: "b" })).rejects.toEqual(
      expect.objectContaining({ code: "INVALID", message: expect.stringContaining("more than 10 links") }),
    );
  });

  it("open() unpacks a compressed archive once", async () => {
    const host = hostWith(await pack(tar));
    const work = openWorkFiles(host);
    const archives = openArchives(host, work);
    const [first, second] = [await archives.open(name), await archives.open(name)];
    expect(first).toBe(second);
    expect(first.compression).toBe("gzip");
    expect((await host.files.list("/tmp")).length).toBe(1);
    await work.close();
    expect(await host.files.list("/tmp")).toEqual([]);
  });

  it("open() looks again when the file has changed", async () => {
    const host = hostWith(tar);
    const archives = openAll(host);
    const before = await archives.open(name);
    await host.files.remove("/x.tar");
    const writer = await host.files.create("/x.tar");
    await writer.write(rawTar({ name: "other", content: "two" }));
    const after = await archives.open(name);
    expect([[...before.members.keys()], [...after.members.keys()]]).toEqual([["a", "b", "c"], ["other"]]);
  });

  const bad: readonly (readonly [string, () => Promise<Uint8Array> | Uint8Array, string, string])[] = [
    ["empty", () => new Uint8Array(0), "NOT_FOUND", "the file is empty"],
    ["a text", () => new TextEncoder().encode("hello ".repeat(200)), "INVALID", "the file is something else"],
    ["short", () => new TextEncoder().encode("hello"), "INVALID", "no tar archive"],
    ["gzip of a text", () => pack(new TextEncoder().encode("hello ".repeat(200))), "INVALID", "the file is something else"],
    ["gzip of zeros", () => pack(new Uint8Array(1 << 22)), "INVALID", "begins with zeros"],
    [
      "gzip cut off",
      async () => (await pack(concatBytes([rawTar({ name: "a", content: crypto.getRandomValues(new Uint8Array(60_000)) })]))).slice(0, 30_000),
      "INVALID",
      "gzip data is damaged or cut off",
    ],
    ["bzip2", () => new TextEncoder().encode("BZh91AY&SY"), "UNSUPPORTED", "compressed with bzip2"],
    ["xz", () => Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]), "UNSUPPORTED", "compressed with xz"],
    ["zstd without a decompressor", () => Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]), "UNSUPPORTED", "zstd"],
  ];
  for (const [fault, make, code, message] of bad) {
    it(`open() refuses a file that is ${fault}, and leaves nothing`, async () => {
      const host = hostWith(await make());
      await expect(openAll(host).open(name)).rejects.toEqual(expect.objectContaining({ code, message: expect.stringContaining(message) }));
      expect((await host.files.status("/tmp")) === undefined ? [] : await host.files.list("/tmp")).toEqual([]);
    });
  }

  it("open() stops unpacking what grows beyond measure, and leaves nothing (CVE-2025-32386)", async () => {
    const zeros = new Uint8Array(1 << 20);
    const grown = async function* (): AsyncGenerator<Bytes, void, void> {
      yield rawTar({ name: "a", size: "77777777777\0" }).slice(0, 512);
      for (let size = 0; size < 400; size++) yield zeros;
    };
    const packed = await readAll(streamOf(grown()).pipeThrough(memoryHost().compression.compress("gzip")), everything);
    const host = hostWith(packed);
    let written = 0;
    const create: MemoryHost["files"]["create"] = async (path, options) => {
      const writer = await host.files.create(path, options);
      // The memory is not filled with what only has to be counted.
      return { ...writer, write: async (bytes) => void (written += bytes.length) };
    };
    await expect(openAll({ ...host, files: { ...host.files, create } }).open(name)).rejects.toEqual(expect.objectContaining({ code: "LIMIT" }));
    expect(written).toBeLessThan(300 << 20);
    expect(await host.files.list("/tmp")).toEqual([]);
  });

  it("open() refuses what is no file", async () => {
    const host = memoryHost({ files: { "/x.tar/inside": "" } });
    await expect(openAll(host).open(name)).rejects.toThrow("it is a directory, expected a tar file");
    await expect(openAll(host).open({ path: "/none", what: '"none"' })).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("open() stops with the reason of its signal", async () => {
    const reason = new Error("stop");
    await expect(openAll(hostWith(tar)).open(name, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
