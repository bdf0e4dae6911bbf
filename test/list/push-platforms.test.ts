import { describe, expect, it } from "bun:test";
import { createList, pushList } from "../../src/core/list/mod.ts";
import { parsePlatform } from "../../src/core/spec/mod.ts";
import { failureOf, fillSource, indexAt, openDesk, putIndexBytes, readAt } from "../helper/lists.ts";

async function filled() {
  const desk = openDesk();
  const source = await fillSource(desk.host);
  const created = await createList(desk.lists, "app", { images: ["oci:/src:multi"], all: true, annotations: { title: "app" } });
  return { ...desk, ...source, created };
}

const only = (...platforms: readonly string[]) => ({ platforms: platforms.map(parsePlatform) });

describe("pushList() with platforms", () => {
  it("pushes an index of their images with their attestations, and nothing else of the images", async () => {
    const { host, lists, created, amd64, arm64, attestation } = await filled();
    const [result] = await pushList(lists, "app", ["oci:/out:1"], only("linux/amd64"));
    const index = await indexAt(host, "oci:/out:1");
    expect(index.manifests.map(({ digest }) => digest)).toEqual([amd64, attestation].map(({ descriptor }) => descriptor.digest));
    expect(index.annotations).toEqual({ title: "app" });
    expect(index.manifests[0]?.annotations).toEqual({ from: "source" });
    expect([result?.digest, result?.images]).toEqual([(await readAt(host, "oci:/out:1")).descriptor.digest, 2]);
    expect(result?.digest).not.toBe(created.digest);
    expect(await host.files.list("/out/blobs/sha256")).not.toContain(arm64.descriptor.digest.slice(7));
  });

  it("says what is left out", async () => {
    const { lists, warnings, amd64, attestation } = await filled();
    await pushList(lists, "app", ["oci:/out:1"], only("linux/arm64"));
    const [image, statement] = [amd64.descriptor.digest, attestation.descriptor.digest];
    expect(warnings()).toEqual([`the push leaves out ${image} (linux/amd64), ${statement} (attestation of ${image})`]);
  });

  it("leaves bytes and digest as they are where nothing is left out", async () => {
    const { lists, warnings, created } = await filled();
    const [result] = await pushList(lists, "app", ["oci:/out:1"], only("linux/amd64", "linux/arm64/v8"));
    expect([result?.digest, warnings()]).toEqual([created.digest, []]);
  });

  it("refuses a platform that no image has, and lists those there are", async () => {
    const { host, lists } = await filled();
    const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], only("linux/amd64", "linux/s390x")));
    expect([failure.code, failure.message]).toEqual([
      "NOT_FOUND",
      'Cannot push "app" for linux/s390x: none of its images is for that platform, it has linux/amd64, linux/arm64/v8',
    ]);
    expect(await host.files.status("/out")).toBeUndefined();
  });

  it("goes together with a format", async () => {
    const { host, lists } = await filled();
    await pushList(lists, "app", ["dir:/out"], { ...only("linux/arm64"), format: "v2s2" });
    const index = await indexAt(host, "dir:/out");
    expect([index.mediaType, index.manifests.length]).toEqual(["application/vnd.docker.distribution.manifest.list.v2+json", 1]);
  });

  it("works on a list at a location, unless that cannot be edited without loss", async () => {
    const { host, lists, amd64, arm64 } = await filled();
    await pushList(lists, "oci:/src:multi", ["oci:/out:1"], only("linux/arm64"));
    expect((await indexAt(host, "oci:/out:1")).manifests).toHaveLength(1);
    const entry = (platform: string, { digest, size, mediaType }: typeof amd64.descriptor) =>
      JSON.stringify({ mediaType, digest, size, platform: { os: "linux", architecture: platform } });
    const entries = `[${entry("amd64", amd64.descriptor)},${entry("arm64", arm64.descriptor)}]`;
    await putIndexBytes(host, "oci:/src:odd", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","a":1,"a":2,"manifests":${entries}}`);
    expect((await failureOf(pushList(lists, "oci:/src:odd", ["oci:/out:2"], only("linux/arm64")))).code).toBe("LOSS");
    const [whole] = await pushList(lists, "oci:/src:odd", ["oci:/out:2"]);
    expect(whole?.digest).toBe((await readAt(host, "oci:/src:odd")).descriptor.digest);
  });

  it("keeps the features of a docker list that stay", async () => {
    const { host, lists } = await filled();
    const { addToList } = await import("../../src/core/list/mod.ts");
    await createList(lists, "docker", { format: "v2s2" });
    await addToList(lists, "docker", ["oci:/src:amd64"], { features: ["sse4"] });
    await addToList(lists, "docker", ["oci:/src:arm64"]);
    await pushList(lists, "docker", ["dir:/out"], only("linux/amd64"));
    expect((await indexAt(host, "dir:/out")).manifests.map(({ platform }) => platform?.features)).toEqual([["sse4"]]);
  });
});
