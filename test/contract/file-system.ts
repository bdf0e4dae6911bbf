import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { lchown, lstat, symlink } from "node:fs/promises";
import { isOciError, readAll, streamBytes } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";

/** A file system with an empty directory to play in. */
export interface FileSystemCase {
  readonly files: FileSystem;
  readonly directory: string;
  /** Removes the directory. */
  close(): Promise<void>;
}

const mebibyte = 2 ** 20;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Runs the contract of the port `FileSystem`. */
export function testFileSystem(name: string, make: () => Promise<FileSystemCase>): void {
  describe(`${name} files`, () => {
    let files: FileSystem;
    let given: FileSystemCase;
    let counter = 0;
    const fresh = (): string => files.join(given.directory, `f${counter++}`);
    const write = async (content: string | Uint8Array, path = fresh()): Promise<string> => {
      const writer = await files.create(path);
      await writer.write(typeof content === "string" ? bytes(content) : content);
      await writer.close();
      return path;
    };
    const refusal = async (action: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> => {
      try {
        await action;
      } catch (error) {
        if (isOciError(error)) return error;
        throw error;
      }
      throw new Error("nothing was refused");
    };

    beforeAll(async () => {
      given = await make();
      files = given.files;
    });
    afterAll(() => given.close());

    it("create() appends every piece and sync() keeps the file open", async () => {
      const path = fresh();
      const writer = await files.create(path);
      await writer.write(bytes("one,"));
      await writer.sync();
      await writer.write(bytes("two"));
      await writer.close();
      await writer.close();
      expect(text(await files.readFile(path, 100))).toBe("one,two");
    });

    it("overwrite() writes into what is there and leaves nothing of it, and makes nothing", async () => {
      const path = await write("a long text");
      const writer = await files.overwrite(path);
      await writer.write(bytes("short"));
      await writer.close();
      expect(text(await files.readFile(path, 100))).toBe("short");
      const missing = fresh();
      expect((await refusal(files.overwrite(missing))).code).toBe("NOT_FOUND");
      expect(await files.status(missing)).toBeUndefined();
    });

    it("create() refuses a name that is taken and leaves what is there", async () => {
      const path = await write("first");
      const error = await refusal(files.create(path));
      expect(error.code).toBe("EXISTS");
      expect(error.message).toContain(`Cannot create "${path}": EEXIST`);
      expect(text(await files.readFile(path, 100))).toBe("first");
    });

    it("create() refuses a directory that is not there", async () => {
      const error = await refusal(files.create(files.join(given.directory, "no", "file")));
      expect(error.code).toBe("NOT_FOUND");
    });

    it("read() gives pieces of at most 1 MiB that add up", async () => {
      const content = new Uint8Array(2.5 * mebibyte).map((_, at) => at % 251);
      const path = await write(content);
      const sizes: number[] = [];
      const seen: Uint8Array[] = [];
      for await (const piece of await files.read(path)) {
        sizes.push(piece.length);
        seen.push(piece);
      }
      expect(Math.max(...sizes)).toBeLessThanOrEqual(mebibyte);
      expect(sizes.length).toBeLessThanOrEqual(40);
      expect(Buffer.compare(Buffer.concat(seen), content)).toBe(0);
    });

    it("read() keeps to start and end", async () => {
      const path = await write("0123456789");
      const part = async (options: object): Promise<string> => text(await readAll(await files.read(path, options), { limit: 100, what: "it" }));
      expect(await part({ start: 3 })).toBe("3456789");
      expect(await part({ end: 4 })).toBe("0123");
      expect(await part({ start: 2, end: 5 })).toBe("234");
      expect(await part({ start: 8, end: 50 })).toBe("89");
      expect(await part({ start: 50 })).toBe("");
      expect(await part({ start: 5, end: 5 })).toBe("");
    });

    it("read() of an empty file ends at once", async () => {
      const path = await write("");
      expect(await readAll(await files.read(path), { limit: 1, what: "it" })).toHaveLength(0);
    });

    it("read() refuses what is not there and what is a directory", async () => {
      const error = await refusal(files.read(files.join(given.directory, "nothing")));
      expect(error.code).toBe("NOT_FOUND");
      expect(error.message).toContain("ENOENT: no such file or directory");
      expect((await refusal(files.read(given.directory))).code).toBe("IO");
    });

    it("read() ends with the reason of its signal, before, between and after pieces", async () => {
      const path = await write(new Uint8Array(3 * mebibyte));
      const reason = new Error("enough");
      await expect(files.read(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const reader = (await files.read(path, { signal: controller.signal })).getReader();
      await reader.read();
      controller.abort(reason);
      await expect(reader.read()).rejects.toBe(reason);
    });

    it("read() can be given up at any time", async () => {
      const path = await write(new Uint8Array(3 * mebibyte));
      await (await files.read(path)).cancel();
      const reader = (await files.read(path)).getReader();
      await reader.read();
      await reader.cancel();
      await files.remove(path);
      expect(await files.status(path)).toBeUndefined();
    });

    it("readFile() refuses more than its limit", async () => {
      const path = await write("12345");
      expect(text(await files.readFile(path, 5))).toBe("12345");
      const error = await refusal(files.readFile(path, 4));
      expect(error.code).toBe("LIMIT");
      expect(error.message).toContain("4 bytes");
    });

    it("status() tells kind and size, and undefined for what is not there", async () => {
      const path = await write("12345");
      expect(await files.status(path)).toMatchObject({ kind: "file", size: 5 });
      expect((await files.status(given.directory))?.kind).toBe("directory");
      expect(await files.status(fresh())).toBeUndefined();
      expect(await files.status(files.join(path, "below"))).toBeUndefined();
    });

    it("list() sorts names and refuses what is not there", async () => {
      const directory = fresh();
      await files.createDirectory(directory);
      for (const file of ["b", "a", "c"]) await write(file, files.join(directory, file));
      expect(await files.list(directory)).toEqual(["a", "b", "c"]);
      expect((await refusal(files.list(fresh()))).code).toBe("NOT_FOUND");
    });

    it("makeDirectory() makes all that is missing and accepts what is there", async () => {
      const deep = files.join(fresh(), "one", "two");
      await files.makeDirectory(deep);
      await files.makeDirectory(deep);
      expect((await files.status(deep))?.kind).toBe("directory");
      expect((await refusal(files.makeDirectory(await write("file")))).code).toBe("EXISTS");
    });

    it("createDirectory() makes one, and only one that is new", async () => {
      const path = fresh();
      await files.createDirectory(path);
      expect((await refusal(files.createDirectory(path))).code).toBe("EXISTS");
      expect((await refusal(files.createDirectory(files.join(fresh(), "deep")))).code).toBe("NOT_FOUND");
    });

    it("link() gives a second name that outlives the first", async () => {
      const from = await write("content");
      const to = fresh();
      await files.link(from, to);
      await files.remove(from);
      expect(text(await files.readFile(to, 100))).toBe("content");
    });

    it("link() refuses a name that is taken, whatever it stands for", async () => {
      const [from, taken] = [await write("from"), await write("taken")];
      const error = await refusal(files.link(from, taken));
      expect(error.code).toBe("EXISTS");
      expect(error.message).toContain(taken);
      expect(text(await files.readFile(taken, 100))).toBe("taken");
      expect((await refusal(files.link(fresh(), fresh()))).code).toBe("NOT_FOUND");
    });

    it("rename() replaces a file", async () => {
      const [from, to] = [await write("new"), await write("old")];
      await files.rename(from, to);
      expect(await files.status(from)).toBeUndefined();
      expect(text(await files.readFile(to, 100))).toBe("new");
    });

    it("rename() moves a directory, but not onto one that holds something", async () => {
      const [from, to] = [fresh(), fresh()];
      await files.createDirectory(from);
      await write("x", files.join(from, "x"));
      await files.rename(from, to);
      expect(await files.list(to)).toEqual(["x"]);
      await files.createDirectory(from);
      expect((await refusal(files.rename(from, to))).code).toBe("EXISTS");
      expect((await refusal(files.rename(fresh(), fresh()))).code).toBe("NOT_FOUND");
    });

    it("remove() takes a file, a tree, or nothing", async () => {
      const directory = fresh();
      await files.makeDirectory(files.join(directory, "deep"));
      await write("x", files.join(directory, "deep", "x"));
      await files.remove(directory);
      await files.remove(directory);
      await files.remove(files.join(await write("file"), "below"));
      expect(await files.status(directory)).toBeUndefined();
    });

    it("removeDirectory() takes an empty directory or nothing, and leaves one that holds something", async () => {
      const directory = fresh();
      await files.createDirectory(directory);
      const inside = await write("x", files.join(directory, "x"));
      expect((await refusal(files.removeDirectory(directory))).code).toBe("EXISTS");
      expect(text(await files.readFile(inside, 100))).toBe("x");
      await files.remove(inside);
      await files.removeDirectory(directory);
      await files.removeDirectory(directory);
      expect(await files.status(directory)).toBeUndefined();
    });

    it("syncDirectory() accepts a directory and refuses one that is not there", async () => {
      await files.syncDirectory(given.directory);
      expect((await refusal(files.syncDirectory(fresh()))).code).toBe("NOT_FOUND");
    });

    it("join(), absolute() and dirname() speak of the same paths", () => {
      expect(files.absolute(given.directory)).toBe(given.directory);
      expect(files.dirname(files.join(given.directory, "a"))).toBe(given.directory);
      expect(files.join(given.directory, "a", "..", ".", "b")).toBe(files.join(given.directory, "b"));
    });

    it("a copy through streams is the same file", async () => {
      const path = fresh();
      const writer = await files.create(path);
      for await (const piece of streamBytes(new Uint8Array([1, 2, 3]))) await writer.write(piece);
      await writer.close();
      expect([...(await files.readFile(path, 3))]).toEqual([1, 2, 3]);
    });
  });
}

/** Runs what the port `FileSystem` says of owners, on a file system that has them. */
export function testOwners(name: string, make: () => Promise<FileSystemCase>): void {
  describe(`${name} files`, () => {
    it("status() tells whose a file or a link is", async () => {
      const { files, directory, close } = await make();
      try {
        const [file, link] = [files.join(directory, "file"), files.join(directory, "link")];
        await (await files.create(file)).close();
        await symlink(file, link);
        for (const path of [file, link]) expect((await files.status(path))?.owner).toBe((await lstat(path)).uid);
        if (process.getuid?.() !== 0) return; // Nobody else may give files away.
        await lchown(link, 4242, 4242);
        expect((await files.status(link))?.owner).toBe(4242);
        expect((await files.status(link, { follow: true }))?.owner).toBe(0);
      } finally {
        await close();
      }
    });
  });
}

/** Runs what the port `FileSystem` says of symbolic links, on a file system that has them. */
export function testSymbolicLinks(name: string, make: () => Promise<FileSystemCase>): void {
  describe(`${name} files`, () => {
    it("status() tells of a symbolic link that it is one, or what it leads to", async () => {
      const { files, directory, close } = await make();
      try {
        await files.makeDirectory(files.join(directory, "there"));
        for (const [target, kind] of [
          ["there", "directory"],
          ["missing", undefined],
        ] as const) {
          const link = files.join(directory, `to-${target}`);
          await symlink(files.join(directory, target), link);
          expect((await files.status(link))?.kind).toBe("link");
          expect((await files.status(link, { follow: true }))?.kind).toBe(kind);
        }
      } finally {
        await close();
      }
    });
  });
}
