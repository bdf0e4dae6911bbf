import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, readAll, streamBytes } from "../../../src/core/base/mod.ts";
import { openArchives, openWorkFiles } from "../../../src/core/content/mod.ts";
import type { ContentPlace } from "../../../src/core/port/mod.ts";
import { mediaTypes, parseLocation } from "../../../src/core/spec/mod.ts";
import { openDockerArchives } from "../../../src/core/transport/docker-archive/mod.ts";
import { type MemoryHost, memoryClock, memoryHost, memoryRandom } from "../../../src/host/memory.ts";
import { blobOf, digestOf, documentOf, indexOf } from "../../helper/content.ts";
import { type RawMember, rawTar } from "../../helper/tar.ts";

const everything = { limit: 1 << 24, what: "blob" };
const layers = ["base", "top"].map((text) => blobOf(mediaTypes.dockerLayer, text.padEnd(1024, "\0")));
const [base, top] = layers.map(({ bytes }) => bytes);

function configOf(diffIds: readonly string[], more: object = {}): string {
  return JSON.stringify({ architecture: "arm64", os: "linux", ...more, rootfs: { type: "layers", diff_ids: diffIds } });
}

const config = configOf(layers.map(({ descriptor }) => descriptor.digest));

function manifestOf(...images: readonly object[]): RawMember {
  return { name: "manifest.json", content: JSON.stringify(images) };
}

/** What docker save wrote before version 25: a directory for a layer, one that occurs twice as a link. */
function oldArchive(): Uint8Array {
  return rawTar(
    { name: "1111/", type: "5" },
    { name: "1111/VERSION", content: "1.0" },
    { name: "1111/layer.tar", content: base ?? "" },
    { name: "2222/layer.tar", content: top ?? "" },
    { name: "3333/layer.tar", type: "2", link: "../1111/layer.tar" },
    { name: "a.json", content: config },
    { name: "b.json", content: configOf([digestOf(base ?? new Uint8Array())], { variant: "v8" }) },
    manifestOf(
      { Config: "a.json", RepoTags: ["app:1", "localhost:5000/app:1"], Layers: ["1111/layer.tar", "2222/layer.tar"] },
      { Config: "b.json", RepoTags: null, Layers: ["3333/layer.tar"] },
    ),
    { name: "repositories", content: "{}" },
  );
}

function hostWith(archive?: Uint8Array): MemoryHost {
  return memoryHost({ clock: memoryClock(), random: memoryRandom(), files: { "/x/other": "", ...(archive && { "/x/app.tar": archive }) } });
}

function openAt(host: MemoryHost, suffix = ""): ContentPlace {
  const location = parseLocation(`docker-archive:/x/app.tar${suffix}`);
  if (location.transport !== "docker-archive") throw new Error("it is another transport");
  return openDockerArchives(host, openArchives(host, openWorkFiles(host))).place(location);
}

describe("openDockerArchives() reading", () => {
  it("resolve() gives a docker image of the config and the layers as they are", async () => {
    const { source } = await openAt(hostWith(oldArchive()), ":app:1");
    const { value, descriptor } = await source.resolve();
    expect(value).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig, digest: digestOf(encodeUtf8(config)), size: config.length },
      layers: layers.map((layer) => layer.descriptor),
    });
    expect(await source.describe()).toEqual(descriptor);
    expect((await source.manifest(descriptor)).value).toEqual(value);
    expect(new TextDecoder().decode(await source.smallBlob(blobOf(mediaTypes.dockerConfig, config).descriptor))).toBe(config);
    for (const { descriptor: layer, bytes } of layers) {
      expect(await source.smallBlob(layer)).toEqual(bytes);
      expect(await readAll(await source.blob(layer), everything)).toEqual(bytes);
    }
  });

  it("resolve() finds an image by any of its names, and by its place", async () => {
    const host = hostWith(oldArchive());
    const digests = await Promise.all(
      [":app:1", ":docker.io/library/app:1", ":localhost:5000/app:1", ":@0"].map(
        async (suffix) => (await (await openAt(host, suffix)).source.describe()).digest,
      ),
    );
    expect(new Set(digests).size).toBe(1);
    const second = await (await openAt(host, ":@1")).source.resolve();
    expect(second.descriptor.digest).not.toBe(digests[0]);
    expect(second.value).toEqual(expect.objectContaining({ layers: [layers[0]?.descriptor] }));
  });

  it("resolve() names the images there are, where none or several match", async () => {
    const host = hostWith(oldArchive());
    const there = 'the archive has 2 images: "app:1", one without a name';
    await expect((await openAt(host)).source.resolve()).rejects.toEqual(expect.objectContaining({ code: "INVALID", message: expect.stringContaining(there) }));
    for (const suffix of [":app", ":@2"])
      await expect((await openAt(host, suffix)).source.resolve()).rejects.toEqual(
        expect.objectContaining({ code: "NOT_FOUND", message: expect.stringContaining(there) }),
      );
  });

  it("resolve() reads what newer versions of docker save write, compressed layers too", async () => {
    const packed = await readAll(streamBytes(new Uint8Array(base ?? [])).pipeThrough(memoryHost().compression.compress("gzip")), everything);
    const blobs = { config: encodeUtf8(configOf([digestOf(base ?? new Uint8Array())])), layer: packed };
    const name = (bytes: Uint8Array) => `blobs/sha256/${digestOf(bytes).slice(7)}`;
    const archive = rawTar(
      { name: name(blobs.config), content: blobs.config },
      { name: name(blobs.layer), content: blobs.layer },
      { name: "index.json", content: "{}" },
      manifestOf({ Config: name(blobs.config), RepoTags: ["app:1"], Layers: [name(blobs.layer)] }),
      { name: "oci-layout", content: "{}" },
    );
    const { source } = await openAt(hostWith(archive));
    const layer = { mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(packed), size: packed.length };
    expect((await source.resolve()).value).toEqual(expect.objectContaining({ layers: [layer] }));
    expect(await source.smallBlob(layer)).toEqual(packed);
    const elsewhere = rawTar(
      { name: "c.json", content: blobs.config },
      { name: "l.tar.gz", content: packed },
      manifestOf({ Config: "c.json", Layers: ["l.tar.gz"] }),
    );
    expect((await (await openAt(hostWith(elsewhere))).source.resolve()).value).toEqual(expect.objectContaining({ layers: [layer] }));
  });

  it("resolve() reads an image without layers", async () => {
    const { source } = await openAt(
      hostWith(rawTar({ name: "c.json", content: configOf([]) }, manifestOf({ Config: "c.json", RepoTags: ["empty:1"], Layers: null }))),
    );
    expect((await source.resolve()).value).toEqual(expect.objectContaining({ layers: [] }));
  });

  it("blob() fails at its end where a layer is not what the config says (ggcr#2303)", async () => {
    const archive = rawTar(
      { name: "a.json", content: config },
      { name: "1", content: base ?? "" },
      { name: "2", content: "x".repeat(1024) },
      manifestOf({ Config: "a.json", Layers: ["1", "2"] }),
    );
    const { source } = await openAt(hostWith(archive));
    const [first, second] = layers;
    if (first === undefined || second === undefined) throw new Error("two layers");
    expect(await source.smallBlob(first.descriptor)).toEqual(first.bytes);
    await expect(source.blob(second.descriptor).then((stream) => readAll(stream, everything))).rejects.toEqual(expect.objectContaining({ code: "MISMATCH" }));
  });

  it("manifest() and blob() say so where the archive does not hold the image any more", async () => {
    const { source } = await openAt(hostWith(oldArchive()));
    const gone = {
      ...(layers[0]?.descriptor ?? indexOf([]).manifests[0]),
      mediaType: mediaTypes.dockerManifest,
      digest: digestOf(new Uint8Array(1)),
      size: 1,
    } as const;
    await expect(source.manifest(gone)).rejects.toEqual(
      expect.objectContaining({ code: "NOT_FOUND", message: expect.stringContaining("the archive does not hold it, or no longer") }),
    );
    await expect(source.blob(gone)).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  const bad: readonly (readonly [string, readonly RawMember[], string, string])[] = [
    ["an OCI layout", [{ name: "oci-layout", content: "{}" }], "INVALID", "expected oci-archive: before its name"],
    ["something else", [{ name: "a", content: "a" }], "INVALID", "has no manifest.json"],
    ["a list that is none", [{ name: "manifest.json", content: "{}" }], "INVALID", "manifest.json"],
    ["no image", [manifestOf()], "NOT_FOUND", "the archive has no images"],
    ["a config that is not there", [manifestOf({ Config: "c.json", Layers: [] })], "NOT_FOUND", 'config "c.json"'],
    ["a config that leads out", [manifestOf({ Config: "../c.json", Layers: [] })], "NOT_FOUND", "does not hold it"],
    [
      "a layer that is not there",
      [{ name: "c.json", content: config }, { name: "1", content: "" }, manifestOf({ Config: "c.json", Layers: ["1", "2"] })],
      "NOT_FOUND",
      'layer "2"',
    ],
    [
      "other layers than the config names",
      [{ name: "c.json", content: config }, manifestOf({ Config: "c.json", Layers: [] })],
      "INVALID",
      "it names 2 layers, and the archive lists 0 for it",
    ],
    [
      "a digest that is a path",
      [{ name: "c.json", content: configOf(["sha256:../../x"]) }, { name: "1", content: "" }, manifestOf({ Config: "c.json", Layers: ["1"] })],
      "INVALID",
      "digest",
    ],
    [
      "a layer compressed with xz",
      [
        { name: "c.json", content: configOf([digestOf(new Uint8Array())]) },
        { name: "1", content: Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]) },
        manifestOf({ Config: "c.json", Layers: ["1"] }),
      ],
      "UNSUPPORTED",
      "compressed with xz",
    ],
    ["100 000 images", [{ name: "manifest.json", content: `[${Array(100_000).fill('{"Config":"c.json"}').join(",")}]` }], "LIMIT", "more than 10000"],
    ["a manifest.json of 5 MiB", [{ name: "manifest.json", content: " ".repeat(5 << 20) }], "LIMIT", "more than 4194304"],
  ];
  for (const [fault, members, code, message] of bad) {
    it(`resolve() refuses an archive with ${fault}`, async () => {
      const { source } = await openAt(hostWith(rawTar(...members)));
      await expect(source.resolve()).rejects.toEqual(expect.objectContaining({ code, message: expect.stringContaining(message) }));
    });
  }
});

describe("openDockerArchives() writing", () => {
  const packedLayer = async (): Promise<Bytes> =>
    readAll(streamBytes(new Uint8Array(top ?? [])).pipeThrough(memoryHost().compression.compress("gzip")), everything);

  /** Puts an image of one plain and one compressed layer. */
  async function put(place: ContentPlace): Promise<void> {
    const packed = await packedLayer();
    const descriptors = [layers[0]?.descriptor, { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(packed), size: packed.length }].flatMap((one) =>
      one ? [one] : [],
    );
    for (const [at, bytes] of [new Uint8Array(base ?? []), packed].entries()) {
      const descriptor = descriptors[at];
      if (descriptor) await place.target.putBlob(descriptor, async () => streamBytes(bytes));
    }
    const blob = blobOf(mediaTypes.ociConfig, config);
    await place.target.putBlob(blob.descriptor, async () => streamBytes(blob.bytes));
    await place.target.putRoot(documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob.descriptor, layers: descriptors }));
  }

  it("putRoot() writes one image, its layers uncompressed, the same bytes every time", async () => {
    const [first, second] = [hostWith(), hostWith(new Uint8Array(0))];
    for (const host of [first, second]) await put(await openAt(host, ":app:1"));
    const bytes = await first.files.readFile("/x/app.tar", 1 << 20);
    expect(await second.files.readFile("/x/app.tar", 1 << 20)).toEqual(bytes);
    const { value } = await (await openAt(first, ":app:1")).source.resolve();
    expect(value).toEqual(expect.objectContaining({ layers: layers.map((layer) => layer.descriptor) }));
    expect(await first.files.list("/x")).toEqual(["app.tar", "other"]);
  });

  it("putRoot() unpacks no layer that the config does not name, and leaves nothing", async () => {
    const zeros = new Uint8Array(1 << 22);
    const packed = await readAll(streamBytes(zeros).pipeThrough(memoryHost().compression.compress("gzip")), everything);
    const host = hostWith();
    const { target } = await openAt(host);
    const blob = blobOf(mediaTypes.ociConfig, configOf([digestOf(packed)]));
    const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(packed), size: packed.length };
    await target.putBlob(blob.descriptor, async () => streamBytes(blob.bytes));
    await target.putBlob(layer, async () => streamBytes(packed));
    const put = target.putRoot(documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob.descriptor, layers: [layer] }));
    const message = `Cannot accept layer ${layer.digest} unpacked: expected ${layer.digest}, received ${digestOf(zeros)}`;
    await expect(put).rejects.toEqual(expect.objectContaining({ code: "MISMATCH", message }));
    await target.abandon();
    expect(await host.files.list("/x")).toEqual(["other"]);
  });

  it("putRoot() names the layer whose data cannot be unpacked", async () => {
    const cut = (await packedLayer()).slice(0, -9);
    const { target } = await openAt(hostWith());
    const blob = blobOf(mediaTypes.ociConfig, configOf([digestOf(top ?? new Uint8Array())]));
    const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(cut), size: cut.length };
    await target.putBlob(blob.descriptor, async () => streamBytes(blob.bytes));
    await target.putBlob(layer, async () => streamBytes(cut));
    const put = target.putRoot(documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob.descriptor, layers: [layer] }));
    const message = `Cannot read layer ${layer.digest}: its gzip data is damaged or cut off`;
    await expect(put).rejects.toEqual(expect.objectContaining({ code: "INVALID", message }));
  });

  it("putBlob() refuses a file that is there, and leaves it", async () => {
    const host = hostWith(oldArchive());
    await expect(put(await openAt(host, ":new:1"))).rejects.toEqual(expect.objectContaining({ code: "EXISTS" }));
    expect(await host.files.readFile("/x/app.tar", 1 << 20)).toEqual(new Uint8Array(oldArchive()));
  });

  it("accepts() takes images only, and putRoot() says why an index is refused", async () => {
    const { target } = await openAt(hostWith());
    expect([mediaTypes.ociManifest, mediaTypes.dockerManifest, mediaTypes.ociIndex, mediaTypes.dockerList].map((type) => target.accepts(type))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    await expect(target.putRoot(documentOf(indexOf([])))).rejects.toEqual(
      expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("has no place for an index") }),
    );
  });

  it("abandon() leaves nothing", async () => {
    const host = hostWith();
    const { target } = await openAt(host);
    await target.putBlob(blobOf("a", "a").descriptor, async () => streamBytes(encodeUtf8("a")));
    await target.abandon();
    expect(await host.files.list("/x")).toEqual(["other"]);
  });

  it("removeName() is refused", async () => {
    await expect((await openAt(hostWith(oldArchive()))).removeName()).rejects.toEqual(expect.objectContaining({ code: "UNSUPPORTED" }));
  });
});
