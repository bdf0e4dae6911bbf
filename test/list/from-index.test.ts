import { describe, expect, it } from "bun:test";
import { addToList, createList, pushList } from "../../src/core/list/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes, parsePlatform } from "../../src/core/spec/mod.ts";
import {
  attestationOf,
  entryIn,
  entryOf,
  failureOf,
  fillSource,
  indexAt,
  indexOfList,
  openDesk,
  openStage,
  putImage,
  putIndex,
  putIndexBytes,
  stages,
  treeOf,
} from "../helper/lists.ts";

const linux = (architecture: string) => ({ platforms: [parsePlatform(`linux/${architecture}`)] });
const digestsOf = (...images: readonly ManifestDocument[]) => images.map(({ descriptor }) => descriptor.digest);

/** A list `app`, and the index `outer`: riscv64, and the index `multi` two levels down. */
async function open(files: Readonly<Record<string, string>> = {}) {
  const desk = openDesk({ files, environment: { architecture: "arm64" } });
  const source = await fillSource(desk.host);
  const middle = await putIndex(desk.host, "oci:/src:middle", { manifests: [entryOf(source.multi)] });
  const outer = await putIndex(desk.host, "oci:/src:outer", { manifests: [entryOf(source.riscv64, "linux/riscv64"), entryOf(middle)] });
  await createList(desk.lists, "app");
  const digests = async (name = "app") => (await indexOfList(desk.lists, name)).manifests.map(({ digest }) => digest);
  return { ...desk, ...source, middle, outer, digests };
}

describe("an index in an index", () => {
  it("is looked through for the platforms named, whose attestations come along", async () => {
    const { lists, digests, amd64, riscv64, attestation } = await open();
    await addToList(lists, "app", ["oci:/src:outer"], { platforms: ["linux/amd64", "linux/riscv64"].map(parsePlatform), all: true });
    expect(await digests()).toEqual(digestsOf(riscv64, amd64, attestation));
    await createList(lists, "bare", { images: ["oci:/src:outer"], ...linux("amd64"), attestations: false });
    expect(await digests("bare")).toEqual(digestsOf(amd64));
  });

  it("is looked through for the instance of os and architecture, or of this machine", async () => {
    const { lists, digests, amd64, arm64, attestation } = await open();
    await addToList(lists, "app", ["oci:/src:outer"]);
    await addToList(lists, "app", ["oci:/src:outer"], { architecture: "amd64" });
    await addToList(lists, "app", ["oci:/src:outer=linux/amd64"]);
    expect(await digests()).toEqual(digestsOf(arm64, amd64, attestation));
  });

  it("gives its only image whatever it runs on", async () => {
    const { host, lists, digests, riscv64 } = await open();
    const only = await putIndex(host, "oci:/src:only", { manifests: [entryOf(riscv64, "linux/riscv64")] });
    await putIndex(host, "oci:/src:around", { manifests: [entryOf(only)] });
    await addToList(lists, "app", ["oci:/src:around"]);
    expect(await digests()).toEqual(digestsOf(riscv64));
  });

  it("is named among what there is where a platform is missing", async () => {
    const { lists } = await open();
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:outer"], linux("s390x")));
    expect(failure.message).toBe('Cannot take "oci:/src:outer": no image found in it for linux/s390x, it has linux/riscv64, linux/amd64, linux/arm64/v8');
  });

  it("stays whole with all, which is said, and push brings everything in it", async () => {
    const { host, lists, warnings, digests, riscv64, middle, multi } = await open();
    await addToList(lists, "app", ["oci:/src:outer"], { all: true, attestations: false });
    expect(await digests()).toEqual(digestsOf(riscv64, middle));
    expect(warnings()).toEqual([
      `the index ${middle.descriptor.digest} in "oci:/src:outer" stays whole, where buildah and podman look for no image; --platform takes images out`,
    ]);
    await pushList(lists, "app", ["oci:/out:1"]);
    const there = await host.files.list("/out/blobs/sha256");
    for (const { digest } of [multi.descriptor, ...(await indexAt(host, "oci:/src:multi")).manifests]) expect(there).toContain(digest.slice(7));
  });

  it("is counted where there are several", async () => {
    const { host, lists, warnings, middle, multi } = await open();
    await putIndex(host, "oci:/src:both", { manifests: [entryOf(middle), entryOf(multi)] });
    await addToList(lists, "app", ["oci:/src:both"], { all: true });
    expect(warnings()).toEqual([expect.stringContaining(`the indexes ${middle.descriptor.digest} and 1 more in "oci:/src:both" stay whole`)]);
  });

  it("that is not there or could be read in two ways is an error that leaves the list as it was", async () => {
    const { host, lists, digests, middle, amd64 } = await open();
    const { mediaType, digest, size } = amd64.descriptor;
    const odd = await putIndexBytes(
      host,
      "oci:/src:odd",
      `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType":"${mediaType}","digest":"${digest}","Digest":"x","size":${size}}]}`,
    );
    await putIndex(host, "oci:/src:around", { manifests: [entryOf(odd)] });
    expect((await failureOf(addToList(lists, "app", ["oci:/src:around"], linux("amd64")))).code).toBe("LOSS");
    await host.files.remove(`/src/blobs/sha256/${middle.descriptor.digest.slice(7)}`);
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:outer"], linux("riscv64")));
    expect([failure.code, failure.message]).toEqual(["NOT_FOUND", expect.stringContaining(middle.descriptor.digest)]);
    expect(await digests()).toEqual([]);
  });
});

describe("an index in a local list", () => {
  it("is looked through where the list says it lies, and its images are pinned there", async () => {
    const { host, lists, digests, amd64, attestation } = await open();
    await createList(lists, "nested", { images: ["oci:/src:outer"], all: true });
    await addToList(lists, "app", ["nested"], linux("amd64"));
    expect(await digests()).toEqual(digestsOf(amd64, attestation));
    expect((await lists.store.find("app"))?.sources).toEqual(
      Object.fromEntries(digestsOf(amd64, attestation).map((digest) => [digest, { location: "oci:/src" }])),
    );
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual(digestsOf(amd64, attestation));
  });

  it("of which nobody knows where it lies cannot be looked into, and goes along as it is", async () => {
    const given = entryOf((await open()).multi);
    const { lists, digests, multi } = await open({ "/d.json": JSON.stringify(given) });
    await createList(lists, "given", { images: ["@/d.json"] });
    await addToList(lists, "app", ["given"], { all: true });
    expect(await digests()).toEqual([given.digest]);
    const failure = await failureOf(addToList(lists, "app", ["given"], linux("amd64")));
    expect([failure.code, failure.message]).toEqual(["NOT_FOUND", `Cannot look into index "${multi.descriptor.digest}": the list does not say where it lies`]);
  });
});

for (const kind of stages) {
  describe(`an index in an index at ${kind}:`, () => {
    it("gives images that are pinned to it by digest, to a local list and to a list at a location", async () => {
      const { host, lists, other, close } = await openStage(kind);
      const image = await putImage(host, "oci:/src:image", { platform: "linux/amd64" });
      const inner = await putIndex(host, "oci:/src:inner", { manifests: [entryOf(image, "linux/amd64")] });
      await putIndex(host, "oci:/src:outer", { manifests: [entryOf(inner)] });
      await pushList(lists, "oci:/src:outer", [other("outer")]);
      await createList(lists, "app", { images: [other("outer")], ...linux("amd64") });
      const { digest } = image.descriptor;
      const pinned = kind === "docker" ? other("x").replace(":x", `@${digest}`) : other("x").replace(/:x$/, "");
      expect((await lists.store.find("app"))?.sources).toEqual({ [digest]: { location: pinned } });
      await createList(lists, "oci:/list:1", { images: [other("outer")], ...linux("amd64") });
      expect((await indexAt(host, "oci:/list:1")).manifests).toEqual([entryOf(image, "linux/amd64")]);
      expect(await treeOf(host, "/list/blobs")).toContain(`/list/blobs/sha256/${digest.slice(7)}`);
      await close();
    });
  });
}

describe("an entry of an index", () => {
  it("keeps urls, data, artifactType, annotations and what nobody knows, and an attestation of what is not there", async () => {
    const { host, lists, amd64, attestation, arm64 } = await open();
    const odd: Descriptor = entryOf(amd64, "linux/amd64", {
      urls: ["https://example.com/x"],
      data: "e30=",
      artifactType: "application/x",
      annotations: { a: "1" },
      unknown: [["x-unknown", '{"z":1.10}']],
    });
    const alone = attestationOf(attestation, arm64.descriptor.digest);
    await putIndex(host, "oci:/src:odd", { manifests: [odd, alone] });
    await addToList(lists, "app", ["oci:/src:odd"], { all: true });
    const index = await indexOfList(lists, "app");
    expect(entryIn(index, amd64)).toEqual(odd);
    expect(index.manifests).toEqual([odd, alone]);
    await createList(lists, "one", { images: ["oci:/src:odd"] });
    expect((await indexOfList(lists, "one")).manifests).toEqual([odd]);
  });

  it("that has no platform and is no image of one stays without", async () => {
    const { host, lists } = await open();
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x" });
    await putIndex(host, "oci:/src:bare", { manifests: [entryOf(artifact)] });
    await addToList(lists, "app", ["oci:/src:bare"], { all: true });
    expect((await indexOfList(lists, "app")).manifests).toEqual([entryOf(artifact)]);
  });
});
