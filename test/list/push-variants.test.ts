import { afterEach, describe, expect, it } from "bun:test";
import { createList, openLists, type PushListOptions, pushList } from "../../src/core/list/mod.ts";
import type { CompressionFormat } from "../../src/core/port/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { formats, layersOf, openPress, putLayered, readImageAt, wordsOf } from "../helper/layers.ts";
import { attestationOf, entryOf, indexAt, putImage, putIndex, readAt } from "../helper/lists.ts";
import { startRegistry, type TestRegistry } from "../helper/registry.ts";

const open: TestRegistry[] = [];
afterEach(async () => {
  for (const registry of open.splice(0)) await registry.stop();
});

const zstdKey = "io.github.containers.compression.zstd";
const zstdMark = { [zstdKey]: "true" };
const [base, top] = [wordsOf(2000, 1), wordsOf(1000, 2)];
/** What plain layers get beside: zstd where the runtime has it. */
const added: CompressionFormat = formats.at(-1) ?? "gzip";
const mark = added === "zstd" ? zstdMark : undefined;

function digestOf({ descriptor }: ManifestDocument): string {
  return descriptor.digest;
}

function digestsIn(manifests: readonly Descriptor[]): readonly string[] {
  return manifests.map(({ digest }) => digest);
}

/** A list of two images with plain layers and an attestation, annotated and with features of their systems. */
async function filled() {
  const desk = openPress();
  const amd64 = await putLayered(desk.host, "oci:/src:amd64", { layers: [{ text: base }, { text: top }] });
  const arm64 = await putLayered(desk.host, "oci:/src:arm64", { platform: "linux/arm64", layers: [{ text: base }] });
  const attestation = await putImage(desk.host, "oci:/src:attestation", { platform: "unknown/unknown", layerType: "application/vnd.in-toto+json" });
  const platform = { os: "linux", architecture: "amd64", "os.features": ["sse4"] };
  const manifests = [
    { ...entryOf(amd64), platform, annotations: { from: "ci" } },
    entryOf(arm64, "linux/arm64/v8", { data: btoa(new TextDecoder().decode(arm64.bytes)), urls: ["https://a.example"] }),
    attestationOf(attestation, amd64.descriptor.digest),
  ];
  await putIndex(desk.host, "oci:/src:multi", { manifests });
  const { digest } = await createList(desk.lists, "app", { images: ["oci:/src:multi"], all: true });
  const push = async (options: PushListOptions, to = "oci:/out:1") => {
    await pushList(desk.lists, "app", [to], options);
    return (await indexAt(desk.host, to)).manifests;
  };
  return { ...desk, amd64, arm64, attestation, manifests, digest, push };
}

describe("pushList() that adds images with layers compressed otherwise", () => {
  it("puts one for each platform behind all others, with what their entries say, and changes no other", async () => {
    const { host, push, manifests, warnings } = await filled();
    const entries = await push({ compression: { add: [added] } });
    expect(entries.slice(0, 3)).toEqual(manifests);
    const said = [{ annotations: { from: "ci", ...mark } }, mark ? { annotations: mark } : {}];
    expect(entries.slice(3)).toEqual(
      entries.slice(3).map(({ digest, size }, at) => {
        const platform = manifests[at]?.platform;
        return { mediaType: mediaTypes.ociManifest, digest, size, ...said[at], ...(platform && { platform }) };
      }),
    );
    const images = await Promise.all(entries.slice(3).map((entry) => readImageAt(host, "oci:/out:1", entry)));
    expect(images.map(({ texts }) => texts)).toEqual([[base, top], [base]]);
    expect(images.flatMap(({ layers }) => layers.map(({ mediaType }) => mediaType.endsWith(`+${added}`)))).toEqual([true, true, true]);
    const beside = [0, 1].map((at) => `${entries[at + 3]?.digest} with ${added} layers beside ${entries[at]?.digest}`);
    expect(warnings()).toEqual([`the push adds images: ${beside.join(", ")}`]);
  });

  it("adds nothing where every platform has such an image, and pushes the list byte for byte", async () => {
    const { host, lists, push, warnings } = await filled();
    await push({ compression: { add: [added] } });
    await createList(lists, "both", { images: ["oci:/out:1"], all: true });
    warnings();
    const [again] = await pushList(lists, "both", ["oci:/again:1"], { compression: { add: [added, added] } });
    expect(again?.digest).toBe((await readAt(host, "oci:/out:1")).descriptor.digest);
    expect(warnings()).toEqual([]);
  });

  it("looks at layers, not at what entries say of them", async () => {
    const { host, lists } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base, compression: added }] });
    await putLayered(host, "oci:/src:2", { platform: "linux/arm64", layers: [{ text: base }] });
    await putIndex(host, "oci:/src:multi", {
      manifests: [entryOf(image, "linux/amd64"), entryOf(await readAt(host, "oci:/src:2"), "linux/arm64", { annotations: zstdMark })],
    });
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { add: [added] } });
    const { manifests } = await indexAt(host, "oci:/out:1");
    expect(manifests).toHaveLength(3);
    expect(manifests.map(({ platform, annotations }) => [platform?.architecture, annotations])).toEqual(
      mark
        ? [
            ["arm64", undefined],
            ["amd64", mark],
            ["arm64", mark],
          ]
        : [
            ["amd64", undefined],
            ["arm64", undefined],
            ["arm64", undefined],
          ],
    );
  });

  it("adds one for a platform, however many images it has, and one for each that says none", async () => {
    const { host, lists } = openPress();
    const images = await Promise.all([1, 2].map((seed) => putLayered(host, `oci:/src:${seed}`, { layers: [{ text: wordsOf(100, seed) }] })));
    for (const [name, platform, count] of [
      ["same", "linux/amd64", 3],
      ["none", undefined, 4],
    ] as const) {
      await putIndex(host, `oci:/src:${name}`, { manifests: images.map((image) => entryOf(image, platform)) });
      await pushList(lists, `oci:/src:${name}`, [`oci:/out:${name}`], { compression: { add: ["gzip"] } });
      const { manifests } = await indexAt(host, `oci:/out:${name}`);
      expect(manifests).toHaveLength(count);
      expect((await readImageAt(host, `oci:/out:${name}`, manifests[2])).texts).toEqual([wordsOf(100, 1)]);
    }
  });

  if (formats.includes("zstd")) {
    it("takes the image as it was where it has the format that all others leave", async () => {
      const { host, lists, warnings } = openPress();
      const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base, compression: "gzip" }] });
      await createList(lists, "app", { images: ["oci:/src:1"] });
      await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "zstd", add: ["gzip"] } });
      const { manifests } = await indexAt(host, "oci:/out:1");
      expect(manifests.map(({ digest, annotations }) => [digest === digestOf(image), annotations])).toEqual([
        [true, undefined],
        [false, zstdMark],
      ]);
      const { document, texts } = await readImageAt(host, "oci:/out:1", manifests[0]);
      expect([document.bytes, texts]).toEqual([image.bytes, [base]]);
      expect(warnings()).toEqual([
        `the push with zstd layers gives images new digests: ${digestOf(image)} becomes ${manifests[1]?.digest}`,
        `the push adds images: ${digestOf(image)} with gzip layers beside ${manifests[1]?.digest}`,
      ]);
    });

    it("adds several formats at once, gzip before zstd", async () => {
      const { push } = await filled();
      const entries = await push({ compression: { add: ["zstd", "gzip"] } });
      expect(entries.slice(3).map(({ platform, annotations = {} }) => [platform?.architecture, annotations[zstdKey]])).toEqual([
        ["amd64", undefined],
        ["arm64", undefined],
        ["amd64", "true"],
        ["arm64", "true"],
      ]);
    });

    it("gives the level to what it adds, unless there is a format that it is for", async () => {
      const sizes: number[] = [];
      for (const compression of [{ level: 19 }, { format: "gzip", level: 9 }, {}] as const) {
        const { host, push } = await filled();
        const entries = await push({ compression: { add: ["zstd"], ...compression } });
        sizes.push((await readImageAt(host, "oci:/out:1", entries[3])).layers[0]?.size ?? 0);
      }
      const [high = 0, ...usual] = sizes;
      expect(new Set(usual).size).toBe(1);
      expect(high).toBeLessThan(usual[0] ?? 0);
    });

    it("makes OCI images beside docker's, in an OCI index, with the features it leaves out", async () => {
      const { host, lists, warnings } = openPress();
      const image = await putLayered(host, "oci:/src:1", { docker: true, layers: [{ text: base }] });
      await putIndex(host, "oci:/src:list", {
        mediaType: mediaTypes.dockerList,
        manifests: [{ ...entryOf(image), platform: { os: "linux", architecture: "amd64", features: ["sse4"] } }],
      });
      await createList(lists, "app", { images: ["oci:/src:list"], all: true, format: "v2s2" });
      warnings();
      await pushList(lists, "app", ["oci:/out:1"], { compression: { add: ["zstd"] } });
      const { mediaType, manifests } = await indexAt(host, "oci:/out:1");
      expect([mediaType, manifests.map((entry) => [entry.mediaType, entry.platform])]).toEqual([
        mediaTypes.ociIndex,
        [mediaTypes.dockerManifest, mediaTypes.ociManifest].map((type) => [type, { architecture: "amd64", os: "linux" }]),
      ]);
      const said = warnings().join("\n");
      for (const part of ["the list becomes an OCI image index for this push", 'features "sse4"', "the list mixes 1 docker and 1 OCI images"])
        expect(said).toContain(part);
    });
  }

  it("keeps docker's features in what it adds to docker's list", async () => {
    const { host, lists } = openPress();
    const image = await putLayered(host, "oci:/src:1", { docker: true, layers: [{ text: base }] });
    const platform = { os: "linux", architecture: "amd64", features: ["sse4"] };
    await putIndex(host, "oci:/src:list", { mediaType: mediaTypes.dockerList, manifests: [{ ...entryOf(image), platform }] });
    await createList(lists, "app", { images: ["oci:/src:list"], all: true, format: "v2s2" });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { add: ["gzip"] } });
    const { mediaType, manifests } = await indexAt(host, "oci:/out:1");
    expect([mediaType, manifests.map((entry) => entry.platform)]).toEqual([mediaTypes.dockerList, [platform, platform]]);
  });

  it("converts what it adds too", async () => {
    const { host, push } = await filled();
    const entries = await push({ format: "v2s2", compression: { add: ["gzip"] } });
    expect(entries.map(({ mediaType }) => mediaType)).toEqual(Array.from({ length: 4 }, () => mediaTypes.dockerManifest));
    const { layers, texts } = await readImageAt(host, "oci:/out:1", entries[2]);
    expect([layers[0]?.mediaType, texts]).toEqual([mediaTypes.dockerLayerGzip, [base, top]]);
  });

  it("says nothing of signatures that stay with the images they are of", async () => {
    const { push, warnings } = await filled();
    await push({ compression: { add: ["gzip"] }, referrers: true });
    expect(warnings().join("\n")).not.toContain("stay behind");
    await push({ compression: { format: "gzip" }, referrers: true });
    expect(warnings().join("\n")).toContain("stay behind");
  });
});

describe("pushList() of what it has made", () => {
  const compression = { format: "gzip", add: [added] } as const;

  async function inRegistry(tag = "parts") {
    const registry = await startRegistry();
    open.push(registry);
    const { fetch, compression: press } = await currentHost();
    const host = { ...memoryHost({ fetch }), compression: press };
    const from = `docker://${registry.host}/${tag}`;
    const image = await putLayered(host, `${from}:amd64`, { layers: [{ text: base }, { text: top, compression: "gzip" }] });
    const openFresh = () => openLists(host, { root: "/lists", verifyTls: false, retries: 0 });
    await createList(openFresh(), "app", { images: [`${from}:amd64`] });
    registry.clear();
    return { registry, host, lists: openFresh(), image };
  }

  it("tells in a dry run the digests that a push writes, and writes nothing", async () => {
    const { host, lists, digest } = await filled();
    const [dry] = await pushList(lists, "app", ["oci:/out:1"], { compression, dryRun: true });
    expect([await host.files.status("/out"), await host.files.list("/tmp")]).toEqual([undefined, []]);
    const [result] = await pushList(lists, "app", ["oci:/out:1"], { compression });
    expect([dry?.digest, dry?.entries, dry?.size]).toEqual([result?.digest, result?.entries, result?.size]);
    expect(dry?.digest).not.toBe(digest);
    const uploads = dry?.writes?.flatMap((write) => (write.write === "upload" ? [write.digest.slice(7)] : [])) ?? [];
    const there = await host.files.list("/out/blobs/sha256");
    expect(uploads.every((name) => there.includes(name))).toBe(true);
  });

  it("needs the images there without all, which a push has left", async () => {
    const { lists } = await filled();
    await expect(pushList(lists, "app", ["oci:/out:1"], { compression, all: false })).rejects.toMatchObject({ code: "NOT_FOUND" });
    const [first] = await pushList(lists, "app", ["oci:/out:1"], { compression });
    const [second] = await pushList(lists, "app", ["oci:/out:2"], { compression, all: false });
    expect([second?.digest, second?.images]).toEqual([first?.digest, 0]);
  });

  it("sends to the repository where the images lie what is new, and reads each layer once for each format", async () => {
    const { registry, host, lists, image } = await inRegistry();
    const at = `docker://${registry.host}/parts:list`;
    await pushList(lists, "app", [at], { compression });
    const { manifests } = await indexAt(host, at);
    const made = await Promise.all(manifests.map((entry) => readImageAt(host, at, entry)));
    expect(made.map(({ texts }) => texts)).toEqual(manifests.map(() => [base, top]));
    const fresh = new Set(made.flatMap(({ layers }) => digestsIn(layers)).filter((digest) => !digestsIn(layersOf(image)).includes(digest)));
    const sent = registry.requests.filter(({ method, path }) => method === "PUT" && path.includes("/uploads/"));
    expect(sent).toHaveLength(fresh.size);
  });

  it("sends it to another repository, and to several destinations, having compressed it once", async () => {
    const { registry, host, lists } = await inRegistry();
    const targets = [`docker://${registry.host}/app:1`, "oci:/out:1", `docker://${registry.host}/app:2`, `docker://${registry.host}/other:1`, "dir:/dir"];
    const events: string[] = [];
    const report: typeof lists.report = ({ type }) => void events.push(type);
    const results = await pushList({ ...lists, report }, "app", targets, { compression });
    expect(new Set(results.map(({ digest }) => digest)).size).toBe(1);
    const compressed = events.filter((type) => type === "compress").length;
    expect(compressed).toBe(added === "zstd" ? 3 : 1);
    for (const target of targets) {
      const { manifests } = await indexAt(host, target);
      for (const entry of manifests) expect((await readImageAt(host, target, entry)).texts).toEqual([base, top]);
    }
    expect(await host.files.list("/tmp")).toEqual([]);
  });
});
