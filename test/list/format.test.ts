import { describe, expect, it } from "bun:test";
import { addToList, annotateList, annotateListEntries, createList, parseFormat, pushList } from "../../src/core/list/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { failureOf, fillSource, indexAt, indexOfList, openDesk, putImage, readAt } from "../helper/lists.ts";

const { ociIndex, dockerList, ociManifest, dockerManifest } = mediaTypes;

describe("parseFormat()", () => {
  it("takes oci, v2s2 and its synonym docker", () => {
    expect(["oci", "v2s2", "docker"].map((text) => parseFormat(text, "--format"))).toEqual(["oci", "v2s2", "v2s2"]);
  });

  it("names the good formats and where the bad one came from", () => {
    expect(() => parseFormat("OCI", "OCIDEX_FORMAT")).toThrow('Cannot use format "OCI" from OCIDEX_FORMAT: expected oci, v2s2 or docker');
  });
});

describe("createList()", () => {
  it("makes an OCI image index from its first moment", async () => {
    const { lists } = openDesk();
    expect((await createList(lists, "app")).mediaType).toBe(ociIndex);
    expect((await indexOfList(lists, "app")).mediaType).toBe(ociIndex);
  });

  it("makes a docker manifest list when told so", async () => {
    const { lists } = openDesk();
    expect((await createList(lists, "app", { format: "v2s2" })).mediaType).toBe(dockerList);
  });

  it("keeps a docker list docker as long as everything fits in", async () => {
    const { host, lists, warnings } = openDesk();
    await fillSource(host);
    const { mediaType } = await createList(lists, "app", { format: "v2s2", images: ["oci:/src:amd64", "oci:/src:docker"] });
    expect(mediaType).toBe(dockerList);
    expect(warnings()).toEqual([]);
  });

  it("drops what was typed with a format that cannot hold it, and lists it", async () => {
    const { lists, warnings } = openDesk();
    const { mediaType } = await createList(lists, "app", { format: "v2s2", annotations: { title: "app" } });
    expect(mediaType).toBe(dockerList);
    expect(warnings()).toEqual([`the list "app" becomes ${dockerList} as asked for and loses annotation title="app" of the index`]);
  });

  it("lets annotations win over a format that nobody typed", async () => {
    const { lists, warnings } = openDesk();
    const { mediaType } = await createList(lists, "app", { defaultFormat: () => "v2s2", annotations: { title: "app" } });
    expect(mediaType).toBe(ociIndex);
    expect(warnings().join()).toContain("becomes an OCI image index");
  });

  it("acts on a format nobody typed only when the list is new", async () => {
    const { lists } = openDesk();
    await createList(lists, "app");
    expect((await createList(lists, "app", { amend: true, defaultFormat: () => "v2s2" })).mediaType).toBe(ociIndex);
    expect((await createList(lists, "app", { amend: true, format: "v2s2" })).mediaType).toBe(dockerList);
  });

  it("copies the docker-only features of a docker list's entries, and keeps them in the record of an OCI list", async () => {
    const { host, lists, warnings } = openDesk();
    const { amd64 } = await fillSource(host);
    await createList(lists, "docker", { format: "v2s2" });
    await addToList(lists, "docker", ["oci:/src:amd64"], { features: ["sse4"] });
    await createList(lists, "app", { images: ["docker"] });
    expect(warnings()).toEqual([`an OCI image index cannot hold features "sse4" of ${amd64.descriptor.digest}; the list's record keeps it for a push as v2s2`]);
    expect((await lists.store.find("app"))?.features).toEqual({ [`${amd64.descriptor.digest} linux/amd64`]: ["sse4"] });
  });
});

describe("an edit that a docker list cannot hold", () => {
  const edits: Readonly<Record<string, (desk: ReturnType<typeof openDesk>) => Promise<{ readonly mediaType: string }>>> = {
    "index annotation": ({ lists }) => annotateList(lists, "app", { annotations: { title: "app" } }),
    "entry annotation": ({ lists }) => annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { title: "app" } }),
    "entry annotation of add": ({ lists }) => addToList(lists, "app", ["oci:/src:arm64"], { annotations: { title: "app" } }),
    subject: ({ lists }) => annotateList(lists, "app", { subject: "oci:/src:arm64" }),
    "artifactType of the index": ({ lists }) => annotateList(lists, "app", { artifactType: "application/x" }),
    "artifactType of an entry": ({ lists }) => annotateListEntries(lists, "app", ["linux/amd64"], { artifactType: "application/x" }),
    "data of an entry": ({ lists }) => addToList(lists, "app", ["@/data.json"]),
  };
  const data = JSON.stringify({ mediaType: ociManifest, digest: `sha256:${"a".repeat(64)}`, size: 2, data: "e30=" });

  for (const [name, edit] of Object.entries(edits)) {
    it(`turns it into an OCI index and says so: ${name}`, async () => {
      const desk = openDesk({ files: { "/data.json": data } });
      await fillSource(desk.host);
      await createList(desk.lists, "app", { format: "v2s2", images: ["oci:/src:amd64"] });
      expect(desk.warnings()).toEqual([]);
      expect((await edit(desk)).mediaType).toBe(ociIndex);
      const said = desk.warnings();
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('the list "app" becomes an OCI image index, as a docker manifest list cannot hold ');
    });
  }

  it("says it once, and not again at the next edit", async () => {
    const { lists, warnings } = openDesk();
    await createList(lists, "app", { format: "v2s2" });
    await annotateList(lists, "app", { annotations: { title: "app" } });
    expect(warnings()).toHaveLength(1);
    await annotateList(lists, "app", { annotations: { title: "other" } });
    expect(warnings()).toEqual([]);
  });
});

describe("a format typed on the command line", () => {
  it("converts the list at add and annotate, lists what goes, and succeeds", async () => {
    const { host, lists, warnings } = openDesk();
    await fillSource(host);
    await createList(lists, "app", { annotations: { title: "app" } });
    expect((await addToList(lists, "app", ["oci:/src:amd64"], { format: "v2s2" })).mediaType).toBe(dockerList);
    expect(warnings().join()).toContain('loses annotation title="app" of the index');
    expect((await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: "b" } }, { format: "v2s2" })).mediaType).toBe(dockerList);
    expect(warnings().join()).toContain('annotation a="b" of');
    expect((await annotateList(lists, "app", {}, { format: "oci" })).mediaType).toBe(ociIndex);
    expect(warnings()).toEqual([]);
  });
});

describe("a list at a location", () => {
  async function dockerAt(location: string) {
    const desk = openDesk();
    const source = await fillSource(desk.host);
    await createList(desk.lists, location, { format: "v2s2", images: ["oci:/src:amd64"] });
    await annotateListEntries(desk.lists, location, ["linux/amd64"], { platform: { features: ["sse4"] } });
    return { ...desk, ...source };
  }

  it("holds features in a docker list", async () => {
    const { host, warnings } = await dockerAt("oci:/list:1");
    expect((await indexAt(host, "oci:/list:1")).manifests[0]?.platform?.features).toEqual(["sse4"]);
    expect(warnings()).toEqual([]);
  });

  it("has no record, so an edit that would lose features is refused with the list of what would go", async () => {
    const { host, lists, amd64 } = await dockerAt("oci:/list:1");
    const before = await readAt(host, "oci:/list:1");
    const failure = await failureOf(annotateList(lists, "oci:/list:1", { annotations: { title: "app" } }));
    expect(failure.code).toBe("LOSS");
    expect(failure.message).toContain(`an OCI image index cannot hold features "sse4" of ${amd64.descriptor.digest}`);
    expect((await readAt(host, "oci:/list:1")).bytes).toEqual(before.bytes);
  });

  it("refuses features for an OCI index likewise", async () => {
    const { host, lists } = openDesk();
    await fillSource(host);
    await createList(lists, "oci:/list:1");
    expect((await failureOf(addToList(lists, "oci:/list:1", ["oci:/src:amd64"], { features: ["sse4"] }))).code).toBe("LOSS");
    expect((await indexAt(host, "oci:/list:1")).manifests).toEqual([]);
  });

  it("loses them when the format was typed, and lists them", async () => {
    const { host, lists, warnings, amd64 } = await dockerAt("oci:/list:1");
    const { mediaType } = await annotateList(lists, "oci:/list:1", { annotations: { title: "app" } }, { format: "oci" });
    expect(mediaType).toBe(ociIndex);
    expect(warnings()).toEqual([`the list "oci:/list:1" becomes ${ociIndex} as asked for and loses features "sse4" of ${amd64.descriptor.digest}`]);
    expect((await indexAt(host, "oci:/list:1")).manifests[0]?.platform).toEqual({ architecture: "amd64", os: "linux" });
  });

  it("becomes an OCI index for an edit that loses nothing, and says so", async () => {
    const { host, lists, warnings } = openDesk();
    await createList(lists, "oci:/list:1", { format: "v2s2" });
    await annotateList(lists, "oci:/list:1", { annotations: { title: "app" } });
    expect((await indexAt(host, "oci:/list:1")).mediaType).toBe(ociIndex);
    expect(warnings()).toEqual([expect.stringContaining('the list "oci:/list:1" becomes an OCI image index')]);
  });
});

describe("pushList() with a format", () => {
  async function mixed() {
    const desk = openDesk();
    const source = await fillSource(desk.host);
    await createList(desk.lists, "app", { images: ["oci:/src:amd64", "oci:/src:docker"], annotations: { title: "app" } });
    desk.warnings();
    return { ...desk, ...source };
  }

  it("converts the list and its images to OCI, and lists the new digests", async () => {
    const { host, lists, warnings, amd64, docker } = await mixed();
    await pushList(lists, "app", ["dir:/out"], { format: "oci" });
    const index = await indexAt(host, "dir:/out");
    expect(index.mediaType).toBe(ociIndex);
    expect(index.manifests.map(({ mediaType }) => mediaType)).toEqual([ociManifest, ociManifest]);
    expect(index.manifests[0]?.digest).toBe(amd64.descriptor.digest);
    expect(index.manifests[1]?.digest).not.toBe(docker.descriptor.digest);
    expect(index.manifests[1]?.platform).toEqual({ architecture: "s390x", os: "linux" });
    expect(warnings()).toEqual([`the push as oci gives images new digests: ${docker.descriptor.digest} becomes ${index.manifests[1]?.digest}`]);
  });

  it("keeps the bytes of configs, and changes media types only", async () => {
    const { host, lists, docker } = await mixed();
    await pushList(lists, "app", ["oci:/out:1"], { format: "oci" });
    const entry = (await indexAt(host, "oci:/out:1")).manifests[1];
    if (!entry || !("config" in docker.value)) throw new Error("no image");
    const written = JSON.parse(new TextDecoder().decode(await host.files.readFile(`/out/blobs/sha256/${entry.digest.slice(7)}`, 1 << 20)));
    expect(written).toEqual({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { ...docker.value.config, mediaType: mediaTypes.ociConfig },
      layers: docker.value.layers.map((layer) => ({ ...layer, mediaType: mediaTypes.ociLayerGzip })),
    });
    const config = `blobs/sha256/${docker.value.config.digest.slice(7)}`;
    expect(await host.files.readFile(`/out/${config}`, 1 << 20)).toEqual(await host.files.readFile(`/src/${config}`, 1 << 20));
  });

  it("converts them to docker, and lists the annotations that go", async () => {
    const { host, lists, warnings, amd64, docker } = await mixed();
    const [result] = await pushList(lists, "app", ["dir:/out"], { format: "v2s2" });
    const index = await indexAt(host, "dir:/out");
    expect(index.mediaType).toBe(dockerList);
    expect(index.manifests.map(({ mediaType }) => mediaType)).toEqual([dockerManifest, dockerManifest]);
    expect(index.manifests[1]?.digest).toBe(docker.descriptor.digest);
    const said = warnings().join("\n");
    expect(said).toContain(`${amd64.descriptor.digest} becomes ${index.manifests[0]?.digest}`);
    expect(said).toContain('the push as v2s2 loses annotation title="app" of the index');
    expect(result?.entries).toEqual(index.manifests.map(({ digest }) => digest));
    expect(result?.mediaType).toBe(dockerList);
  });

  it("leaves the local list as it is", async () => {
    const { lists } = await mixed();
    const before = await indexOfList(lists, "app");
    await pushList(lists, "app", ["dir:/out"], { format: "v2s2" });
    expect(await indexOfList(lists, "app")).toEqual(before);
  });

  it("re-points attestations to converted images, with a warning that their statements name the old digest", async () => {
    const { host, lists, warnings } = openDesk();
    const source = await fillSource(host);
    const note = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": source.docker.descriptor.digest };
    const { mediaType, digest, size } = source.attestation.descriptor;
    await host.files.makeDirectory("/files");
    await (await host.files.create("/files/a.json")).write(new TextEncoder().encode(JSON.stringify({ mediaType, digest, size, annotations: note })));
    await createList(lists, "app", { images: ["oci:/src:docker", "oci:/src:attestation"] });
    await addToList(lists, "app", ["@/files/a.json"]);
    await annotateListEntries(lists, "app", [digest], { annotations: note });
    warnings();
    await pushList(lists, "app", ["dir:/out"], { format: "oci" });
    const [image, attestation] = (await indexAt(host, "dir:/out")).manifests;
    expect(image?.digest).not.toBe(source.docker.descriptor.digest);
    expect(attestation?.digest).toBe(digest);
    expect(attestation?.annotations?.["vnd.docker.reference.digest"]).toBe(image?.digest ?? "");
    expect(warnings().join("\n")).toContain("the attestations of images with new digests point to those now, their statements still name the old ones");
  });

  it("leaves attestations out as v2s2, and lists them", async () => {
    const { host, lists, warnings } = openDesk();
    const { attestation } = await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    await pushList(lists, "app", ["dir:/out"], { format: "v2s2" });
    expect((await indexAt(host, "dir:/out")).manifests).toHaveLength(2);
    expect(warnings().join("\n")).toContain(`leaves out the attestation ${attestation.descriptor.digest}`);
  });

  it("refuses an artifact, which docker has no type for, and writes nothing", async () => {
    const { host, lists } = await mixed();
    await putImage(host, "oci:/src:artifact", { artifactType: "application/x" });
    await addToList(lists, "app", ["oci:/src:artifact"]);
    expect((await failureOf(pushList(lists, "app", ["dir:/out"], { format: "v2s2" }))).code).toBe("UNSUPPORTED");
    expect(await host.files.status("/out")).toBeUndefined();
  });
});

describe("pushList() without a format", () => {
  it("keeps bytes and digests, with one warning when the index mixes docker and OCI images", async () => {
    const { host, lists, warnings } = openDesk();
    const { amd64, arm64, docker } = await fillSource(host);
    const { digest } = await createList(lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64", "oci:/src:docker"] });
    const [pushed] = await pushList(lists, "app", ["dir:/out"]);
    expect(pushed?.digest).toBe(digest);
    expect((await indexAt(host, "dir:/out")).manifests.map((entry) => entry.digest)).toEqual([amd64, arm64, docker].map(({ descriptor }) => descriptor.digest));
    expect(warnings()).toEqual(["the list mixes 1 docker and 2 OCI images, which some registries refuse; --format makes them one kind"]);
    for (const image of [amd64, arm64, docker])
      expect(await host.files.readFile(`/out/${image.descriptor.digest.slice(7)}.manifest.json`, 1 << 20)).toEqual(image.bytes);
  });

  it("says nothing of an index of one kind", async () => {
    const { host, lists, warnings } = openDesk();
    await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    await pushList(lists, "app", ["dir:/out"]);
    expect(warnings()).toEqual([]);
  });
});
