import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, readAll, streamBytes } from "../../../src/core/base/mod.ts";
import { digestBytes } from "../../../src/core/content/mod.ts";
import { type Digest, mediaTypes, type OciLocation } from "../../../src/core/spec/mod.ts";
import { openLayoutPlace } from "../../../src/core/transport/oci/mod.ts";
import { type MemoryHost, memoryClock, memoryHost, memoryRandom } from "../../../src/host/memory.ts";
import { putSample, sampleOf, testContentPlace } from "../../contract/content.ts";
import { documentOf, indexOf } from "../../helper/content.ts";

const ref = "org.opencontainers.image.ref.name";
const location = (reference?: string): OciLocation => ({ transport: "oci", path: "/layout", ...(reference !== undefined && { reference }) });

testContentPlace("openLayoutPlace()", async () => {
  const host = memoryHost();
  return { hasNames: true, open: (tag = "1.0") => openLayoutPlace(host, location(tag)), settle: async ({ target }) => target.settle?.() };
});

function hostWith(files: Readonly<Record<string, string | Uint8Array>> = {}): MemoryHost {
  return memoryHost({ clock: memoryClock(), random: memoryRandom(), files });
}

const one = sampleOf("one");
const two = sampleOf("two");
const marker = '{"imageLayoutVersion":"1.0.0"}';

/** Returns the files of a layout whose `index.json` is `index`. */
function layoutOf(index: string | object): Record<string, string> {
  return { "/layout/oci-layout": marker, "/layout/index.json": typeof index === "string" ? index : JSON.stringify(index) };
}

async function textOf(host: MemoryHost, path: string): Promise<string> {
  return new TextDecoder().decode(await host.files.readFile(path, 1 << 20));
}

function blobPath(digest: Digest): string {
  return `/layout/blobs/${digest.replace(":", "/")}`;
}

/** Returns every path below `directory`, files only. */
async function treeOf(host: MemoryHost, directory: string): Promise<readonly string[]> {
  if ((await host.files.status(directory)) === undefined) return [];
  const paths = await Promise.all(
    (await host.files.list(directory)).map(async (name) => {
      const path = host.files.join(directory, name);
      return (await host.files.status(path))?.kind === "directory" ? [`${path}/`, ...(await treeOf(host, path))] : [path];
    }),
  );
  return paths.flat();
}

async function indexOfLayout(host: MemoryHost): Promise<{ readonly manifests: readonly Record<string, unknown>[] } & Record<string, unknown>> {
  return JSON.parse(await textOf(host, "/layout/index.json"));
}

describe("openLayoutPlace() reading", () => {
  it("resolve() makes nothing", async () => {
    const host = hostWith();
    await expect((await openLayoutPlace(host, location("a"))).source.resolve()).rejects.toThrow('Cannot read "oci:/layout:a": there is no such directory');
    expect(await treeOf(host, "/")).toEqual([]);
  });

  it("resolve() says that a marker is missing", async () => {
    const empty = await openLayoutPlace(hostWith({ "/layout/other": "" }), location());
    await expect(empty.source.resolve()).rejects.toEqual(
      expect.objectContaining({ code: "NOT_FOUND", message: expect.stringContaining('no file "oci-layout"') }),
    );
    const index = await openLayoutPlace(hostWith({ "/layout/index.json": "{}" }), location());
    await expect(index.source.resolve()).rejects.toEqual(
      expect.objectContaining({ code: "INVALID", message: expect.stringContaining('no file "oci-layout"') }),
    );
  });

  it("resolve() refuses another version of the layout", async () => {
    const host = hostWith({ ...layoutOf({ schemaVersion: 2, manifests: [] }), "/layout/oci-layout": '{"imageLayoutVersion":"2.0.0"}' });
    const { source } = await openLayoutPlace(host, location());
    await expect(source.resolve()).rejects.toEqual(
      expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining('version "2.0.0", expected 1.0.0') }),
    );
  });

  const damaged: readonly (readonly [string, string])[] = [
    ["no JSON", "{"],
    ["an image manifest", JSON.stringify(one.image.value)],
    ["an index with a digest that is a path", JSON.stringify({ schemaVersion: 2, manifests: [{ ...one.index.descriptor, digest: "sha256:../../x" }] })],
    ["an index with a negative size", JSON.stringify(indexOf([{ ...one.index.descriptor, size: -1 }]))],
  ];
  for (const [fault, text] of damaged) {
    it(`resolve() and putRoot() refuse an index.json that is ${fault}, and leave it`, async () => {
      const host = hostWith(layoutOf(text));
      const { source, target } = await openLayoutPlace(host, location("a"));
      await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
      await expect(target.putRoot(one.index)).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
      expect(await textOf(host, "/layout/index.json")).toBe(text);
      expect(await host.files.list("/layout")).toEqual(["index.json", "oci-layout"]);
    });
  }

  it("resolve() refuses an index.json over 4 MiB (CVE-2023-25153, GHSA-259w-8hf6-59c2)", async () => {
    const { source } = await openLayoutPlace(hostWith(layoutOf(" ".repeat(4 * 1024 * 1024 + 1))), location("a"));
    await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code: "LIMIT" }));
  });

  it("resolve() without a name returns the only entry, whatever it is called", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("1.0")), one);
    expect((await (await openLayoutPlace(host, location())).source.resolve()).bytes).toEqual(one.index.bytes);
  });

  it("resolve() without a name lists the entries when there are several", async () => {
    const host = hostWith();
    for (const [name, sample] of [
      ["1.0", one],
      ["2.0", two],
    ] as const)
      await putSample(await openLayoutPlace(host, location(name)), sample);
    const error = 'Cannot choose an entry of "oci:/layout": it has 2 entries: "1.0", "2.0"; expected a name (oci:DIR:NAME) or a place (oci:DIR:@0)';
    await expect((await openLayoutPlace(host, location())).source.resolve()).rejects.toThrow(error);
  });

  it("resolve() of a name that is not there names those that are", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("1.0")), one);
    const error = 'Cannot read "oci:/layout:2.0": there is no such entry, the layout has 1 entry: "1.0"';
    await expect((await openLayoutPlace(host, location("2.0"))).source.resolve()).rejects.toThrow(error);
  });

  it("resolve() returns the entry at a place", async () => {
    const host = hostWith();
    for (const [name, sample] of [
      ["1.0", one],
      ["2.0", two],
    ] as const)
      await putSample(await openLayoutPlace(host, location(name)), sample);
    expect((await (await openLayoutPlace(host, { ...location(), position: 1 })).source.resolve()).bytes).toEqual(two.index.bytes);
    await expect((await openLayoutPlace(host, { ...location(), position: 2 })).source.resolve()).rejects.toEqual(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });

  it("manifest() and blob() refuse bytes that are not those of their digest", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("a")), one);
    for (const { digest, size } of [one.image.descriptor, one.layer.descriptor]) {
      await host.files.remove(blobPath(digest));
      await write(host, blobPath(digest), "x".repeat(size));
    }
    const { source, target } = await openLayoutPlace(host, location("a"));
    await expect(source.manifest(one.image.descriptor)).rejects.toEqual(expect.objectContaining({ code: "MISMATCH" }));
    await expect(source.blob(one.layer.descriptor).then((stream) => readAll(stream, { limit: 1 << 20, what: "" }))).rejects.toEqual(
      expect.objectContaining({ code: "MISMATCH" }),
    );
    expect(await target.hasManifest(one.index.descriptor)).toBe(false);
  });

  it("sha512 content is written, read and verified", async () => {
    const host = hostWith();
    const { source, target } = await openLayoutPlace(host, location("a"));
    const bytes = encodeUtf8("a layer");
    const descriptor = { mediaType: mediaTypes.ociLayer, digest: digestBytes(host.hash, bytes, "sha512"), size: bytes.length };
    expect(await target.putBlob(descriptor, async () => streamBytes(bytes))).toBe("copied");
    await target.settle?.();
    expect(await target.putBlob(descriptor, async () => streamBytes(bytes))).toBe("exists");
    expect(await source.smallBlob(descriptor)).toEqual(bytes);
    expect(await host.files.list("/layout/blobs")).toEqual(["sha512"]);
  });
});

async function write(host: MemoryHost, path: string, text: string): Promise<void> {
  const writer = await host.files.create(path);
  await writer.write(encodeUtf8(text));
  await writer.close();
}

describe("openLayoutPlace() writing", () => {
  it("putRoot() leaves the files of the specification and nothing else", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("1.0")), one);
    const blobs = [one.config.descriptor, one.layer.descriptor, one.image.descriptor, one.index.descriptor].map(({ digest }) => blobPath(digest)).sort();
    expect(await treeOf(host, "/layout")).toEqual(["/layout/blobs/", "/layout/blobs/sha256/", ...blobs, "/layout/index.json", "/layout/oci-layout"]);
    expect(await textOf(host, "/layout/oci-layout")).toBe(marker);
    expect(await textOf(host, "/layout/index.json")).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType":"${mediaTypes.ociIndex}","digest":"${one.index.descriptor.digest}","size":${one.index.descriptor.size},"annotations":{"${ref}":"1.0"}}]}`,
    );
  });

  it("putRoot() replaces the entries of its name and keeps all others, unknown members too", async () => {
    const entry = (name: string, more: object = {}) => ({ ...two.index.descriptor, annotations: { [ref]: name, ...more } });
    const index = {
      schemaVersion: 2,
      manifests: [entry("a", { old: "x" }), { ...entry("b"), "x-entry": 1 }, entry("a"), two.image.descriptor],
      annotations: { k: "v" },
      "x-index": [1.5],
    };
    const host = hostWith(layoutOf(index));
    await (await openLayoutPlace(host, location("a"))).target.putRoot(one.index);
    expect(await indexOfLayout(host)).toEqual({
      ...index,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...one.index.descriptor, annotations: { [ref]: "a" } }, { ...entry("b"), "x-entry": 1 }, { ...two.image.descriptor }],
    });
  });

  it("putRoot() without a name replaces the only entry without one and leaves those with names", async () => {
    const named = { ...two.index.descriptor, annotations: { [ref]: "b" } };
    const host = hostWith(layoutOf({ schemaVersion: 2, manifests: [named, two.image.descriptor] }));
    await (await openLayoutPlace(host, location())).target.putRoot(one.index);
    expect((await indexOfLayout(host)).manifests).toEqual([named, { ...one.index.descriptor }]);
  });

  it("putRoot() without a name adds an entry where all have names", async () => {
    const named = { ...two.index.descriptor, annotations: { [ref]: "b" } };
    const host = hostWith(layoutOf({ schemaVersion: 2, manifests: [named] }));
    await (await openLayoutPlace(host, location())).target.putRoot(one.index);
    expect((await indexOfLayout(host)).manifests).toEqual([named, { ...one.index.descriptor }]);
  });

  it("putRoot() of an edit without a name keeps the only entry's name and annotations", async () => {
    const host = hostWith(layoutOf({ schemaVersion: 2, manifests: [{ ...two.index.descriptor, annotations: { [ref]: "b", other: "x" } }] }));
    await (await openLayoutPlace(host, location())).target.putRoot(one.index, { expected: two.index.descriptor.digest });
    expect((await indexOfLayout(host)).manifests).toEqual([{ ...one.index.descriptor, annotations: { [ref]: "b", other: "x" } }]);
  });

  it("putRoot() at a place edits that entry, and refuses a place that is not there", async () => {
    const entries = ["a", "b"].map((name) => ({ ...two.index.descriptor, annotations: { [ref]: name } }));
    const host = hostWith(layoutOf({ schemaVersion: 2, manifests: entries }));
    await (await openLayoutPlace(host, { ...location(), position: 1 })).target.putRoot(one.index);
    expect((await indexOfLayout(host)).manifests).toEqual([{ ...entries[0] }, { ...one.index.descriptor, annotations: { [ref]: "b" } }]);
    const behind = await openLayoutPlace(host, { ...location(), position: 2 });
    await expect(behind.target.putRoot(one.index)).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("putRoot() refuses to edit an index.json in which a name stands twice", async () => {
    const text = '{"schemaVersion":2,"manifests":[],"annotations":{"a":"1","a":"2"}}';
    const host = hostWith(layoutOf(text));
    const { target } = await openLayoutPlace(host, location("a"));
    await expect(target.putRoot(one.index)).rejects.toEqual(expect.objectContaining({ code: "INVALID", message: expect.stringContaining("stands twice") }));
    expect(await textOf(host, "/layout/index.json")).toBe(text);
  });

  it("putRoot() refuses a tag that is no name of a layout", async () => {
    const { target } = await openLayoutPlace(hostWith(), location("a"));
    for (const tag of ["/", "", "@0"]) {
      await expect(target.putRoot(one.index, { tag })).rejects.toThrow(`Cannot use "${tag}" as a name in a layout: expected letters and digits`);
    }
  });

  it("putBlob() replaces bytes of the right size that are not the right ones", async () => {
    const host = hostWith({ ...layoutOf({ schemaVersion: 2, manifests: [] }), [blobPath(one.layer.descriptor.digest)]: "x".repeat(one.layer.descriptor.size) });
    const { source, target } = await openLayoutPlace(host, location("a"));
    expect(await target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes))).toBe("copied");
    await target.settle?.();
    expect(await source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
  });

  it("putBlob() does not open a blob that is there", async () => {
    const host = hostWith();
    const { target } = await openLayoutPlace(host, location("a"));
    const put = (open: () => Promise<ReadableStream<Bytes>>) => target.putBlob(one.layer.descriptor, open);
    await put(async () => streamBytes(one.layer.bytes));
    const unopened = () => Promise.reject(new Error("opened"));
    expect(await put(unopened)).toBe("exists");
    await target.settle?.();
    expect(await put(unopened)).toBe("exists");
  });

  it("hasManifest() says no where a blob of the image is missing or not the right one, until it is put there", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("a")), one);
    const { target } = await openLayoutPlace(host, location("a"));
    await host.files.remove(blobPath(one.layer.descriptor.digest));
    expect(await target.hasManifest(one.index.descriptor)).toBe(false);
    await write(host, blobPath(one.layer.descriptor.digest), new TextDecoder().decode(one.layer.bytes).replace("l", "L"));
    expect(await target.hasManifest(one.index.descriptor)).toBe(false);
    expect(await target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes))).toBe("copied");
    await target.settle?.();
    expect(await target.hasManifest(one.index.descriptor)).toBe(true);
  });

  it("hasManifest() and putBlob() read every blob once, however often they are asked", async () => {
    const host = hostWith();
    await putSample(await openLayoutPlace(host, location("a")), one);
    const reads: string[] = [];
    const read: typeof host.files.read = (path, options) => {
      reads.push(path);
      return host.files.read(path, options);
    };
    const { target } = await openLayoutPlace({ ...host, files: { ...host.files, read } }, location("b"));
    await Promise.all([one.index, one.image].map(({ descriptor }) => target.hasManifest(descriptor)));
    await target.putBlob(one.layer.descriptor, () => Promise.reject(new Error("opened")));
    for (const { digest } of [one.layer.descriptor, one.config.descriptor]) expect(reads.filter((path) => path === blobPath(digest))).toHaveLength(1);
  });

  it("putRoot() stops when content it relies on was removed in the meantime", async () => {
    const host = hostWith();
    const { target } = await openLayoutPlace(host, location("a"));
    await target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
    await target.settle?.();
    await host.files.remove(blobPath(one.layer.descriptor.digest));
    await expect(target.putRoot(one.image)).rejects.toEqual(expect.objectContaining({ code: "CONFLICT" }));
  });

  it("removeName() takes one entry out of several", async () => {
    const host = hostWith();
    for (const [name, sample] of [
      ["1.0", one],
      ["2.0", two],
    ] as const)
      await putSample(await openLayoutPlace(host, location(name)), sample);
    await (await openLayoutPlace(host, location("1.0"))).removeName();
    expect((await indexOfLayout(host)).manifests.map((entry) => entry.annotations)).toEqual([{ [ref]: "2.0" }]);
  });

  const crowds: readonly (readonly [string, number, () => MemoryHost])[] = [
    ["at once", 40, memoryHost],
    ["who take each other for dead", 8, hostWith],
  ];
  for (const [who, count, makeHost] of crowds) {
    it(`putRoot() of many ${who} loses no entry`, async () => {
      const host = makeHost();
      const names = Array.from({ length: count }, (_, at) => `n${at}`);
      await Promise.all(
        names.map(async (name) => (await openLayoutPlace(host, location(name))).target.putRoot(documentOf({ ...indexOf([]), annotations: { name } }))),
      );
      const found = (await indexOfLayout(host)).manifests.map((entry) => Object.values(Object(entry.annotations))[0]);
      expect(found.sort()).toEqual([...names].sort());
      expect(await host.files.list("/layout")).toEqual(["blobs", "index.json", "oci-layout"]);
    });
  }

  it("putRoot() gets past the lock of one who died", async () => {
    const host = hostWith({ ...layoutOf({ schemaVersion: 2, manifests: [] }), "/layout/.index.json.lock/0123/next": "half" });
    await (await openLayoutPlace(host, location("a"))).target.putRoot(one.index);
    expect((await indexOfLayout(host)).manifests.length).toBe(1);
    expect(await host.files.list("/layout")).toEqual(["blobs", "index.json", "oci-layout"]);
  });
});
