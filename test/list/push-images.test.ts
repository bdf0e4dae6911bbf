import { describe, expect, it } from "bun:test";
import { addArtifactToList, createList, pushList } from "../../src/core/list/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { openPress, putLayered, wordsOf } from "../helper/layers.ts";
import { entryOf, failureOf, indexAt, putIndex } from "../helper/lists.ts";

const { ociLayerGzip } = mediaTypes;
const [base, other] = [wordsOf(2000, 1), wordsOf(500, 3)];

/** A list of two images whose layers are plain. */
async function filled() {
  const desk = openPress();
  const amd64 = await putLayered(desk.host, "oci:/src:amd64", { layers: [{ text: base }] });
  const arm64 = await putLayered(desk.host, "oci:/src:arm64", { platform: "linux/arm64", layers: [{ text: other }] });
  await createList(desk.lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
  return { ...desk, amd64, arm64 };
}

function digestOf({ descriptor }: ManifestDocument): string {
  return descriptor.digest;
}

describe("readImages() for compression", () => {
  it("leaves an artifact whose config has an image's type and holds something else", async () => {
    const { host, lists } = await filled();
    for (const [name, text] of [
      ["/config.yaml", "a: b"],
      ["/config.json", "[]"],
      ["/large.json", " ".repeat((4 << 20) + 1)],
      ["/notes.txt", "notes"],
    ] as const)
      await (await host.files.create(name)).write(new TextEncoder().encode(text));
    for (const [config, layerType] of [
      ["/config.yaml", "text/plain"],
      ["/config.yaml", ociLayerGzip],
      ["/config.json", ociLayerGzip],
      ["/large.json", ociLayerGzip],
    ] as const)
      await addArtifactToList(lists, "app", ["/notes.txt"], { artifact: { config, layerType } });
    await pushList(lists, "app", ["oci:/plain:1"]);
    await pushList(lists, "app", ["oci:/out:1"], { compression: { format: "gzip" } });
    const [plain, compressed] = [await indexAt(host, "oci:/plain:1"), await indexAt(host, "oci:/out:1")];
    expect(compressed.manifests.slice(2)).toEqual(plain.manifests.slice(2));
    expect(plain.manifests).toHaveLength(6);
  });

  it("reads no config of what has no layer that could be compressed", async () => {
    const { host, lists } = openPress();
    const image = await putLayered(host, "oci:/src:1", { layers: [{ text: base, mediaType: "text/plain" }] });
    await putIndex(host, "oci:/src:multi", { manifests: [entryOf(image, "linux/amd64")] });
    const [plain] = await pushList(lists, "oci:/src:multi", ["oci:/out:1"]);
    const { config } = image.value as { readonly config: Descriptor };
    await host.files.remove(`/src/blobs/sha256/${config.digest.slice(7)}`);
    expect(await pushList(lists, "oci:/src:multi", ["oci:/out:2"], { compression: { format: "gzip" } })).toMatchObject([{ digest: plain?.digest }]);
  });

  it("leaves an index that the list has as an entry, and says so", async () => {
    const { host, lists, amd64, arm64, warnings } = await filled();
    const nested = await putIndex(host, "oci:/src:nested", { manifests: [entryOf(amd64, "linux/amd64")] });
    await putIndex(host, "oci:/src:outer", { manifests: [entryOf(arm64, "linux/arm64"), entryOf(nested), entryOf(nested)] });
    await pushList(lists, "oci:/src:outer", ["oci:/out:1"], { compression: { format: "gzip" } });
    const [changed, ...left] = (await indexAt(host, "oci:/out:1")).manifests;
    expect([changed?.digest !== digestOf(arm64), left]).toEqual([true, [entryOf(nested), entryOf(nested)]]);
    expect(warnings()[0]).toBe(`indexes in the list stay as they are, the layers of their images with them: ${digestOf(nested)}`);
    expect((await failureOf(pushList(lists, "oci:/src:outer", ["oci:/out:2"], { compression: { format: "gzip" }, format: "oci" }))).message).toBe(
      `Cannot convert ${digestOf(nested)} to oci: its type is "${mediaTypes.ociIndex}"`,
    );
  });
});
