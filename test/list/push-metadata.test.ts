import { describe, expect, it } from "bun:test";
import { createList, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, fillSource, openDesk, readText } from "../helper/lists.ts";
import { startRegistry } from "../helper/registry.ts";

async function filled() {
  const { fetch } = await currentHost();
  const desk = openDesk({ fetch, lists: { verifyTls: false } });
  const source = await fillSource(desk.host);
  const created = await createList(desk.lists, "app", { images: ["oci:/src:amd64"], annotations: { title: "app" } });
  return { ...desk, ...source, created };
}

describe("the metadata file of pushList()", () => {
  it("says digest, descriptor and names as buildx does, and destinations and entries", async () => {
    const registry = await startRegistry();
    try {
      const { host, lists, created, amd64 } = await filled();
      const { digest, size, mediaType } = created;
      await pushList(lists, "app", [`docker://${registry.host}/app:1`, "oci:/out:1"], { tags: ["latest"], metadataFile: "/metadata.json" });
      expect(JSON.parse(await readText(host, "/metadata.json"))).toEqual({
        "containerimage.descriptor": { mediaType, digest, size },
        "containerimage.digest": digest,
        "image.name": `${registry.host}/app:1,${registry.host}/app:latest`,
        destinations: [`docker://${registry.host}/app:1`, `docker://${registry.host}/app:latest`, "oci:/out:1", "oci:/out:latest"],
        entries: [{ ...amd64.descriptor, platform: { os: "linux", architecture: "amd64" } }],
      });
    } finally {
      await registry.stop();
    }
  });

  it("names no image where no registry is a destination", async () => {
    const { host, lists } = await filled();
    await pushList(lists, "app", ["dir:/out"], { metadataFile: "/metadata.json" });
    expect(JSON.parse(await readText(host, "/metadata.json"))).not.toHaveProperty("image.name");
  });

  it("is written after success only, whole or not at all", async () => {
    const { host, lists } = await filled();
    await failureOf(pushList(lists, "app", ["oci:/out:1", "tarball:x"], { metadataFile: "/metadata.json" }));
    expect(await host.files.status("/metadata.json")).toBeUndefined();
    await failureOf(pushList(lists, "app", ["oci:/out:1"], { metadataFile: "/none/metadata.json" }));
    expect(await host.files.status("/none")).toBeUndefined();
  });
});
