import { describe, expect, it } from "bun:test";
import { addToList, createList, type PushCompression, pushList } from "../../src/core/list/mod.ts";
import type { CompressionFormat } from "../../src/core/port/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { formats, layersOf, openPress, putLayered, readImageAt, wordsOf } from "../helper/layers.ts";
import { attestationOf, entryOf, failureOf, indexAt, putImage, putIndex, putIndexBytes, readAt } from "../helper/lists.ts";

const { ociLayer, ociLayerGzip, ociLayerZstd, dockerLayerGzip } = mediaTypes;
const zstdKey = "io.github.containers.compression.zstd";
const typeOf: Readonly<Record<CompressionFormat, string>> = { gzip: ociLayerGzip, zstd: ociLayerZstd };
const [base, top, other] = [wordsOf(2000, 1), wordsOf(1000, 2), wordsOf(500, 3)];

/** A list of two images that share a layer; their layers are plain, and of every compression the runtime has. */
async function filled() {
  const desk = openPress();
  const { host, lists } = desk;
  const mixed = formats.map((compression) => ({ text: `${top}${compression}`, compression }));
  const amd64 = await putLayered(host, "oci:/src:amd64", { layers: [{ text: base }, ...mixed] });
  const arm64 = await putLayered(host, "oci:/src:arm64", { platform: "linux/arm64", layers: [{ text: base }, { text: other, compression: "gzip" }] });
  const { digest } = await createList(lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
  return { ...desk, amd64, arm64, digest };
}

function typesOf(layers: readonly Descriptor[]): readonly string[] {
  return layers.map(({ mediaType }) => mediaType);
}

function digestOf({ descriptor }: ManifestDocument): string {
  return descriptor.digest;
}

describe("prepareList() with a compression format", () => {
  for (const format of formats) {
    it(`gives every layer ${format}, holds each to its config, and lists the new digests`, async () => {
      const { host, lists, warnings, amd64, arm64, digest } = await filled();
      const [result] = await pushList(lists, "app", ["oci:/out:1"], { compression: { format } });
      const index = await indexAt(host, "oci:/out:1");
      const images = await Promise.all(index.manifests.map((entry) => readImageAt(host, "oci:/out:1", entry)));
      expect(images.map(({ texts }) => texts)).toEqual([
        [base, ...formats.map((each) => `${top}${each}`)],
        [base, other],
      ]);
      for (const { layers } of images) expect(new Set(typesOf(layers))).toEqual(new Set([typeOf[format]]));
      expect(index.manifests.map(({ platform }) => platform)).toEqual([
        { architecture: "amd64", os: "linux" },
        { architecture: "arm64", os: "linux" },
      ]);
      expect(images.map(({ document }) => document.value)).toMatchObject([amd64, arm64].map(({ value }) => "config" in value && { config: value.config }));
      expect([result?.digest, result?.entries]).toEqual([(await readAt(host, "oci:/out:1")).descriptor.digest, index.manifests.map((entry) => entry.digest)]);
      expect(result?.digest).not.toBe(digest);
      const becomes = [amd64, arm64].map((image, at) => `${digestOf(image)} becomes ${index.manifests[at]?.digest}`);
      expect(warnings()).toEqual([`the push with ${format} layers gives images new digests: ${becomes.join(", ")}`]);
    });

    it(`leaves layers that are ${format} already, byte for byte`, async () => {
      const { host, lists, amd64 } = await filled();
      await pushList(lists, "app", ["oci:/out:1"], { compression: { format } });
      const [entry] = (await indexAt(host, "oci:/out:1")).manifests;
      const { layers } = await readImageAt(host, "oci:/out:1", entry);
      const at = formats.indexOf(format) + 1;
      expect(layers[at]).toEqual(layersOf(amd64)[at] ?? entry);
    });

    it(`says in the entry whether layers are zstd, as ${format} decides`, async () => {
      const { host, lists } = await filled();
      await createList(lists, "marked", { images: ["oci:/src:arm64"] });
      await addToList(lists, "marked", ["oci:/src:amd64"], { annotations: { [zstdKey]: "true", from: "ci" } });
      await pushList(lists, "marked", ["oci:/out:1"], { compression: { format } });
      const mark = format === "zstd" ? { [zstdKey]: "true" } : undefined;
      expect((await indexAt(host, "oci:/out:1")).manifests.map(({ annotations }) => annotations)).toEqual([mark, { from: "ci", ...mark }]);
    });

    it(`makes the same ${format} every time, and leaves no file behind`, async () => {
      const { host, lists } = await filled();
      const push = async (to: string) => (await pushList(lists, "app", [to], { compression: { format } }))[0]?.digest;
      expect(await push("oci:/one:1")).toBe(await push("dir:/two"));
      expect(await host.files.list("/tmp")).toEqual([]);
    });
  }

  it("leaves layers that are compressed otherwise without force", async () => {
    const { host, lists, amd64, arm64 } = await filled();
    const format = formats.at(-1) ?? "gzip";
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format, force: false } });
    const images = await Promise.all((await indexAt(host, "oci:/out:1")).manifests.map((entry) => readImageAt(host, "oci:/out:1", entry)));
    expect(images.map(({ layers }) => layers.slice(1))).toEqual([amd64, arm64].map((image) => layersOf(image).slice(1)));
    expect(images.map(({ layers }) => layers[0]?.mediaType)).toEqual([typeOf[format], typeOf[format]]);
  });

  it("takes a level alone for gzip of what is not compressed", async () => {
    const { host, lists, amd64 } = await filled();
    await pushList(lists, "app", ["oci:/out:1"], { compression: { level: 9 } });
    const { layers } = await readImageAt(host, "oci:/out:1", (await indexAt(host, "oci:/out:1")).manifests[0]);
    expect([layers[0]?.mediaType, ...layers.slice(1)]).toEqual([ociLayerGzip, ...layersOf(amd64).slice(1)]);
  });

  it("takes a layer for plain that is typed as gzip and is not, as skopeo writes them into dir:", async () => {
    const { host, lists } = openPress();
    await putLayered(host, "oci:/src:1", { docker: true, layers: [{ text: base, mediaType: dockerLayerGzip }] });
    await createList(lists, "app", { images: ["oci:/src:1"] });
    await pushList(lists, "app", ["dir:/out"], { compression: { format: "gzip" } });
    const { layers, texts } = await readImageAt(host, "dir:/out", (await indexAt(host, "dir:/out")).manifests[0]);
    expect([typesOf(layers), texts]).toEqual([[dockerLayerGzip], [base]]);
  });

  it("pushes a list byte for byte that has the format already", async () => {
    const { host, lists, warnings } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base, compression: "gzip" }] });
    await putLayered(host, "oci:/src:empty", { platform: "linux/arm64", layers: [] });
    const odd = `{ "manifests": [${JSON.stringify(entryOf(image, "linux/amd64"))}], "schemaVersion": 2, "z": 1e400, "mediaType": "${mediaTypes.ociIndex}" }`;
    const { descriptor } = await putIndexBytes(host, "oci:/src:odd", odd);
    await createList(lists, "app", { images: ["oci:/src:1", "oci:/src:empty"] });
    expect((await pushList(lists, "oci:/src:odd", ["oci:/out:1"], { compression: { format: "gzip" } }))[0]?.digest).toBe(descriptor.digest);
    const [plain, compressed] = [
      await pushList(lists, "app", ["oci:/out:2"]),
      await pushList(lists, "app", ["oci:/out:3"], { compression: { format: "gzip" } }),
    ];
    expect(compressed).toMatchObject([{ digest: plain[0]?.digest }]);
    expect(warnings()).toEqual([]);
  });

  it("refuses to change an index at a location that cannot be edited without loss", async () => {
    const { host, lists } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base }] });
    const odd = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","z":1e400,"manifests":[${JSON.stringify(entryOf(image, "linux/amd64"))}]}`;
    await putIndexBytes(host, "oci:/src:odd", odd);
    const failure = await failureOf(pushList(lists, "oci:/src:odd", ["oci:/out:1"], { compression: { format: "gzip" } }));
    expect([failure.code, failure.message]).toEqual(["LOSS", expect.stringContaining('Cannot change "oci:/src:odd" for the push: ')]);
    expect(await host.files.status("/out")).toBeUndefined();
  });

  it("re-points attestations and leaves them as they are, with a warning", async () => {
    const { host, lists, warnings } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base }] });
    const attestation = await putImage(host, "oci:/src:attestation", { platform: "unknown/unknown", layerType: "application/vnd.in-toto+json" });
    await putIndex(host, "oci:/src:multi", { manifests: [entryOf(image, "linux/amd64"), attestationOf(attestation, image.descriptor.digest)] });
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const [first, second] = (await indexAt(host, "oci:/out:1")).manifests;
    expect([second?.digest, second?.annotations?.["vnd.docker.reference.digest"]]).toEqual([attestation.descriptor.digest, String(first?.digest)]);
    expect(warnings()[1]).toBe("the attestations of images with new digests point to those now, their statements still name the old ones");
  });

  it("leaves an artifact, and layers that must not be handed on; says which layers cannot be compressed anew", async () => {
    const { host, lists, warnings } = openPress();
    const foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    const encrypted = "application/vnd.oci.image.layer.v1.tar+encrypted";
    const image = await putLayered(host, "oci:/src:1", {
      layers: [{ text: base }, { text: top, mediaType: foreign, urls: ["https://a.example/layer"] }, { text: other, mediaType: encrypted }],
    });
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x", layerType: ociLayer });
    await createList(lists, "app", { images: ["oci:/src:1", "oci:/src:artifact"] });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const [changed, kept] = (await indexAt(host, "oci:/out:1")).manifests;
    expect(kept).toMatchObject({ digest: digestOf(artifact) });
    const { layers } = await manifestAt(host, changed);
    expect([typesOf(layers), layers.slice(1)]).toEqual([[ociLayerGzip, foreign, encrypted], [...layersOf(image).slice(1)]]);
    expect(warnings()[0]).toBe(`layers that cannot be compressed anew stay as they are: ${layersOf(image)[2]?.digest} (${encrypted})`);
  });

  it("refuses an image of which nobody knows where it lies", async () => {
    const { host, lists, amd64 } = await filled();
    const compression: PushCompression = { format: "gzip" };
    await (await host.files.create("/entry.json")).write(new TextEncoder().encode(JSON.stringify(entryOf(amd64, "linux/amd64"))));
    await createList(lists, "unknown", { images: ["@/entry.json"] });
    expect((await failureOf(pushList(lists, "unknown", ["oci:/out:1"], { compression }))).message).toContain("the list does not say where it lies");
    expect(await host.files.status("/out")).toBeUndefined();
  });
});

/** An encrypted layer has no text. */
async function manifestAt(host: Parameters<typeof readAt>[0], entry: Descriptor | undefined) {
  const text = new TextDecoder().decode(await host.files.readFile(`/out/blobs/sha256/${entry?.digest.slice(7)}`, 1 << 20));
  return JSON.parse(text) as { readonly layers: readonly Descriptor[] };
}

describe("prepareList() of docker images with a compression format", () => {
  async function docker(mediaType: typeof mediaTypes.ociIndex | typeof mediaTypes.dockerList) {
    const desk = openPress();
    const image = await putLayered(desk.host, "oci:/src:docker", { docker: true, layers: [{ text: base }, { text: top, compression: "gzip" }] });
    await createList(desk.lists, "app", { images: ["oci:/src:docker"], format: mediaType === mediaTypes.dockerList ? "v2s2" : "oci" });
    desk.warnings();
    return { ...desk, image };
  }

  it("gives them docker's gzip layers in docker's list", async () => {
    const { host, lists } = await docker(mediaTypes.dockerList);
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const index = await indexAt(host, "oci:/out:1");
    const { document, layers, texts } = await readImageAt(host, "oci:/out:1", index.manifests[0]);
    expect([index.mediaType, document.value.mediaType, typesOf(layers)]).toEqual([
      mediaTypes.dockerList,
      mediaTypes.dockerManifest,
      [dockerLayerGzip, dockerLayerGzip],
    ]);
    expect(texts).toEqual([base, top]);
  });

  if (formats.includes("zstd"))
    it("makes OCI images of them for zstd, and an OCI index of their list, and says so", async () => {
      const { host, lists, warnings, image } = await docker(mediaTypes.dockerList);
      await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "zstd" } });
      const index = await indexAt(host, "oci:/out:1");
      const { document, layers, texts } = await readImageAt(host, "oci:/out:1", index.manifests[0]);
      expect([index.mediaType, document.value.mediaType, typesOf(layers)]).toEqual([mediaTypes.ociIndex, mediaTypes.ociManifest, [ociLayerZstd, ociLayerZstd]]);
      expect(texts).toEqual([base, top]);
      expect(warnings()).toEqual([
        `the push with zstd layers gives images new digests: ${digestOf(image)} becomes ${index.manifests[0]?.digest}`,
        `images become OCI images, as docker has no type for zstd layers: ${digestOf(image)}`,
        `the list becomes an OCI image index for this push, as a docker manifest list cannot hold annotation ${zstdKey}="true" of ${index.manifests[0]?.digest}`,
      ]);
    });

  it("converts and compresses at once, an image with zstd layers to docker's too", async () => {
    const { host, lists, warnings } = openPress();
    const compression = formats.at(-1) ?? "gzip";
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base, compression }, { text: top }] });
    await createList(lists, "app", { images: ["oci:/src:1"] });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" }, format: "v2s2" });
    const index = await indexAt(host, "oci:/out:1");
    const { document, layers, texts } = await readImageAt(host, "oci:/out:1", index.manifests[0]);
    expect([index.mediaType, document.value.mediaType, typesOf(layers)]).toEqual([
      mediaTypes.dockerList,
      mediaTypes.dockerManifest,
      [dockerLayerGzip, dockerLayerGzip],
    ]);
    expect(texts).toEqual([base, top]);
    expect(warnings()).toEqual([`the push as v2s2 with gzip layers gives images new digests: ${digestOf(image)} becomes ${index.manifests[0]?.digest}`]);
  });
});
