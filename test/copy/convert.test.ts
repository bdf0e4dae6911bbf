import { describe, expect, it } from "bun:test";
import { isOciError } from "../../src/core/base/mod.ts";
import { convertImage } from "../../src/core/copy/mod.ts";
import { type Descriptor, type Digest, type ImageManifest, mediaTypes } from "../../src/core/spec/mod.ts";

const digest: Digest = `sha256:${"1".repeat(64)}`;
const subject: Descriptor = { mediaType: mediaTypes.ociManifest, digest: `sha256:${"2".repeat(64)}`, size: 2 };

function imageOf(layerTypes: readonly string[], config: string = mediaTypes.ociConfig): ImageManifest {
  const point = (mediaType: string, at: number): Descriptor => ({ mediaType, digest: `sha256:${String(at).padStart(64, "0")}`, size: at });
  return { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: point(config, 9), layers: layerTypes.map(point) };
}

function failureOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    return isOciError(error, "UNSUPPORTED") ? error.message : `unexpected ${String(error)}`;
  }
  return "none";
}

const ociLayers = [
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
];
const dockerLayers = [
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  mediaTypes.dockerForeignLayerGzip,
];

describe("convertImage()", () => {
  it("changes the media types of manifest, config and layers, and nothing else, and back", () => {
    const image = imageOf(ociLayers);
    const { manifest, lost } = convertImage(image, "v2s2");
    expect(lost).toEqual([]);
    expect([manifest.mediaType, manifest.config.mediaType]).toEqual([mediaTypes.dockerManifest, mediaTypes.dockerConfig]);
    expect(manifest.layers.map((layer) => layer.mediaType)).toEqual(dockerLayers);
    expect(manifest.layers.map(({ digest, size }) => [digest, size])).toEqual(image.layers.map(({ digest, size }) => [digest, size]));
    expect(manifest.config.digest).toBe(image.config.digest);
    expect(convertImage(manifest, "oci")).toEqual({ manifest: image, lost: [] });
  });

  it("returns an image that is in the format already as it is", () => {
    const image = { ...imageOf([mediaTypes.ociLayerZstd, mediaTypes.dockerLayerGzip]), annotations: { a: "b" } };
    expect(convertImage(image, "oci").manifest).toBe(image);
  });

  it("lists everything a docker manifest cannot hold", () => {
    const image = imageOf([mediaTypes.ociLayerGzip, mediaTypes.ociLayerGzip]);
    const [first, second] = image.layers;
    if (!first || !second) throw new Error("no layers");
    const full: ImageManifest = {
      ...image,
      config: { ...image.config, data: "e30=" },
      layers: [first, { ...second, annotations: { "stargz.toc": "sha256:ab" }, urls: ["https://example.com/"] }],
      annotations: { title: "app", long: "x".repeat(200) },
      artifactType: "application/x",
      subject,
      unknown: [["com.example", "1"]],
    };
    const { manifest, lost } = convertImage(full, "v2s2", digest);
    expect(lost).toEqual([
      { where: digest, field: "annotations.title", value: "app" },
      { where: digest, field: "annotations.long", value: `${"x".repeat(79)}…` },
      { where: digest, field: "subject", value: subject.digest },
      { where: digest, field: "artifactType", value: "application/x" },
      { where: digest, field: "config.data", value: "4 characters of base64" },
      { where: digest, field: "layers.1.annotations.stargz.toc", value: "sha256:ab" },
    ]);
    const bare = convertImage({ ...image, layers: [first, { ...second, urls: ["https://example.com/"] }] }, "v2s2").manifest;
    expect(manifest).toEqual({ ...bare, unknown: [["com.example", "1"]] });
    expect(bare.layers[1]?.urls).toEqual(["https://example.com/"]);
  });

  it("refuses a zstd layer for docker by name", () => {
    const message = failureOf(() => convertImage(imageOf([mediaTypes.ociLayer, mediaTypes.ociLayerZstd]), "v2s2", digest));
    expect(message).toBe(
      `Cannot convert image "${digest}" to v2s2: layer sha256:${"1".padStart(64, "0")} is "${mediaTypes.ociLayerZstd}", and docker has no type for that; oci has`,
    );
  });

  it("refuses an artifact and an attestation for docker", () => {
    expect(failureOf(() => convertImage(imageOf([], "application/vnd.cncf.helm.config.v1+json"), "v2s2"))).toContain("which makes it an artifact");
    expect(failureOf(() => convertImage(imageOf(["application/vnd.in-toto+json"]), "v2s2"))).toContain('is "application/vnd.in-toto+json"');
  });

  it("takes docker's zstd layers and what is no layer over into OCI", () => {
    const docker = {
      ...imageOf(["application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.in-toto+json"], mediaTypes.dockerConfig),
      mediaType: mediaTypes.dockerManifest,
    };
    const { manifest } = convertImage(docker, "oci");
    expect([manifest.mediaType, manifest.config.mediaType]).toEqual([mediaTypes.ociManifest, mediaTypes.ociConfig]);
    expect(manifest.layers.map((layer) => layer.mediaType)).toEqual([mediaTypes.ociLayerZstd, "application/vnd.in-toto+json"]);
  });
});
