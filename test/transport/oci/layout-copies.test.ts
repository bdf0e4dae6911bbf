import { describe, expect, it } from "bun:test";
import { encodeUtf8, isOciError, OciError, streamBytes } from "../../../src/core/base/mod.ts";
import type { ContentPlace, FileSystem, Host } from "../../../src/core/port/mod.ts";
import type { Digest } from "../../../src/core/spec/mod.ts";
import { openLayoutPlace } from "../../../src/core/transport/oci/mod.ts";
import { type MemoryHost, memoryClock, memoryHost, memoryRandom } from "../../../src/host/memory.ts";
import { putSample, sampleOf } from "../../contract/content.ts";
import { documentOf } from "../../helper/content.ts";
import { treeOf } from "../../helper/lists.ts";

const one = sampleOf("one");
const two = sampleOf("two");
const directory = "/new/layout";

function hostWith(files: Readonly<Record<string, string>> = {}): MemoryHost {
  return memoryHost({ clock: memoryClock(), random: memoryRandom(), files: { "/mine": "", ...files } });
}

function layout(host: Host, reference = "a"): Promise<ContentPlace> {
  return openLayoutPlace(host, { transport: "oci", path: directory, reference });
}

function withFiles(host: MemoryHost, change: (files: FileSystem) => Partial<FileSystem>): Host {
  return { ...host, files: { ...host.files, ...change(host.files) } };
}

function putLayer({ target }: ContentPlace, sample = one) {
  return target.putBlob(sample.layer.descriptor, async () => streamBytes(sample.layer.bytes));
}

async function write({ files }: MemoryHost, path: string): Promise<void> {
  const writer = await files.create(path);
  await writer.write(encodeUtf8("mine"));
  await writer.close();
}

function blobPath(digest: Digest): string {
  return `${directory}/blobs/${digest.replace(":", "/")}`;
}

/** Expects that everything of a sample can be read at a place. */
async function expectWhole({ source }: ContentPlace, sample = one): Promise<void> {
  expect((await source.resolve()).bytes).toEqual(sample.index.bytes);
  expect((await source.manifest(sample.image.descriptor)).bytes).toEqual(sample.image.bytes);
  for (const { descriptor, bytes } of [sample.config, sample.layer]) expect(await source.smallBlob(descriptor)).toEqual(bytes);
}

describe("openLayoutPlace() where a copy fails", () => {
  it("abandon() leaves nothing, the directories above that were made for it included", async () => {
    const host = hostWith();
    const place = await layout(host);
    await putLayer(place);
    await place.target.putManifest(one.image);
    await place.target.abandon();
    expect(await treeOf(host, "/")).toEqual(["/mine"]);
    expect(await host.files.list("/")).toEqual(["mine"]);
  });

  it("abandon() leaves a directory that was there, empty or not", async () => {
    for (const files of [{}, { [`${directory}/notes`]: "x" }]) {
      const host = hostWith(files);
      await host.files.makeDirectory(directory);
      const place = await layout(host);
      await putLayer(place);
      await place.target.abandon();
      expect((await host.files.list(directory)).map((name) => `${directory}/${name}`)).toEqual(Object.keys(files));
    }
  });

  it("abandon() leaves what somebody has put into the new directory", async () => {
    const host = hostWith();
    const place = await layout(host);
    await putLayer(place);
    await host.files.makeDirectory(`${directory}/folder`);
    await write(host, `${directory}/notes`);
    await place.target.abandon();
    expect(await host.files.list(directory)).toEqual(["folder", "notes"]);
  });

  it("abandon() keeps what was written under another name before", async () => {
    const host = hostWith();
    const place = await layout(host);
    await putSample(place, one);
    const before = await treeOf(host, "/");
    await putLayer(place, two);
    await place.target.abandon();
    await expectWhole(place);
    expect(await treeOf(host, "/")).toEqual(before);
  });

  it("putRoot() that comes too late leaves no file", async () => {
    const host = hostWith();
    await putSample(await layout(host), one);
    const before = await treeOf(host, "/");
    const { target } = await layout(host);
    const late = target.putRoot(documentOf({ ...one.index.value, annotations: { a: "b" } }), { expected: two.index.descriptor.digest });
    await expect(late).rejects.toEqual(expect.objectContaining({ code: "CONFLICT", message: expect.stringMatching(/run it again$/) }));
    await target.abandon();
    expect(await treeOf(host, "/")).toEqual(before);
  });

  it("putBlob() of a layout that cannot be edited makes nothing and opens nothing", async () => {
    const host = hostWith({ [`${directory}/oci-layout`]: '{"imageLayoutVersion":"1.0.0"}', [`${directory}/index.json`]: "{" });
    const { target } = await layout(host);
    const put = target.putBlob(one.layer.descriptor, () => Promise.reject(new Error("opened")));
    await expect(put).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
    await target.abandon();
    expect(await host.files.list(directory)).toEqual(["index.json", "oci-layout"]);
  });

  it("putBlob() ends where a file is in the way of the directory", async () => {
    const host = hostWith({ "/new": "a file" });
    await expect(layout(host).then((place) => putLayer(place))).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});

/** Steps of a copy that succeeds. */
const steps: readonly ((place: ContentPlace) => Promise<unknown>)[] = [
  (place) => putLayer(place),
  ({ target }) => target.putBlob(one.config.descriptor, async () => streamBytes(one.config.bytes)),
  ({ target }) => target.putManifest(one.image),
  ({ target }) => target.putRoot(one.index),
];

describe("openLayoutPlace() where one of two copies into a new layout fails", () => {
  for (let begun = 0; begun <= steps.length; begun++) {
    for (let failed = begun; failed <= steps.length; failed++) {
      it(`the other is whole: the one begins after ${begun} steps and fails after ${failed}`, async () => {
        const host = hostWith();
        const [failing, other] = [await layout(host, "a"), await layout(host, "b")];
        for (const [at, step] of steps.entries()) {
          if (at === begun) for (const begin of steps.slice(0, 3)) await begin(failing);
          if (at === failed) await failing.target.abandon();
          await step(other);
        }
        if (begun === steps.length) for (const begin of steps.slice(0, 3)) await begin(failing);
        if (failed === steps.length) await failing.target.abandon();
        await expectWhole(other);
        expect(await host.files.list(directory)).toEqual(["blobs", "index.json", "oci-layout"]);
      });
    }
  }

  it("abandon() that takes its time takes nothing that others have named meanwhile", async () => {
    const host = hostWith();
    const removed: string[] = [];
    const other = await layout(host, "b");
    let isFirst = true;
    const slow = withFiles(host, (files) => ({
      remove: async (path) => {
        if (isFirst) {
          isFirst = false;
          await putSample(other, one);
        }
        removed.push(path);
        await files.remove(path);
      },
    }));
    const failing = await layout(slow);
    await putLayer(failing);
    await failing.target.abandon();
    await expectWhole(other);
    expect(isFirst).toBe(false);
    expect(removed.filter((path) => path.startsWith(`${directory}/blobs`) || path === directory)).toEqual([]);
  });

  it("what was published stays for whoever has met it, though its copy gets no name", async () => {
    const host = hostWith();
    const isIndex = (path: string): boolean => path.endsWith("/index.json");
    const full = withFiles(host, (files) => ({
      rename: async (from, to) => {
        if (isIndex(to)) throw new OciError("IO", "Cannot rename: ENOSPC");
        await files.rename(from, to);
      },
    }));
    const failing = await layout(full);
    await expect(putSample(failing, one)).rejects.toThrow("ENOSPC");
    const other = await layout(host, "b");
    expect(await putLayer(other)).toBe("exists");
    await failing.target.abandon();
    await putSample(other, one);
    await expectWhole(other);
  });

  it("a copy makes the directory again that the other takes away just when it begins", async () => {
    const host = hostWith();
    const failing = await layout(host);
    await putLayer(failing);
    let isFirst = true;
    const late = withFiles(host, (files) => ({
      createDirectory: async (path, options) => {
        if (isFirst && path.startsWith(`${directory}/`)) {
          isFirst = false;
          await failing.target.abandon();
        }
        await files.createDirectory(path, options);
      },
    }));
    const place = await layout(late, "b");
    await putSample(place, one);
    expect(isFirst).toBe(false);
    await expectWhole(place);
  });

  for (const name of ["index.json", "oci-layout"]) {
    it(`a copy and a reader that have just looked for ${name} take the layout that appears for none that is damaged`, async () => {
      const host = hostWith();
      await host.files.makeDirectory(directory);
      const other = await layout(host, "b");
      let isFirst = true;
      const late = withFiles(host, (files) => ({
        status: async (path) => {
          const found = await files.status(path);
          if (isFirst && path === `${directory}/${name}`) {
            isFirst = false;
            await putSample(other, one);
          }
          return found;
        },
      }));
      for (const read of [(place: ContentPlace) => putSample(place, two), ({ source }: ContentPlace) => source.resolve().catch(({ code }) => code)]) {
        isFirst = true;
        await host.files.remove(directory);
        await host.files.makeDirectory(directory);
        expect([undefined, "NOT_FOUND"]).toContain(await read(await layout(late, "c")));
        expect(isFirst).toBe(false);
        await expectWhole(other);
      }
    });
  }

  it("a directory that cannot be made is the error of the system", async () => {
    const full = withFiles(hostWith(), () => ({
      createDirectory: async () => {
        throw new OciError("IO", "Cannot make directory: ENOSPC");
      },
    }));
    const error: unknown = await layout(full)
      .then((place) => putLayer(place))
      .catch((error: unknown) => error);
    expect(isOciError(error, "IO")).toBe(true);
  });

  it("putRoot() brings content to the disk before the name that leads to it", async () => {
    const host = hostWith();
    const calls: string[] = [];
    const noting = withFiles(host, (files) => ({
      rename: async (from, to) => {
        calls.push(to);
        await files.rename(from, to);
      },
      syncDirectory: async (path) => {
        calls.push(`sync ${path}`);
        await files.syncDirectory(path);
      },
    }));
    await putSample(await layout(noting), one);
    const indexAt = calls.indexOf(`${directory}/index.json`);
    for (const { descriptor } of [one.config, one.layer, one.image, one.index]) {
      const at = calls.indexOf(blobPath(descriptor.digest));
      expect(at).toBeGreaterThan(-1);
      expect(calls.slice(at, indexAt)).toContain(`sync ${directory}/blobs/sha256`);
    }
    for (const made of ["/new", "/", directory, `${directory}/blobs`]) expect(calls.slice(0, indexAt)).toContain(`sync ${made}`);
    expect(calls.slice(indexAt)).toContain(`sync ${directory}`);
  });
});
