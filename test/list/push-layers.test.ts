import { afterEach, describe, expect, it } from "bun:test";
import { OciError, streamBytes } from "../../src/core/base/mod.ts";
import { createList, type ListOptions, openLists, type PushListOptions, pushList } from "../../src/core/list/mod.ts";
import type { ReadOptions } from "../../src/core/port/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { openPress, putLayered, readImageAt, wordsOf } from "../helper/layers.ts";
import { failureOf, indexAt } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";

afterEach(stopAll);

const { ociLayer } = mediaTypes;
const [base, top, other] = [wordsOf(2000, 1), wordsOf(1000, 2), wordsOf(500, 3)];

/** A list of two images that share a layer. */
async function filled(lists: ListOptions = {}) {
  const desk = openPress({ lists });
  await putLayered(desk.host, "oci:/src:amd64", { layers: [{ text: base }, { text: top }] });
  await putLayered(desk.host, "oci:/src:arm64", { platform: "linux/arm64", layers: [{ text: base }, { text: other }, { text: top, compression: "gzip" }] });
  await createList(desk.lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
  return desk;
}

describe("pushList() that compresses layers", () => {
  it("compresses a layer once that images share", async () => {
    const { lists, events } = await filled();
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const compressed = events.flatMap((event) => (event.type === "compress" ? [event.descriptor.digest] : []));
    expect(new Set(compressed).size).toBe(compressed.length);
    expect(compressed).toHaveLength(3);
    const read = events.reduce((sum, event) => (event.type === "progress" && compressed.includes(event.descriptor.digest) ? sum + event.bytes : sum), 0);
    expect(read).toBe(events.reduce((sum, event) => (event.type === "compress" ? sum + event.descriptor.size : sum), 0));
    expect(events.filter(({ type }) => type === "compress-done")).toHaveLength(compressed.length);
  });

  it("tries harder at a higher level", async () => {
    const sizes: number[] = [];
    for (const level of [1, 9]) {
      const { host, lists } = await filled();
      await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip", level } });
      const { layers } = await readImageAt(host, "oci:/out:1", (await indexAt(host, "oci:/out:1")).manifests[0]);
      sizes.push(layers[0]?.size ?? 0);
    }
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
  });

  it("says so where a level changes no layer, as all are compressed already", async () => {
    const { host, lists, warnings } = openPress();
    await putLayered(host, "oci:/src:1", { layers: [{ text: base, compression: "gzip" }] });
    await createList(lists, "app", { images: ["oci:/src:1"] });
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    expect(warnings()).toEqual([]);
    for (const compression of [{ level: 9 }, { format: "gzip", level: 9 }] as const) await pushList(lists, "app", ["oci:/out:1"], { compression });
    const said = "no layer is compressed anew with gzip at level 9: all are gzip already, and stay as they are";
    expect(warnings()).toEqual([said, said]);
    await putLayered(host, "oci:/src:2", { layers: [{ text: top }] });
    await createList(lists, "mixed", { images: ["oci:/src:1", "oci:/src:2"] });
    await pushList(lists, "mixed", ["oci:/out:2"], { compression: { level: 9 } });
    expect(warnings().filter((each) => each.includes("no layer"))).toEqual([]);
  });

  for (const concurrency of [1, 2, 20])
    it(`ends with ${concurrency} requests at once`, async () => {
      const { host, lists } = await filled({ concurrency });
      await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
      expect((await indexAt(host, "oci:/out:1")).manifests).toHaveLength(2);
    });

  it("is ended by the signal, and leaves nothing", async () => {
    const controller = new AbortController();
    const { host, lists, events } = await filled({ signal: controller.signal });
    const report: typeof lists.report = (event) => {
      lists.report(event);
      if (event.type === "compress") controller.abort(new OciError("ABORTED", "enough"));
    };
    expect((await failureOf(pushList({ ...lists, report }, "app", ["oci:/out:1"], { compression: { format: "gzip" } }))).message).toBe("enough");
    expect(events.some(({ type }) => type === "compress")).toBe(true);
    expect([await host.files.status("/out"), await host.files.list("/tmp")]).toEqual([undefined, []]);
  });

  it("says of every event which format the layer becomes, as one may become two at once", async () => {
    const { lists, events } = await filled();
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const compressing = events.slice(
      0,
      events.findIndex(({ type }) => type === "copy"),
    );
    const told = compressing.flatMap((event) => (event.type === "warning" ? [] : [`${event.type} ${"format" in event ? event.format : ""}`]));
    expect(new Set(told)).toEqual(new Set(["compress gzip", "progress gzip", "compress-done gzip"]));
  });

  it("fails when what it made has become something else before it goes", async () => {
    const desk = openPress({ variables: { TMPDIR: "/spare" }, files: { "/spare/mine": "" } });
    await putLayered(desk.host, "oci:/src:1", { layers: [{ text: base }] });
    await createList(desk.lists, "app", { images: ["oci:/src:1"] });
    const { files } = desk.host;
    const damaging = {
      ...files,
      read: async (path: string, options?: ReadOptions) => (path.startsWith("/spare/") ? streamBytes(Uint8Array.of(1, 2, 3)) : files.read(path, options)),
    };
    const lists = { ...desk.lists, host: { ...desk.lists.host, files: damaging } };
    const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } }));
    expect([failure.code, failure.message]).toEqual(["MISMATCH", expect.stringContaining("compressed layer sha256:")]);
  });

  it("keeps what it makes in files nobody else reads, in TMPDIR", async () => {
    const desk = openPress({ variables: { TMPDIR: "/spare" }, files: { "/spare/mine": "" } });
    await putLayered(desk.host, "oci:/src:1", { layers: [{ text: base }] });
    await createList(desk.lists, "app", { images: ["oci:/src:1"] });
    const seen: string[][] = [];
    const report: typeof desk.lists.report = (event) => {
      if (event.type === "image") void desk.host.files.list("/spare").then((names) => seen.push([...names]));
    };
    await pushList({ ...desk.lists, report }, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    expect(seen).toEqual([[expect.stringMatching(/^\.ocidex-/), "mine"]]);
    expect(await desk.host.files.list("/spare")).toEqual(["mine"]);
  });
});

describe("pushList() of layers that are made, to where their image lies", () => {
  it("sends one again that got lost, when every blob is asked for, and says in a rehearsal that it would", async () => {
    const registry = await start();
    const { fetch } = await currentHost();
    const desk = openPress({ fetch, lists: { verifyTls: false } });
    await putLayered(desk.host, `docker://${registry.host}/app:amd64`, { layers: [{ text: base }] });
    await createList(desk.lists, "app", { images: [`docker://${registry.host}/app:amd64`] });
    const push = async (options: PushListOptions = {}) => {
      const lists = openLists(desk.host, { root: "/lists", verifyTls: false });
      return (await pushList(lists, "app", [`docker://${registry.host}/app:1`], { compression: { format: "gzip" }, ...options }))[0];
    };
    const { blobs } = registry.repository("app");
    const before = new Set(blobs.keys());
    await push();
    const [made, ...more] = [...blobs.keys()].filter((digest) => !before.has(digest));
    if (made === undefined) throw new Error("no layer");
    expect(more).toEqual([]);
    blobs.delete(made);
    await push();
    expect(blobs.has(made)).toBe(false);
    const planned = await push({ verifyBlobs: true, dryRun: true });
    expect(planned?.writes?.flatMap((each) => (each.write === "upload" ? [String(each.digest)] : []))).toEqual([made]);
    expect(blobs.has(made)).toBe(false);
    await push({ verifyBlobs: true });
    expect(blobs.has(made)).toBe(true);
  });
});

describe("pushList() of layers that are not what they should be", () => {
  const lie = `sha256:${"1".repeat(64)}` as const;
  const zipped = new TextEncoder().encode("\u001f\u008b this is no gzip");
  for (const [what, layers, diffIds, code, said] of [
    ["that do not hold what the config says", [{ text: base }], [lie], "MISMATCH", "without its compression: expected sha256:1111"],
    [
      "that are damaged",
      [{ text: base, mediaType: ociLayer, bytes: Uint8Array.of(0x1f, 0x8b, ...zipped) }],
      [lie],
      "INVALID",
      "its gzip data is damaged or cut off",
    ],
    ["that the config does not count", [{ text: base }], [lie, lie], "INVALID", "the image's config does not say what it holds without compression"],
    ["of which the config says nothing", [{ text: base }], [], "INVALID", "the image's config does not say what it holds without compression"],
  ] as const)
    it(`refuses layers ${what} in one sentence, and leaves nothing`, async () => {
      const { host, lists } = openPress();
      await putLayered(host, "oci:/src:1", { layers, diffIds });
      await createList(lists, "app", { images: ["oci:/src:1"] });
      const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } }));
      expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
      expect(failure.message).not.toContain("\n");
      expect(((await host.files.status("/tmp")) && (await host.files.list("/tmp"))) ?? []).toEqual([]);
    });
});
