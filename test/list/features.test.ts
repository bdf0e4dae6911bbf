import { describe, expect, it } from "bun:test";
import { addToList, annotateList, annotateListEntries, createList, pushList, removeFromList } from "../../src/core/list/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { entryIn, fillSource, indexAt, indexOfList, openDesk } from "../helper/lists.ts";

const { dockerList } = mediaTypes;

describe("features", () => {
  async function withFeatures(desk = openDesk()) {
    const source = await fillSource(desk.host);
    await createList(desk.lists, "app", { format: "v2s2", images: ["oci:/src:amd64", "oci:/src:arm64"] });
    await annotateListEntries(desk.lists, "app", ["linux/amd64"], { platform: { features: ["sse4", "aes"] } });
    return { ...desk, ...source, loss: `features "sse4,aes" of ${source.amd64.descriptor.digest}` };
  }

  it("stand in a docker list and are no loss there", async () => {
    const { lists, warnings, amd64 } = await withFeatures();
    expect(warnings()).toEqual([]);
    expect(entryIn(await indexOfList(lists, "app"), amd64).platform?.features).toEqual(["sse4", "aes"]);
  });

  it("stay in the record when the list becomes OCI, and are named at that edit", async () => {
    const { lists, warnings, amd64, loss } = await withFeatures();
    await annotateList(lists, "app", { annotations: { title: "app" } });
    expect(warnings()).toEqual([
      expect.stringContaining("becomes an OCI image index"),
      `an OCI image index cannot hold ${loss}; the list's record keeps it for a push as v2s2`,
    ]);
    expect(entryIn(await indexOfList(lists, "app"), amd64).platform).toEqual({ architecture: "amd64", os: "linux" });
  });

  it("are named at every push that leaves them out", async () => {
    const { host, lists, warnings, amd64, loss } = await withFeatures();
    await annotateList(lists, "app", { annotations: { title: "app" } });
    warnings();
    for (const to of ["oci:/one:1", "oci:/two:1"]) {
      await pushList(lists, "app", [to]);
      expect(warnings()).toEqual([`an OCI image index cannot hold ${loss}; it is left out of this push, --format v2s2 writes it`]);
      expect(entryIn(await indexAt(host, to), amd64).platform?.features).toBeUndefined();
    }
  });

  it("are written when the list is pushed as v2s2", async () => {
    const { host, lists, warnings } = await withFeatures();
    await annotateList(lists, "app", { annotations: { title: "app" } });
    warnings();
    await pushList(lists, "app", ["dir:/out"], { format: "v2s2" });
    const index = await indexAt(host, "dir:/out");
    expect(index.mediaType).toBe(dockerList);
    expect(index.manifests.map(({ platform }) => platform?.features)).toEqual([["sse4", "aes"], undefined]);
    expect(warnings().join("\n")).not.toContain("features");
  });

  it("of an edit of an OCI list stay in the record likewise", async () => {
    const { host, lists, warnings } = openDesk();
    const { amd64 } = await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    await addToList(lists, "app", ["oci:/src:amd64"], { features: ["sse4"] });
    expect(warnings()).toEqual([`an OCI image index cannot hold features "sse4" of ${amd64.descriptor.digest}; the list's record keeps it for a push as v2s2`]);
    expect((await lists.store.find("app"))?.features).toEqual({ [`${amd64.descriptor.digest} linux/amd64`]: ["sse4"] });
  });

  for (const [how, change] of Object.entries({
    "an empty --features": { platform: { features: [] } },
    "--unset features": { unset: ["features"] },
    "--unset platform": { unset: ["platform"] },
  } as const)) {
    it(`leave the record by ${how}`, async () => {
      const { lists } = await withFeatures();
      await annotateList(lists, "app", { annotations: { title: "app" } });
      await annotateListEntries(lists, "app", ["linux/amd64"], change);
      expect((await lists.store.find("app"))?.features).toEqual({});
    });
  }

  it("of an image that stands in a list for several platforms are those of one of them", async () => {
    const desk = openDesk();
    const { lists, host } = desk;
    const { amd64 } = await fillSource(host);
    const { digest } = amd64.descriptor;
    await createList(lists, "app", { images: ["oci:/src:amd64=linux/amd64", "oci:/src:amd64=linux/386", "oci:/src:amd64=linux/riscv64"] });
    const featuresAt = async (to: string) => {
      await pushList(lists, "app", [to], { format: "v2s2" });
      return (await indexAt(host, to)).manifests.map(({ platform }) => platform?.features);
    };
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform: { features: ["sse4"] } });
    expect(await featuresAt("dir:/one")).toEqual([["sse4"], undefined, undefined]);
    desk.warnings();
    await pushList(lists, "app", ["dir:/two"]);
    expect(desk.warnings().join("\n").split("sse4").length).toBe(2);
    await annotateListEntries(lists, "app", ["linux/386"], { platform: { features: ["mmx"] } });
    await removeFromList(lists, "app", ["linux/amd64"]);
    expect((await lists.store.find("app"))?.features).toEqual({ [`${digest} linux/386`]: ["mmx"] });
    await annotateListEntries(lists, "app", ["linux/riscv64"], { unset: ["features"] });
    expect(await featuresAt("dir:/three")).toEqual([["mmx"], undefined]);
  });

  it("follow an entry whose platform changes, and are told of no more often than they come", async () => {
    const { lists, host, warnings } = openDesk();
    const { amd64 } = await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform: { features: ["sse4"] } });
    warnings();
    await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { title: "app" } });
    await annotateList(lists, "app", { annotations: { title: "app" } });
    await addToList(lists, "app", ["oci:/src:arm64"]);
    expect(warnings()).toEqual([]);
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform: { variant: "v3" } });
    expect((await lists.store.find("app"))?.features).toEqual({ [`${amd64.descriptor.digest} linux/amd64/v3`]: ["sse4"] });
    expect((await indexOfList(lists, "app")).manifests[0]?.platform).toEqual({ architecture: "amd64", os: "linux", variant: "v3" });
  });

  it("are named where --format oci leaves them out of a push", async () => {
    const { lists, host, warnings } = openDesk();
    const { amd64 } = await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform: { features: ["sse4"] } });
    warnings();
    await pushList(lists, "app", ["dir:/out"], { format: "oci" });
    expect(warnings()).toEqual([`the push as oci loses features "sse4" of ${amd64.descriptor.digest}`]);
  });

  it("come back into the list with --format v2s2", async () => {
    const { lists, warnings, amd64 } = await withFeatures();
    await annotateList(lists, "app", { annotations: { title: "app" } });
    warnings();
    await annotateList(lists, "app", {}, { format: "v2s2" });
    expect(entryIn(await indexOfList(lists, "app"), amd64).platform?.features).toEqual(["sse4", "aes"]);
    expect(warnings()).toEqual([`the list "app" becomes ${dockerList} as asked for and loses annotation title="app" of the index`]);
  });
});
