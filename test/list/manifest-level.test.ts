import { afterEach, describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { openDocument } from "../../src/core/content/mod.ts";
import { addToList, annotateList, annotateListEntries, createList, type EntryAnnotations, pushList } from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { type Descriptor, type ImageManifest, parseLocation, parsePlatform } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { attestationOf, entryOf, failureOf, fillSource, indexAt, indexOfList, openDesk, openStage, putIndex, type Stage, stages } from "../helper/lists.ts";
import { seedImage, seedIndex, startRegistry } from "../helper/registry.ts";

const level = (annotations: Readonly<Record<string, string>>, platform?: string): EntryAnnotations => ({
  annotations,
  ...(platform !== undefined && { platform: parsePlatform(platform) }),
});

async function filled() {
  const desk = openDesk();
  const source = await fillSource(desk.host);
  const created = await createList(desk.lists, "app", { images: ["oci:/src:multi"], all: true });
  return { ...desk, ...source, created, index: () => indexOfList(desk.lists, "app") };
}

/** Returns the image that an entry of the index at `location` points to. */
async function imageAt(host: Host, location: string, entry: Descriptor | undefined): Promise<ImageManifest> {
  const source = await openTransports(host, { verifyTls: false }).source(parseLocation(location));
  if (entry === undefined) throw new Error("no entry");
  const { value } = await source.manifest(entry);
  if (!("layers" in value)) throw new Error("no image");
  return value;
}

describe("annotations inside the manifests of images", () => {
  it("give the image of a platform a new manifest, with the config and layers it had, and leave others alone", async () => {
    const { host, lists, index, arm64 } = await filled();
    const before = await index();
    const { entries } = await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" }, "linux/arm64")] });
    const after = await index();
    expect(after.manifests.map((entry, at) => entry === before.manifests[at] || entry.digest === before.manifests[at]?.digest)).toEqual([true, false, true]);
    const [, rewritten] = after.manifests;
    expect(entries).toEqual([rewritten?.digest ?? "sha256:"]);
    expect(rewritten?.platform).toEqual(before.manifests[1]?.platform);
    await pushList(lists, "app", ["oci:/out:1"]);
    expect(await imageAt(host, "oci:/out:1", rewritten)).toMatchObject({ ...arm64.value, annotations: { a: "1" } });
    expect((await indexAt(host, "oci:/out:1")).manifests).toEqual(after.manifests);
  });

  it("are those of all images without a platform, and add up", async () => {
    const { host, lists, index } = await filled();
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1", b: "1" }), level({ b: "2" }, "linux/amd64"), level({ c: "3" })] });
    await pushList(lists, "app", ["oci:/out:1"]);
    const [amd64, arm64] = (await index()).manifests;
    expect((await imageAt(host, "oci:/out:1", amd64)).annotations).toEqual({ a: "1", b: "2", c: "3" });
    expect((await imageAt(host, "oci:/out:1", arm64)).annotations).toEqual({ a: "1", b: "1", c: "3" });
  });

  it("re-point attestations, features and the subject, with a warning that the statements name the old digest", async () => {
    const { lists, index, warnings, amd64 } = await filled();
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform: { features: ["sse4"] } });
    await annotateList(lists, "app", { subject: "oci:/src:amd64" });
    warnings();
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" }, "linux/amd64")] });
    const { manifests, subject } = await index();
    const digest = manifests[0]?.digest ?? amd64.descriptor.digest;
    expect(digest).not.toBe(amd64.descriptor.digest);
    expect(manifests[2]?.annotations?.["vnd.docker.reference.digest"]).toBe(digest);
    expect(subject?.digest).toBe(digest);
    expect(warnings()).toEqual([
      "the attestations of annotated images now point to the new digests, their statements still name the old ones",
      `an OCI image index cannot hold features "sse4" of ${digest}; the list's record keeps it for a push as v2s2`,
    ]);
    const record = await lists.store.find("app");
    expect([Object.keys(record?.features ?? {}), Object.keys(record?.sources ?? {}).includes(amd64.descriptor.digest)]).toEqual([
      [`${digest} linux/amd64`],
      false,
    ]);
  });

  it("come with create and add, which tell the new digests", async () => {
    const { host, lists } = await filled();
    const created = await createList(lists, "new", { images: ["oci:/src:amd64"], manifestAnnotations: [level({ a: "1" })] });
    const { added } = await addToList(lists, "new", ["oci:/src:riscv64"], { manifestAnnotations: [level({ b: "2" }, "linux/riscv64")] });
    const { manifests } = await indexOfList(lists, "new");
    expect([...created.entries, ...added]).toEqual(manifests.map(({ digest }) => digest));
    await pushList(lists, "new", ["dir:/out"]);
    for (const [at, annotations] of [{ a: "1" }, { b: "2" }].entries())
      expect((await imageAt(host, "dir:/out", manifests[at])).annotations).toEqual(annotations);
  });

  it("are set again on a manifest that an edit has made, which other lists can take over", async () => {
    const { host, lists, index } = await filled();
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" }, "linux/amd64")] });
    await annotateListEntries(lists, "app", ["linux/arm64"], { annotations: { e: "1" }, manifestAnnotations: [level({ b: "2" }, "linux/amd64")] });
    const [entry] = (await index()).manifests;
    await createList(lists, "other", { images: ["app=linux/amd64"] });
    await pushList(lists, "other", ["oci:/out:1"]);
    await createList(lists, "oci:/there:1", { images: ["app"], all: true });
    for (const location of ["oci:/out:1", "oci:/there:1"]) expect((await imageAt(host, location, entry)).annotations).toEqual({ a: "1", b: "2" });
  });

  it("that are there already change nothing", async () => {
    const { lists, index } = await filled();
    await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" })] });
    const before = await index();
    expect((await annotateList(lists, "app", { manifestAnnotations: [level({ a: "1" })] })).entries).toEqual([]);
    expect(await index()).toEqual(before);
  });

  it("reach an image that somebody adds in between", async () => {
    const { host, lists } = openDesk();
    await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    let isFirst = true;
    const slow = {
      ...lists,
      transports: {
        ...lists.transports,
        async source(location: Parameters<typeof lists.transports.source>[0]) {
          if (isFirst) {
            isFirst = false;
            await addToList(lists, "app", ["oci:/src:riscv64"]);
          }
          return lists.transports.source(location);
        },
      },
    };
    await annotateList(slow, "app", { manifestAnnotations: [level({ a: "1" })] });
    await pushList(lists, "app", ["oci:/out:1"]);
    for (const entry of (await indexAt(host, "oci:/out:1")).manifests) expect((await imageAt(host, "oci:/out:1", entry)).annotations).toEqual({ a: "1" });
  });

  it("are refused where no image has the platform, where a docker manifest cannot hold them, and for an index in the index", async () => {
    const { host, lists, amd64, multi, attestation, index } = await filled();
    const before = await index();
    const refusal = async (list: string, annotations: EntryAnnotations) => {
      const { code, message } = await failureOf(annotateList(lists, list, { manifestAnnotations: [annotations] }));
      return `${code} ${message}`;
    };
    expect(await refusal("app", level({ a: "1" }, "linux/s390x"))).toContain("NOT_FOUND Cannot annotate the manifest of linux/s390x: no image of the list has");
    await createList(lists, "docker", { images: ["oci:/src:docker", "oci:/src:amd64"] });
    expect(await refusal("docker", level({ a: "1" }))).toMatch(/^UNSUPPORTED .*: a docker image manifest holds no annotations, expected an OCI image or/);
    await putIndex(host, "oci:/src:nested", { manifests: [entryOf(multi), attestationOf(attestation, amd64.descriptor.digest)] });
    expect(await refusal("oci:/src:nested", level({ a: "1" }))).toMatch(/^UNSUPPORTED .*: its type is .*index.*, expected an image manifest/);
    await (await host.files.create("/entry.json")).write(encodeUtf8(JSON.stringify(amd64.descriptor)));
    await createList(lists, "given", { images: ["@/entry.json"] });
    expect(await refusal("given", level({ a: "1" }))).toContain("the list does not say where it lies");
    expect(await index()).toEqual(before);
  });

  it("are refused for a manifest that cannot be edited without loss", async () => {
    const { host, lists, amd64 } = await filled();
    const text = new TextDecoder().decode(amd64.bytes).replace('"schemaVersion"', '"x":1,"x":2,"schemaVersion"');
    const document = openDocument(host.hash, encodeUtf8(text), { what: "manifest" });
    const { target } = await openTransports(host).place(parseLocation("oci:/src:odd"));
    await target.putRoot(document);
    await createList(lists, "odd", { images: ["oci:/src:odd"] });
    const failure = await failureOf(annotateList(lists, "odd", { manifestAnnotations: [level({ a: "1" })] }));
    expect([failure.code, failure.message]).toEqual(["LOSS", expect.stringContaining(`Cannot annotate the manifest of ${document.descriptor.digest}`)]);
  });
});

for (const kind of stages) {
  describe(`annotations inside the manifests of a list at a location (${kind}:)`, () => {
    const open: Stage[] = [];
    afterEach(async () => {
      for (const stage of open.splice(0)) await stage.close();
    });

    it("are written there with the index, at create, add and annotate", async () => {
      const stage = await openStage(kind);
      open.push(stage);
      const { host, lists, at } = stage;
      await fillSource(host);
      await createList(lists, at, { images: ["oci:/src:amd64"], manifestAnnotations: [level({ a: "1" })] });
      await addToList(lists, at, ["oci:/src:arm64"], { manifestAnnotations: [level({ b: "2" })] });
      await annotateList(lists, at, { manifestAnnotations: [level({ c: "3" }, "linux/arm64")] });
      const { manifests } = await indexAt(host, at);
      const seen = await Promise.all(manifests.map((entry) => imageAt(host, at, entry)));
      expect(seen.map(({ annotations }) => annotations)).toEqual([
        { a: "1", b: "2" },
        { b: "2", c: "3" },
      ]);
    });

    it("are taken over from a local list whose manifests were rewritten", async () => {
      const stage = await openStage(kind);
      open.push(stage);
      const { host, lists, at } = stage;
      await fillSource(host);
      await createList(lists, "app", { images: ["oci:/src:amd64"], manifestAnnotations: [level({ a: "1" })] });
      await createList(lists, at, { images: ["app"] });
      expect((await imageAt(host, at, (await indexAt(host, at)).manifests[0])).annotations).toEqual({ a: "1" });
    });
  });
}

describe("annotateList() in a registry with annotations of manifests", () => {
  it("reads and writes the manifests and the index, and moves no blob", async () => {
    const registry = await startRegistry();
    try {
      const images = ["amd64", "arm64"].map((architecture) => seedImage(registry, "app", architecture, { platform: `linux/${architecture}` }));
      const entries = images.map(({ manifest }, at) => ({ ...manifest, platform: { os: "linux", architecture: ["amd64", "arm64"][at] } }));
      seedIndex(registry, "app", "1", entries);
      registry.clear();
      const { fetch } = await currentHost();
      const { lists } = openDesk({ fetch, lists: { verifyTls: false } });
      await annotateList(lists, `docker://${registry.host}/app:1`, { manifestAnnotations: [level({ a: "1" }, "linux/amd64")] });
      expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
      // The index, the manifest; whether the new one is there, writing it; whether the tag has moved, writing it.
      expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "GET", "HEAD", "PUT", "HEAD", "PUT"]);
    } finally {
      await registry.stop();
    }
  });
});
