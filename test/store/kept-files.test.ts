import { describe, expect, it } from "bun:test";
import { encodeUtf8, iterate, readAll, streamOf } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { listPlace, openKeptFiles } from "../../src/core/store/kept-files.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { imageOf } from "./kept-sample.ts";

const content = "/store/content";
const { document } = imageOf("a", ["x"]);
const { descriptor, bytes } = document;
const name = `sha256/${descriptor.digest.slice(7)}`;

async function write(files: FileSystem, path: string, content = bytes): Promise<void> {
  await files.makeDirectory(files.dirname(path));
  const writer = await files.create(path);
  await writer.write(content);
  await writer.close();
}

function open(wrap: (files: FileSystem) => FileSystem = (files) => files) {
  const host = memoryHost();
  return { files: host.files, kept: openKeptFiles({ ...host, files: wrap(host.files) }, "/store", async () => {}) };
}

describe("the reader of kept content", () => {
  it.each(["", "aside/1/", "aside/2/"])("finds it in %j of the store's content, in every way", async (place) => {
    const { files, kept } = open();
    await files.makeDirectory(`${content}/aside/1`);
    await write(files, `${content}/${place}${name}`);
    const { reader } = kept;
    expect([await reader.has(descriptor.digest), await reader.has(descriptor.digest, 1), await reader.holds(descriptor)]).toEqual([true, false, true]);
    expect(await readAll(await reader.read(descriptor), { limit: 1 << 20, what: "it" })).toEqual(bytes);
    expect(await reader.readSmall(descriptor)).toEqual(bytes);
    expect((await reader.readManifest(descriptor)).value).toEqual(document.value);
  });

  it("follows content that goes aside and comes back while it is looked for", async () => {
    for (let at = 1; at <= 12; at++) {
      let looks = 0;
      const move = async (files: FileSystem) => {
        const isBack = (await files.status(`${content}/${name}`)) === undefined;
        const [from, to] = isBack ? [`${content}/aside/1/${name}`, `${content}/${name}`] : [`${content}/${name}`, `${content}/aside/1/${name}`];
        await files.rename(from, to);
      };
      const { files, kept } = open((inner) => ({
        ...inner,
        status: async (path) => {
          if (++looks === at) await move(inner);
          return inner.status(path);
        },
      }));
      await files.makeDirectory(`${content}/aside/1/sha256`);
      await write(files, `${content}/${name}`);
      expect(await kept.reader.readSmall(descriptor)).toEqual(bytes);
      looks = at - 1;
      expect(await kept.reader.readSmall(descriptor)).toEqual(bytes);
    }
  });

  it("has its file open when it returns a stream, and looks again where that was moved before", async () => {
    const { files, kept } = open((inner) => ({
      ...inner,
      // As on a disk, the file is opened with the first piece.
      read: async (path, options) =>
        streamOf(
          (async function* () {
            if (path === `${content}/${name}`) await inner.rename(path, `${content}/aside/1/${name}`);
            yield* iterate(await inner.read(path, options));
          })(),
        ),
    }));
    await files.makeDirectory(`${content}/aside/1/sha256`);
    await write(files, `${content}/${name}`);
    const stream = await kept.reader.read(descriptor);
    await files.remove(`${content}/aside/1`);
    expect(await readAll(stream, { limit: 1 << 20, what: "it" })).toEqual(bytes);
  });

  it("says what is nowhere as of the main place, and that content is damaged", async () => {
    const { files, kept } = open();
    const missing = `Cannot read blob ${descriptor.digest} in "${content}": there is no such file`;
    for (const read of [kept.reader.read, kept.reader.readSmall, kept.reader.readManifest])
      await expect(read(descriptor)).rejects.toMatchObject({ code: "NOT_FOUND", message: missing });
    expect([await kept.reader.has(descriptor.digest), await kept.reader.holds(descriptor)]).toEqual([false, false]);
    await write(files, `${content}/${name}`, encodeUtf8("?".repeat(bytes.length)));
    await expect(kept.reader.readSmall(descriptor)).rejects.toMatchObject({ code: "MISMATCH" });
  });
});

describe("listPlace()", () => {
  it("returns digests, whatever else lies there", async () => {
    const { files, kept } = open();
    expect(await listPlace(kept.host, kept.main)).toEqual([]);
    await write(files, `${content}/${name}`);
    await write(files, `${content}/sha512/${"a".repeat(128)}`);
    for (const other of ["sha256/short", "sha256/.ocidex-1.tmp", "md5/abc", `sha256/${"G".repeat(64)}`]) await write(files, `${content}/${other}`);
    expect(await listPlace(kept.host, kept.main)).toEqual([descriptor.digest, `sha512:${"a".repeat(128)}`]);
  });
});
