import { describe, expect, it } from "bun:test";
import { type CompressionChange, changedCompression, compressImage, convertImage, type ImageLayer, isChanged, readLayers } from "../../src/core/copy/mod.ts";
import { type Descriptor, type Digest, type ImageManifest, mediaTypes } from "../../src/core/spec/mod.ts";

const digest: Digest = `sha256:${"1".repeat(64)}`;
const digestAt = (kind: string, at: number): Digest => `sha256:${`${kind}${at}`.padStart(64, "0")}`;

function imageOf(...layers: readonly (string | Partial<Descriptor>)[]): ImageManifest {
  const point = (mediaType: string, at: number): Descriptor => ({ mediaType, digest: digestAt("a", at), size: at });
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: point(mediaTypes.ociConfig, 9),
    layers: layers.map((layer, at) => (typeof layer === "string" ? point(layer, at) : { ...point(mediaTypes.ociLayerGzip, at), ...layer })),
  };
}

const diffIdsOf = ({ layers }: ImageManifest): readonly Digest[] => layers.map((_, at) => digestAt("d", at));

function compress(manifest: ImageManifest, change: CompressionChange, layers: readonly ImageLayer[] = readLayers(manifest, diffIdsOf(manifest))) {
  return compressImage(manifest, { ...change, layers, digest, made: ({ descriptor: { size } }) => ({ digest: digestAt("b", size), size: size + 100 }) });
}

const { ociLayer, ociLayerGzip, ociLayerZstd, dockerLayer, dockerLayerGzip } = mediaTypes;
const others = [
  "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  mediaTypes.dockerForeignLayerGzip,
  "application/vnd.in-toto+json",
];
const typesOf = ({ layers }: ImageManifest): readonly string[] => layers.map(({ mediaType }) => mediaType);
const sizesOf = ({ layers }: ImageManifest): readonly number[] => layers.map(({ size }) => size);

describe("readLayers()", () => {
  it("tells from types how layers are compressed, and which cannot be compressed anew", () => {
    const image = imageOf(ociLayer, ociLayerGzip, ociLayerZstd, dockerLayer, dockerLayerGzip, "application/vnd.docker.image.rootfs.diff.tar.zstd", ...others);
    const layers = readLayers(image, diffIdsOf(image));
    expect(layers.map(({ compression }) => compression)).toEqual(["none", "gzip", "zstd", "none", "gzip", "zstd", ...others.map(() => undefined)]);
    expect(layers.map(({ diffId }) => diffId)).toEqual([...diffIdsOf(image)]);
  });

  it("takes a layer for plain whose digest is the one without compression, whatever its type says", () => {
    const image = imageOf(ociLayerGzip, dockerLayerGzip, ...others);
    const layers = readLayers(
      image,
      image.layers.map((layer) => layer.digest),
    );
    expect(layers.map(({ compression }) => compression)).toEqual(["none", "none", ...others.map(() => undefined)]);
  });

  it("knows no digests of layers that a config does not count", () => {
    const image = imageOf(ociLayerGzip, ociLayerGzip);
    expect(readLayers(image, [digest]).map(({ diffId }) => diffId)).toEqual([undefined, undefined]);
  });
});

describe("compressImage()", () => {
  it("gives layers another type, digest and size, and leaves what has the format already", () => {
    const image = imageOf(ociLayer, ociLayerGzip, ociLayerZstd, dockerLayer, dockerLayerGzip, ...others);
    const gzip = compress(image, { format: "gzip", force: true }).manifest;
    expect(typesOf(gzip)).toEqual([ociLayerGzip, ociLayerGzip, ociLayerGzip, dockerLayerGzip, dockerLayerGzip, ...others]);
    expect(sizesOf(gzip)).toEqual([100, 1, 102, 103, 4, ...others.map((_, at) => at + 5)]);
    const zstd = compress(image, { format: "zstd", force: true }).manifest;
    expect(typesOf(zstd)).toEqual([ociLayerZstd, ociLayerZstd, ociLayerZstd, ociLayerZstd, ociLayerZstd, ...others]);
    expect(sizesOf(zstd)).toEqual([100, 101, 2, 103, 104, ...others.map((_, at) => at + 5)]);
    expect(zstd.config).toBe(image.config);
  });

  it("changes only plain layers without force", () => {
    const image = imageOf(ociLayer, ociLayerGzip, ociLayerZstd);
    expect(typesOf(compress(image, { format: "zstd", force: false }).manifest)).toEqual([ociLayerZstd, ociLayerGzip, ociLayerZstd]);
    expect(typesOf(compress(image, { format: "gzip", force: false }).manifest)).toEqual([ociLayerGzip, ociLayerGzip, ociLayerZstd]);
  });

  it("returns an image that has the format already as it is", () => {
    const image = imageOf(ociLayerZstd, ...others);
    expect(compress(image, { format: "zstd", force: true })).toEqual({ manifest: image, lost: [] });
    expect(compress(image, { format: "zstd", force: true }).manifest).toBe(image);
  });

  it("leaves out what speaks of the old bytes, lists it, and keeps the rest", () => {
    const annotations = {
      "containerd.io/snapshot/stargz/toc.digest": "sha256:ab",
      "io.containers.estargz.uncompressed-size": "7",
      "io.github.containers.zstd-chunked.manifest-checksum": "x".repeat(100),
      "org.opencontainers.image.title": "layer",
      ["__proto__"]: "kept",
    };
    const image = imageOf({ annotations, data: "AA==", urls: ["https://a.example", "https://b.example"], artifactType: "a/t", unknown: [["x", "1"]] });
    const { manifest, lost } = compress(image, { format: "zstd", force: true });
    expect(manifest.layers[0]).toEqual({
      mediaType: ociLayerZstd,
      digest: digestAt("b", 0),
      size: 100,
      annotations: { "org.opencontainers.image.title": "layer", ["__proto__"]: "kept" },
      artifactType: "a/t",
      unknown: [["x", "1"]],
    });
    expect(lost).toEqual([
      { where: digest, field: "layers.0.annotations.containerd.io/snapshot/stargz/toc.digest", value: "sha256:ab" },
      { where: digest, field: "layers.0.annotations.io.containers.estargz.uncompressed-size", value: "7" },
      { where: digest, field: "layers.0.annotations.io.github.containers.zstd-chunked.manifest-checksum", value: `${"x".repeat(79)}…` },
      { where: digest, field: "layers.0.data", value: "4 characters of base64" },
      { where: digest, field: "layers.0.urls", value: "https://a.example https://b.example" },
    ]);
    const bare = compress(imageOf({ annotations: { "containerd.io/snapshot/stargz/toc.digest": "x" } }), { format: "zstd", force: true }).manifest;
    expect(bare.layers[0]).not.toHaveProperty("annotations");
  });

  it("makes of docker's image one that OCI has types for", () => {
    const docker: ImageManifest = { ...imageOf(dockerLayer, dockerLayerGzip), mediaType: mediaTypes.dockerManifest };
    expect(typesOf(convertImage(compress(docker, { format: "zstd", force: true }).manifest, "oci").manifest)).toEqual([ociLayerZstd, ociLayerZstd]);
    expect(typesOf(compress(docker, { format: "gzip", force: true }).manifest)).toEqual([dockerLayerGzip, dockerLayerGzip]);
  });
});

describe("changedCompression()", () => {
  it("tells what becomes of a layer, and isChanged() whether that is something else", () => {
    const layers = readLayers(imageOf(ociLayer, ociLayerGzip, ...others.slice(0, 1)), []);
    const tell = (change: CompressionChange) => layers.map((layer) => [changedCompression(layer, change), isChanged(layer, change)]);
    expect(tell({ format: "gzip", force: true })).toEqual([
      ["gzip", true],
      ["gzip", false],
      [undefined, false],
    ]);
    expect(tell({ format: "zstd", force: false })).toEqual([
      ["zstd", true],
      ["gzip", false],
      [undefined, false],
    ]);
  });
});
