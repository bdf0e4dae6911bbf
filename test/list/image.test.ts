import { describe, expect, it } from "bun:test";
import { addToList, annotateListEntries, createList, pushList } from "../../src/core/list/mod.ts";
import { type ManifestDocument, mediaTypes, parsePlatform } from "../../src/core/spec/mod.ts";
import {
  attestationOf,
  type DeskOptions,
  entryIn,
  entryOf,
  failureOf,
  fillSource,
  indexOfList,
  openDesk,
  putImage,
  putIndex,
  putIndexBytes,
} from "../helper/lists.ts";

/** Opens a desk with the images of `fillSource` and a list `app`. */
async function open(options?: DeskOptions) {
  const desk = openDesk(options);
  const source = await fillSource(desk.host);
  await createList(desk.lists, "app");
  const digests = async (name = "app") => (await indexOfList(desk.lists, name)).manifests.map(({ digest }) => digest);
  return { ...desk, ...source, digests };
}

const digestsOf = (...images: readonly ManifestDocument[]) => images.map(({ descriptor }) => descriptor.digest);

describe("an index given as IMAGE", () => {
  it("gives the instance for os and architecture, its attestations along", async () => {
    const { lists, digests, amd64, attestation } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { os: "linux", architecture: "amd64" });
    expect(await digests()).toEqual(digestsOf(amd64, attestation));
  });

  it("gives the instance without attestations when told so", async () => {
    const { lists, digests, amd64 } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { architecture: "amd64", attestations: false });
    expect(await digests()).toEqual(digestsOf(amd64));
  });

  it("gives its only image whatever it runs on, attestations not counted", async () => {
    const { host, lists, digests, riscv64, attestation } = await open();
    const manifests = [attestationOf(attestation, riscv64.descriptor.digest), entryOf(riscv64, "linux/riscv64")];
    await putIndex(host, "oci:/src:only", { manifests });
    await addToList(lists, "app", ["oci:/src:only"]);
    expect(await digests()).toEqual(digestsOf(attestation, riscv64));
  });

  for (const os of ["linux", "darwin", "windows"]) {
    it(`gives the one for linux and the host's architecture on ${os}`, async () => {
      const { lists, digests, arm64 } = await open({ environment: { os, architecture: "arm64" } });
      await addToList(lists, "app", ["oci:/src:multi"]);
      expect(await digests()).toEqual(digestsOf(arm64));
    });
  }

  it("that has nothing for the host names the platforms it has", async () => {
    const { lists } = await open({ environment: { architecture: "s390x" } });
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:multi"]));
    expect(failure.code).toBe("NOT_FOUND");
    expect(failure.message).toBe('Cannot take "oci:/src:multi": no image found in it for linux/s390x, it has linux/amd64, linux/arm64/v8');
  });

  it("gives every entry with all, in its order, with their annotations, and not the annotations of the index", async () => {
    const { lists, multi } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { all: true });
    const index = await indexOfList(lists, "app");
    expect(index.manifests).toEqual("manifests" in multi.value ? [...multi.value.manifests] : []);
    expect(index.annotations).toBeUndefined();
  });

  it("gives every image with all and without attestations", async () => {
    const { lists, digests, amd64, arm64 } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { all: true, attestations: false });
    expect(await digests()).toEqual(digestsOf(amd64, arm64));
  });

  it("gives the platforms named, each with its attestations, all or not", async () => {
    for (const all of [false, true]) {
      const { lists, digests, amd64, arm64, attestation } = await open();
      await addToList(lists, "app", ["oci:/src:multi"], { platforms: [parsePlatform("linux/arm64")], all });
      expect(await digests()).toEqual(digestsOf(arm64));
      await addToList(lists, "app", ["oci:/src:multi"], { platforms: ["linux/arm64", "linux/amd64"].map(parsePlatform) });
      expect(await digests()).toEqual(digestsOf(arm64, amd64, attestation));
    }
  });

  it("that lacks a platform named is an error", async () => {
    const { lists } = await open();
    const platforms = ["linux/amd64", "linux/s390x"].map(parsePlatform);
    expect((await failureOf(addToList(lists, "app", ["oci:/src:multi"], { platforms }))).message).toContain("no image found in it for linux/s390x");
  });

  it("selects by os, architecture and variant, and is not overridden by them", async () => {
    const { lists, arm64 } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { architecture: "arm64", variant: "v8", os: "linux" });
    expect(entryIn(await indexOfList(lists, "app"), arm64).platform).toEqual({ architecture: "arm64", os: "linux", variant: "v8" });
    expect((await failureOf(addToList(lists, "app", ["oci:/src:multi"], { os: "windows" }))).code).toBe("NOT_FOUND");
  });

  it("without a platform in an entry gets what the image's config records", async () => {
    const { host, lists, amd64, arm64 } = await open();
    await putIndex(host, "oci:/src:bare", { manifests: [entryOf(amd64), entryOf(arm64)] });
    await addToList(lists, "app", ["oci:/src:bare"], { all: true });
    expect((await indexOfList(lists, "app")).manifests.map(({ platform }) => platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux", variant: "v8" },
    ]);
  });
});

describe("a single image given as IMAGE", () => {
  it("gives the platform its config records, and no annotations of its manifest", async () => {
    const { host, lists } = await open();
    const image = await putImage(host, "oci:/src:windows", {
      platform: "windows/amd64:10.0.1",
      config: { "os.features": ["win32k"] },
      annotations: { a: "1" },
    });
    await addToList(lists, "app", ["oci:/src:windows"]);
    const { mediaType, digest, size } = image.descriptor;
    const platform = { architecture: "amd64", os: "windows", "os.version": "10.0.1", "os.features": ["win32k"] };
    expect(entryIn(await indexOfList(lists, "app"), image)).toEqual({ mediaType, digest, size, platform });
  });

  it("is overridden by os, architecture and variant; what is not named stays", async () => {
    const { lists, arm64 } = await open();
    await addToList(lists, "app", ["oci:/src:arm64"], { os: "plan9" });
    expect(entryIn(await indexOfList(lists, "app"), arm64).platform).toEqual({ architecture: "arm64", os: "plan9", variant: "v8" });
    await addToList(lists, "app", ["oci:/src:arm64"], { architecture: "arm", variant: "v7" });
    expect(entryIn(await indexOfList(lists, "app"), arm64).platform).toEqual({ architecture: "arm", os: "plan9", variant: "v7" });
  });

  it("is overridden by the version and features of the operating system and the CPU", async () => {
    const { lists, amd64 } = await open();
    await createList(lists, "docker", { format: "v2s2" });
    await addToList(lists, "docker", ["oci:/src:amd64"], { osVersion: "1.2", osFeatures: ["a", "b"], features: ["sse4"] });
    expect(entryIn(await indexOfList(lists, "docker"), amd64).platform).toEqual({
      architecture: "amd64",
      os: "linux",
      "os.version": "1.2",
      "os.features": ["a", "b"],
      features: ["sse4"],
    });
  });

  it("is asserted, never overridden, by a platform", async () => {
    const { lists, digests, arm64 } = await open();
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:arm64"], { platforms: [parsePlatform("linux/amd64")] }));
    expect(failure.message).toBe('Cannot take "oci:/src:arm64": the image has linux/arm64/v8, expected linux/amd64');
    expect(await digests()).toEqual([]);
    await addToList(lists, "app", ["oci:/src:arm64"], { platforms: ["linux/amd64", "linux/arm64"].map(parsePlatform) });
    expect(entryIn(await indexOfList(lists, "app"), arm64).platform).toEqual({ architecture: "arm64", os: "linux", variant: "v8" });
  });

  it("that is an artifact gets no platform and keeps its type", async () => {
    const { host, lists } = await open();
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x" });
    await addToList(lists, "app", ["oci:/src:artifact"]);
    const { mediaType, digest, size } = artifact.descriptor;
    expect(entryIn(await indexOfList(lists, "app"), artifact)).toEqual({ mediaType, digest, size, artifactType: "application/x" });
  });

  it("that is a docker image keeps its types", async () => {
    const { lists, docker } = await open();
    await addToList(lists, "app", ["oci:/src:docker"]);
    const { mediaType, platform } = entryIn(await indexOfList(lists, "app"), docker);
    expect([mediaType, platform]).toEqual([mediaTypes.dockerManifest, { architecture: "s390x", os: "linux" }]);
  });
});

describe("addToList()", () => {
  it("adds several images, each after the other, and tells the first digest of each", async () => {
    const { lists, digests, amd64, arm64, attestation, riscv64 } = await open();
    const { added, entries } = await addToList(lists, "app", ["oci:/src:riscv64", "oci:/src:multi"], { all: true });
    expect(await digests()).toEqual(digestsOf(riscv64, amd64, arm64, attestation));
    expect(added).toEqual(digestsOf(riscv64, amd64));
    expect(entries).toEqual(await digests());
  });

  it("replaces the entry of the same digest in place, keeping its annotations and overrides", async () => {
    const { lists, digests, amd64, arm64 } = await open();
    await addToList(lists, "app", ["oci:/src:amd64", "oci:/src:arm64"]);
    await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: "1" }, platform: { variant: "v3", "os.version": "7" } });
    await addToList(lists, "app", ["oci:/src:amd64"], { annotations: { b: "2" } });
    expect(await digests()).toEqual(digestsOf(amd64, arm64));
    const entry = entryIn(await indexOfList(lists, "app"), amd64);
    expect(entry.annotations).toEqual({ a: "1", b: "2" });
    expect(entry.platform).toEqual({ architecture: "amd64", os: "linux", variant: "v3", "os.version": "7" });
  });

  it("annotates every image of the call, and no attestation", async () => {
    const { lists } = await open();
    await addToList(lists, "app", ["oci:/src:multi"], { all: true, annotations: { a: "1" }, osVersion: "7" });
    const [amd64, arm64, attestation] = (await indexOfList(lists, "app")).manifests;
    expect(amd64?.annotations).toEqual({ a: "1", from: "source" });
    expect([arm64?.annotations, arm64?.platform?.["os.version"]]).toEqual([{ a: "1" }, "7"]);
    expect(Object.keys(attestation?.annotations ?? {})).toEqual(["vnd.docker.reference.digest", "vnd.docker.reference.type"]);
  });

  it("sets annotations of the index and of entries beside those of the image", async () => {
    const { lists, amd64, arm64 } = await open();
    await addToList(lists, "app", ["oci:/src:amd64", "oci:/src:arm64"], {
      indexAnnotations: { i: "1" },
      entryAnnotations: [{ platform: parsePlatform("linux/arm64"), annotations: { e: "1" } }, { annotations: { all: "1" } }],
    });
    const index = await indexOfList(lists, "app");
    expect(index.annotations).toEqual({ i: "1" });
    expect([entryIn(index, amd64).annotations, entryIn(index, arm64).annotations]).toEqual([{ all: "1" }, { all: "1", e: "1" }]);
  });

  it("changes nothing when one of the images fails", async () => {
    const { lists, digests } = await open();
    expect((await failureOf(addToList(lists, "app", ["oci:/src:amd64", "oci:/src:none"]))).code).toBe("NOT_FOUND");
    expect(await digests()).toEqual([]);
  });

  it("refuses a list that is not there before it looks at images", async () => {
    const { lists } = await open();
    expect((await failureOf(addToList(lists, "none", ["oci:/nowhere:1"]))).message).toBe("none: image not known");
  });

  it("refuses an empty name, and a short one that is no local list", async () => {
    const { lists } = await open();
    expect((await failureOf(addToList(lists, "app", [""]))).message).toBe('Cannot read image "": the name is empty');
    expect((await failureOf(addToList(lists, "app", ["busybox"]))).message).toContain("expected docker://docker.io/library/busybox");
  });

  it("refuses transports that cannot be read yet, and names those that can", async () => {
    const { lists } = await open();
    for (const image of ["tarball:x.tar"]) {
      const failure = await failureOf(addToList(lists, "app", [image]));
      expect([failure.code, failure.message]).toEqual([
        "UNSUPPORTED",
        expect.stringContaining("docker://, oci:, oci-archive:, docker-archive:, docker-daemon:, dir: and containers-storage:"),
      ]);
    }
  });
});

describe("what could be read in two ways", () => {
  it("gives no entries: another member of the same name in other letters (CVE-2021-41190's kin)", async () => {
    const { host, lists, amd64, arm64, digests } = await open();
    const { mediaType, digest, size } = amd64.descriptor;
    const entry = `{"mediaType":"${mediaType}","digest":"${digest}","Digest":"${arm64.descriptor.digest}","size":${size}}`;
    await putIndexBytes(host, "oci:/src:odd", `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${entry}]}`);
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:odd"], { all: true }));
    expect([failure.code, failure.message]).toEqual(["LOSS", expect.stringContaining('Cannot take entries of "oci:/src:odd"')]);
    expect(await digests()).toEqual([]);
  });
});

describe("a stated platform", () => {
  it("must be one of those asked for", async () => {
    const { lists, digests, arm64 } = await open();
    const platforms = [parsePlatform("linux/s390x")];
    const failure = await failureOf(addToList(lists, "app", ["oci:/src:arm64=linux/arm64"], { platforms }));
    expect(failure.message).toContain("the image has linux/arm64, expected linux/s390x");
    await addToList(lists, "app", ["oci:/src:arm64=linux/arm64"], { platforms: [parsePlatform("linux/arm64")] });
    expect(await digests()).toEqual(digestsOf(arm64));
  });
});

describe("a conversion", () => {
  it("says that data and urls of converted images go", async () => {
    const { host, lists, amd64, warnings } = await open();
    await putIndex(host, "oci:/src:data", { manifests: [entryOf(amd64, "linux/amd64", { urls: ["https://example.com/x"], data: "e30=" })] });
    await createList(lists, "data", { images: ["oci:/src:data"] });
    warnings();
    await pushList(lists, "data", ["dir:/out"], { format: "v2s2" });
    expect(warnings().join()).toContain(`loses data "2 bytes" of ${amd64.descriptor.digest}; urls "https://example.com/x" of ${amd64.descriptor.digest}`);
  });
});
