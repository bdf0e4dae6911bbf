import { describe, expect, it } from "bun:test";
import { createIndex } from "../../src/core/index/mod.ts";
import { addToList, createList } from "../../src/core/list/mod.ts";
import { samePlatformWarnings } from "../../src/core/list/same-platform.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
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

  it("is told with no more than 20 digests, in time that grows with the entries", () => {
    const digestOf = (at: number) => `sha256:${at.toString(16).padStart(64, "0")}` as const;
    const platform = { os: "linux", architecture: "amd64" };
    const manifests = Array.from({ length: 20_000 }, (_, at) => ({ mediaType: mediaTypes.ociManifest, digest: digestOf(at), size: 1, platform }));
    const start = performance.now();
    const [warning = "", ...others] = samePlatformWarnings("app", createIndex(), createIndex({ manifests }));
    expect(performance.now() - start).toBeLessThan(1000);
    expect(others).toEqual([]);
    expect(warning.split("sha256:").length).toBe(21);
    expect(warning.startsWith('the list "app" has 20000 images for linux/amd64, of which tools take one: sha256:00')).toBe(true);
    expect(warning.endsWith(`${digestOf(19)} and 19980 more`)).toBe(true);
  });
});
