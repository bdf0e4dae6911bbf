import { describe, expect, it } from "bun:test";
import { addToList, createList } from "../../src/core/list/mod.ts";
import { fillSource, openDesk, putImage } from "../helper/lists.ts";

async function open() {
  const desk = openDesk();
  const source = await fillSource(desk.host);
  const second = await putImage(desk.host, "oci:/src:second", { platform: "linux/amd64", layers: ["another"] });
  return { ...desk, ...source, second };
}

describe("a second image for a platform", () => {
  it("is told when it is added, with the digests, and once", async () => {
    const { lists, warnings, amd64, second } = await open();
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    expect(warnings()).toEqual([]);
    await addToList(lists, "app", ["oci:/src:second"]);
    const digests = [amd64, second].map(({ descriptor }) => descriptor.digest).join(", ");
    expect(warnings()).toEqual([`the list "app" has 2 images for linux/amd64, of which tools take one: ${digests}`]);
    await addToList(lists, "app", ["oci:/src:second", "oci:/src:arm64"]);
    expect(warnings()).toEqual([]);
  });

  it("is told at create", async () => {
    const { lists, warnings } = await open();
    await createList(lists, "app", { images: ["oci:/src:amd64", "oci:/src:second"] });
    expect(warnings()).toHaveLength(1);
  });

  it("is nothing to tell where it is compressed with zstd, or runs on another version", async () => {
    const { lists, warnings } = await open();
    await createList(lists, "zstd", { images: ["oci:/src:amd64"] });
    await addToList(lists, "zstd", ["oci:/src:second"], { annotations: { "io.github.containers.compression.zstd": "true" } });
    await createList(lists, "versions", { images: ["oci:/src:amd64"] });
    await addToList(lists, "versions", ["oci:/src:second"], { osVersion: "11" });
    expect(warnings()).toEqual([]);
  });
});
