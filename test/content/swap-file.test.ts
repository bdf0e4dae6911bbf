import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, OciError } from "../../src/core/base/mod.ts";
import { replaceFile, swapFile } from "../../src/core/content/mod.ts";
import type { FileSystem, Host } from "../../src/core/port/mod.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { noting } from "../helper/noting.ts";

const place = { directory: "/dir", name: "file" };
const hostWith = (text?: string): Host =>
  memoryHost({ files: { "/dir/other": "", ...(text !== undefined && { "/dir/file": text }) }, clock: memoryClock(), random: memoryRandom() });
const textOf = async (files: FileSystem) => new TextDecoder().decode(await files.readFile("/dir/file", 1000));
const append = (text: string) => async (current: Bytes | undefined) => encodeUtf8(`${new TextDecoder().decode(current)}${text}`);

describe("swapFile()", () => {
  it("gives the edit what is there and writes what it returns", async () => {
    const host = hostWith();
    expect(await swapFile(host, append("a"), place)).toBe(true);
    expect(await swapFile(host, append("b"), place)).toBe(true);
    expect(await textOf(host.files)).toBe("ab");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("brings the new file to the disk before it gets the name, and the name before it returns or lets go", async () => {
    const host = hostWith("a");
    const { files, calls } = noting(host.files);
    await swapFile({ ...host, files }, append("b"), place);
    const at = calls.findIndex(({ name }) => name === "create");
    const staged = expect.stringMatching(/^\/dir\/\.file\.lock\/[0-9a-f]{32}\/next$/);
    expect(calls.slice(at, at + 6)).toEqual([
      { name: "create", path: staged, mode: 0o644 },
      { name: "write", path: staged },
      { name: "sync", path: staged },
      { name: "close", path: staged },
      { name: "rename", path: "/dir/file" },
      { name: "syncDirectory", path: "/dir" },
    ]);
    expect(calls.slice(0, at).map(({ name }) => name)).toEqual(["createDirectory", "createDirectory", "rename"]);
    expect(calls[at - 1]?.path).toBe("/dir/.file.lock");
    expect(calls.slice(at + 6).map(({ name }) => name)).toEqual(["rename"]);
  });

  it("leaves the file as it is when the edit returns nothing", async () => {
    const host = hostWith("a");
    expect(await swapFile(host, async () => undefined, place)).toBe(false);
    expect(await textOf(host.files)).toBe("a");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("throws the error of the edit and leaves nothing", async () => {
    const host = hostWith("a");
    const edit = async () => {
      throw new Error("no");
    };
    await expect(swapFile(host, edit, place)).rejects.toThrow("no");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("breaks a lock that nobody touches", async () => {
    const host = hostWith("a");
    await host.files.makeDirectory("/dir/.file.lock/0123");
    await swapFile(host, append("b"), place);
    expect(await textOf(host.files)).toBe("ab");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("takes a lock that is an empty directory", async () => {
    const host = hostWith("a");
    await host.files.makeDirectory("/dir/.file.lock");
    await swapFile(host, append("b"), place);
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("reads again when its lock was broken, so that a slow holder undoes nothing", async () => {
    const host = hostWith("a");
    const seen: string[] = [];
    const slow = async (current: Bytes | undefined) => {
      seen.push(new TextDecoder().decode(current));
      if (seen.length === 1) await swapFile(host, append("b"), place);
      return append("c")(current);
    };
    await swapFile(host, slow, place);
    expect(seen).toEqual(["a", "ab"]);
    expect(await textOf(host.files)).toBe("abc");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  for (const step of ["write", "sync", "rename"] as const) {
    it(`keeps the old file, leaves nothing and can be repeated when ${step} fails`, async () => {
      const host = hostWith("a");
      const fail = async () => {
        throw new OciError("IO", `Cannot ${step}: EIO`);
      };
      const { files } = host;
      const failing: FileSystem = {
        ...files,
        create: async (path) => ({ ...(await files.create(path)), ...(step !== "rename" && { [step]: fail }) }),
        rename: (from, to) => (step === "rename" && to === "/dir/file" ? fail() : files.rename(from, to)),
      };
      await expect(swapFile({ ...host, files: failing }, append("b"), place)).rejects.toThrow("EIO");
      expect(await textOf(files)).toBe("a");
      expect(await files.list("/dir")).toEqual(["file", "other"]);
      await swapFile(host, append("b"), place);
      expect(await textOf(files)).toBe("ab");
    });
  }

  it("stops waiting when the signal fires", async () => {
    const host = hostWith("a");
    await host.files.makeDirectory("/dir/.file.lock/0123");
    const controller = new AbortController();
    const clock = { ...host.clock, sleep: async () => controller.abort("enough") };
    await expect(swapFile({ ...host, clock }, append("b"), { ...place, signal: controller.signal })).rejects.toBe("enough");
    expect(await host.files.list("/dir")).toEqual([".file.lock", "file", "other"]);
  });

  it("refuses a file over its limit, and a directory that is not there", async () => {
    await expect(swapFile(hostWith("abc"), append("b"), { ...place, limit: 2 })).rejects.toEqual(expect.objectContaining({ code: "LIMIT" }));
    await expect(swapFile(hostWith(), append("b"), { ...place, directory: "/missing" })).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("ends with the system's error where directories cannot be renamed", async () => {
    const host = hostWith("a");
    const rename = async () => {
      throw new OciError("IO", "Cannot rename: EPERM");
    };
    await expect(swapFile({ ...host, files: { ...host.files, rename } }, append("b"), place)).rejects.toThrow("EPERM");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("loses no edit of many who take each other for dead", async () => {
    const host = hostWith("");
    await Promise.all(Array.from({ length: 12 }, (_, at) => swapFile(host, append(String.fromCharCode(97 + at)), place)));
    expect([...(await textOf(host.files))].sort().join("")).toBe("abcdefghijkl");
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });
});

describe("replaceFile()", () => {
  const prepared = async (host: Host): Promise<string> => {
    const writer = await host.files.create("/dir/prepared");
    await writer.write(encodeUtf8("new"));
    await writer.close();
    return "/dir/prepared";
  };

  it("puts the prepared file in the place of the other, and brings the name to the disk", async () => {
    const host = hostWith("old");
    const { files, calls } = noting(host.files);
    expect(await replaceFile({ ...host, files }, { ...place, prepared: await prepared(host), isCurrent: async () => true })).toBe(true);
    expect(await textOf(host.files)).toBe("new");
    const at = calls.findIndex(({ path }) => path === "/dir/file");
    expect(calls[at]).toEqual({ name: "rename", path: "/dir/file" });
    expect(calls.slice(at + 1)).toContainEqual({ name: "syncDirectory", path: "/dir" });
    expect(await host.files.list("/dir")).toEqual(["file", "other"]);
  });

  it("leaves both where the file is no longer the one that was read", async () => {
    const host = hostWith("old");
    expect(await replaceFile(host, { ...place, prepared: await prepared(host), isCurrent: async () => false })).toBe(false);
    expect(await textOf(host.files)).toBe("old");
    expect(await host.files.list("/dir")).toEqual(["file", "other", "prepared"]);
  });
});
