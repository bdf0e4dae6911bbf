import { describe, expect, it } from "bun:test";
import { createList, pushList } from "../../src/core/list/mod.ts";
import { openPress, putLayered } from "../helper/layers.ts";
import { entryOf, fillSource, indexAt, openDesk, putImage, putIndex } from "../helper/lists.ts";

describe("findStaleSubjects()", () => {
  it("names entries whose subject gets new layers, and leaves them", async () => {
    const { host, lists, warnings } = openPress();
    const amd64 = await putLayered(host, "oci:/src:amd64", { layers: [{ text: "base" }] });
    const sbom = await putImage(host, "oci:/src:sbom", { artifactType: "application/x", subject: amd64.descriptor });
    const other = await putImage(host, "oci:/src:other", { artifactType: "application/x", subject: sbom.descriptor });
    await putIndex(host, "oci:/src:all", { manifests: [entryOf(amd64, "linux/amd64"), entryOf(sbom), entryOf(other)] });
    await pushList(lists, "oci:/src:all", ["oci:/out:1"], { compression: { format: "gzip" } });
    const said = warnings().filter((message) => message.startsWith("entries refer"));
    expect(said).toEqual([
      `entries refer to images with new digests, as their subjects, by the old ones still: ${sbom.descriptor.digest} to ${amd64.descriptor.digest}`,
    ]);
    expect((await indexAt(host, "oci:/out:1")).manifests.slice(1)).toEqual([entryOf(sbom), entryOf(other)]);
  });

  it("names entries whose subject is a converted image, and leaves them", async () => {
    const { host, lists, warnings } = openDesk();
    const { docker } = await fillSource(host);
    const sbom = await putImage(host, "oci:/src:sbom", { artifactType: "application/x", subject: docker.descriptor });
    await createList(lists, "app", { images: ["oci:/src:docker", "oci:/src:sbom"] });
    await pushList(lists, "app", ["dir:/out"], { format: "oci" });
    expect((await indexAt(host, "dir:/out")).manifests[1]?.digest).toBe(sbom.descriptor.digest);
    expect(warnings()).toContain(
      `entries refer to images with new digests, as their subjects, by the old ones still: ${sbom.descriptor.digest} to ${docker.descriptor.digest}`,
    );
  });

  it("says nothing where no digest changes", async () => {
    const { host, lists, warnings } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: "base", compression: "gzip" }] });
    const sbom = await putImage(host, "oci:/src:sbom", { artifactType: "application/x", subject: image.descriptor });
    await putIndex(host, "oci:/src:all", { manifests: [entryOf(image, "linux/amd64"), entryOf(sbom)] });
    await pushList(lists, "oci:/src:all", ["oci:/out:1"], { compression: { format: "gzip" } });
    expect(warnings()).toEqual([]);
  });
});
