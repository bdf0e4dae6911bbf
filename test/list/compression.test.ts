import { describe, expect, it } from "bun:test";
import { createList, type PushCompression, parseCompressionFormat, pushList } from "../../src/core/list/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { formats, layersOf, openPress, putLayered, wordsOf } from "../helper/layers.ts";
import { failureOf } from "../helper/lists.ts";

const text = wordsOf(1000);

async function filled(options?: Parameters<typeof openPress>[0]) {
  const desk = openPress(options);
  const image = await putLayered(desk.host, "oci:/src:1", { layers: [{ text }] });
  const { digest } = await createList(desk.lists, "app", { images: ["oci:/src:1"] });
  return { ...desk, image, digest };
}

describe("parseCompressionFormat()", () => {
  it("knows gzip and zstd", () => {
    expect(["gzip", "zstd"].map((name) => parseCompressionFormat(name, "--x"))).toEqual(["gzip", "zstd"]);
  });

  it("refuses zstd:chunked with the reason, and others with where they came from", () => {
    expect(() => parseCompressionFormat("zstd:chunked", "--x")).toThrow('Cannot compress as "zstd:chunked" from --x: the table of contents');
    for (const name of ["xz", "bzip2", "GZIP", ""])
      expect(() => parseCompressionFormat(name, "--x")).toThrow(`Cannot use compression "${name}" from --x: expected gzip or zstd`);
  });
});

describe("planCompression() refuses, before a layer is read,", () => {
  async function refused(compression: PushCompression, options: Parameters<typeof pushList>[3] = {}) {
    const { host, lists, events } = await filled();
    const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], { compression, ...options }));
    expect([await host.files.status("/out"), events.filter(({ type }) => type === "compress")]).toEqual([undefined, []]);
    return [failure.code, failure.message];
  }

  it("a level out of range, and names the range", async () => {
    for (const level of [0, 10, 50, 1.5, -1])
      expect(await refused({ format: "gzip", level })).toEqual(["INVALID", `Cannot compress layers with gzip at level ${level}: expected 1 to 9`]);
    expect(await refused({ level: 10 })).toEqual(["INVALID", "Cannot compress layers with gzip at level 10: expected 1 to 9"]);
    if (!formats.includes("zstd")) return;
    for (const compression of [
      { format: "zstd", level: 21 },
      { add: ["zstd"], level: 21 },
    ] as const)
      expect(await refused(compression)).toEqual(["INVALID", "Cannot compress layers with zstd at level 21: expected 1 to 20"]);
  });

  it("force without a format, and takes no force for nothing", async () => {
    expect(await refused({ force: true, level: 3 })).toEqual(["INVALID", "Cannot force compression: no format is given, expected gzip or zstd"]);
    const { lists, digest } = await filled();
    expect((await pushList(lists, "app", ["oci:/out:1"], { compression: { force: false } }))[0]?.digest).toBe(digest);
  });

  if (formats.includes("zstd"))
    it("zstd as v2s2", async () => {
      for (const compression of [{ format: "zstd" }, { add: ["zstd"] }] as const)
        expect(await refused(compression, { format: "v2s2" })).toEqual([
          "UNSUPPORTED",
          "Cannot compress layers of v2s2 images with zstd: docker has no type for that; oci has",
        ]);
    });

  it("a format that the runtime does not make by its name", async () => {
    const { lists, host } = openPress({ wrap: (memory) => memory });
    await putLayered(host, "oci:/src:1", { layers: [{ text }] });
    await createList(lists, "app", { images: ["oci:/src:1"] });
    for (const compression of [{ format: "zstd" }, { add: ["gzip", "zstd"] }] as const) {
      const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], { compression }));
      expect([failure.code, failure.message]).toEqual([
        "UNSUPPORTED",
        "Cannot compress layers with zstd: memory makes gzip; Bun, Deno and Node from 22.15 on make zstd",
      ]);
    }
    expect(await host.files.status("/out")).toBeUndefined();
  });

  it("layers that the runtime cannot read by their format", async () => {
    const { lists, host } = openPress({ wrap: (memory) => memory });
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text, mediaType: mediaTypes.ociLayerZstd }], diffIds: [`sha256:${"0".repeat(64)}`] });
    await createList(lists, "app", { images: ["oci:/src:1"] });
    expect((await failureOf(pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } }))).message).toBe(
      `Cannot compress layer ${layersOf(image)[0]?.digest} of image ${image.descriptor.digest}: memory cannot read zstd; Bun, Deno and Node from 22.15 on can`,
    );
  });

  it("docker-archive:, which holds no index", async () => {
    const { lists, host, events } = await filled();
    const failure = await failureOf(pushList(lists, "app", ["docker-archive:/out.tar:app:1"], { compression: { format: "gzip" } }));
    expect(failure.message).toContain(`cannot hold ${mediaTypes.ociIndex}`);
    expect([await host.files.status("/out.tar"), events.filter(({ type }) => type === "compress")]).toEqual([undefined, []]);
  });
});
