import { afterEach, describe, expect, it } from "bun:test";
import { createList, pushList } from "../../src/core/list/mod.ts";
import { type Descriptor, type Digest, mediaTypes, parsePlatform, referrersTag } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, indexAt, openDesk } from "../helper/lists.ts";
import { type RegistryOptions, type SeededDescriptor, seedImage, seedIndex, startRegistry, type TestRegistry } from "../helper/registry.ts";

const open: TestRegistry[] = [];
afterEach(async () => {
  for (const registry of open.splice(0)) await registry.stop();
});

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

/** What is under `parts` in a registry: an index of two images; a signature of the index, of an image, and of that signature; cosign's tags. */
interface Signed {
  readonly source: TestRegistry;
  readonly index: SeededDescriptor;
  readonly image: SeededDescriptor;
  readonly signature: SeededDescriptor;
  readonly countersignature: SeededDescriptor;
  readonly indexSignature: SeededDescriptor;
  readonly cosign: SeededDescriptor;
  readonly cosignTag: string;
}

async function signed(options: RegistryOptions = { referrers: true, referrersPage: 1 }): Promise<Signed> {
  const source = await start(options);
  const images = ["amd64", "arm64"].map((architecture) => seedImage(source, "parts", architecture, { platform: `linux/${architecture}` }).manifest);
  const entries = images.map((manifest, at) => ({ ...manifest, platform: { os: "linux", architecture: ["amd64", "arm64"][at] } }));
  const index = seedIndex(source, "parts", "1", entries);
  const [image = index] = images;
  const refer = (subject: SeededDescriptor, seed: string): SeededDescriptor => {
    const { manifest } = seedImage(source, "parts", "", { subject, seed });
    if (!options.referrers) seedIndex(source, "parts", referrersTag(subject.digest), [manifest]);
    return manifest;
  };
  const signature = refer(image, "signature");
  const countersignature = refer(signature, "countersignature");
  const indexSignature = refer(index, "index signature");
  const cosignTag = `${image.digest.replace(":", "-")}.sig`;
  const cosign = seedImage(source, "parts", cosignTag, { seed: "cosign" }).manifest;
  return { source, index, image, signature, countersignature, indexSignature, cosign, cosignTag };
}

async function desk() {
  const { fetch } = await currentHost();
  return openDesk({ fetch, lists: { verifyTls: false, retries: 0 } });
}

function has(registry: TestRegistry, repository: string, ...all: readonly SeededDescriptor[]): readonly boolean[] {
  return all.map(({ digest }) => registry.repository(repository).manifests.has(digest));
}

function listedUnder(registry: TestRegistry, subject: SeededDescriptor): readonly Digest[] {
  const { tags, manifests } = registry.repository("app");
  const bytes = manifests.get(tags.get(referrersTag(subject.digest)) ?? "")?.bytes;
  return bytes === undefined ? [] : JSON.parse(new TextDecoder().decode(bytes)).manifests.map(({ digest }: SeededDescriptor) => digest);
}

describe("pushList() with referrers", () => {
  for (const [from, options] of [
    ["with", { referrers: true, referrersPage: 1 }],
    ["without", {}],
  ] as const)
    for (const to of ["with", "without"] as const)
      it(`brings what refers to the list, to its images and to that, from a registry ${from} to one ${to} a list of referrers`, async () => {
        const { source, signature, countersignature, indexSignature, cosign, cosignTag, image, index } = await signed(options);
        const target = await start({ referrers: to === "with" });
        const { lists } = await desk();
        const [result] = await pushList(lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`], { referrers: true });
        expect(has(target, "app", signature, countersignature, indexSignature, cosign)).toEqual([true, true, true, true]);
        expect(target.repository("app").tags.get(cosignTag)).toBe(cosign.digest);
        expect(new Set(result?.referrers)).toEqual(new Set([signature, countersignature, indexSignature, cosign].map(({ digest }) => digest)));
        const lists3 = [image, signature, index].map((subject) => listedUnder(target, subject));
        expect(lists3).toEqual(to === "with" ? [[], [], []] : [signature, countersignature, indexSignature].map(({ digest }) => [digest]));
      });

  it("brings nothing of it without being asked", async () => {
    const { source, signature } = await signed();
    const target = await start();
    const [result] = await pushList((await desk()).lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`]);
    expect([has(target, "app", signature), result?.referrers]).toEqual([[false], undefined]);
    expect(source.requests.filter(({ path }) => /referrers|\.sig/.test(path))).toEqual([]);
  });

  it("leaves signatures behind when told so, cosign's by their tags, and brings the rest", async () => {
    const { source, signature, countersignature, indexSignature, cosign, cosignTag, index } = await signed();
    const { config } = seedImage(source, "parts", "", { seed: "notary" });
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType: "application/vnd.cncf.notary.signature", config, layers: [] };
    const notary = source.putManifest("parts", "sha256:", { ...manifest, subject: index }, mediaTypes.ociManifest);
    const target = await start({ referrers: true });
    const { lists } = await desk();
    const options = { referrers: true, signatures: false };
    const [result] = await pushList(lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`], options);
    expect(new Set(result?.referrers)).toEqual(new Set([signature, countersignature, indexSignature].map(({ digest }) => digest)));
    expect(has(target, "app", cosign, notary)).toEqual([false, false]);
    expect(target.repository("app").tags.has(cosignTag)).toBe(false);
  });

  it("writes the tag of the list last", async () => {
    const { source } = await signed();
    const target = await start();
    await pushList((await desk()).lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`], { referrers: true });
    const puts = target.requests.filter(({ method, path }) => method === "PUT" && path.includes("/manifests/"));
    expect(puts.at(-1)?.path).toBe("/v2/app/manifests/1");
  });

  it("brings what refers to the images of a local list, once from the source for several destinations", async () => {
    const { source, signature, countersignature, indexSignature, cosign } = await signed();
    const targets = [await start(), await start({ referrers: true })];
    const { lists } = await desk();
    await createList(lists, "app", { images: ["amd64", "arm64"].map((tag) => `docker://${source.host}/parts:${tag}`) });
    source.clear();
    await pushList(
      lists,
      "app",
      targets.map(({ host }) => `docker://${host}/app:1`),
      { referrers: true },
    );
    for (const target of targets) expect(has(target, "app", signature, countersignature, cosign, indexSignature)).toEqual([true, true, true, false]);
    const read = source.requests.filter(({ method }) => method === "GET").map(({ path }) => path);
    expect(new Set(read).size).toBe(read.length);
  });

  it("keeps it in a layout, from which it comes back", async () => {
    const { source, signature, countersignature, indexSignature, cosign, cosignTag, image } = await signed();
    const target = await start();
    const { host, lists } = await desk();
    await pushList(lists, `docker://${source.host}/parts:1`, ["oci:/out:1"], { referrers: true });
    const index: { readonly manifests: readonly Descriptor[] } = JSON.parse(new TextDecoder().decode(await host.files.readFile("/out/index.json", 1 << 20)));
    expect(index.manifests.map(({ digest, annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? digest).sort()).toEqual(
      ["1", cosignTag, ...[signature, countersignature, indexSignature].map(({ digest }) => digest)].sort(),
    );
    await pushList(lists, "oci:/out:1", [`docker://${target.host}/app:1`], { referrers: true });
    expect(has(target, "app", signature, countersignature, indexSignature, cosign)).toEqual([true, true, true, true]);
    expect([listedUnder(target, image), target.repository("app").tags.get(cosignTag)]).toEqual([[signature.digest], cosign.digest]);
  });

  it("keeps it in an archive, from which it comes back", async () => {
    const { source, signature, indexSignature, cosign, image } = await signed();
    const target = await start();
    const { lists } = await desk();
    await pushList(lists, `docker://${source.host}/parts:1`, ["oci-archive:/out.tar:1"], { referrers: true });
    await pushList(lists, "oci-archive:/out.tar:1", [`docker://${target.host}/app:1`], { referrers: true });
    expect(has(target, "app", signature, indexSignature, cosign)).toEqual([true, true, true]);
    expect(listedUnder(target, image)).toEqual([signature.digest]);
  });

  it("is refused for a directory, and for a layout in which the list has no name; neither is left behind", async () => {
    const { source } = await signed();
    const { host, lists } = await desk();
    for (const [to, seen] of [
      ["dir:/out", "it does not keep them"],
      ["oci:/out", "expected oci:DIR:NAME"],
    ] as const) {
      const failure = await failureOf(pushList(lists, `docker://${source.host}/parts:1`, [to], { referrers: true }));
      expect([failure.code, failure.message]).toEqual(["UNSUPPORTED", expect.stringContaining(seen)]);
      expect(await host.files.status("/out")).toBeUndefined();
    }
    await pushList(lists, `docker://${source.host}/parts:1`, ["dir:/dir"]);
    expect((await failureOf(pushList(lists, "dir:/dir", ["oci:/out:1"], { referrers: true }))).message).toContain('"dir:/dir" does not tell');
  });

  it("leaves signatures at the destination alone that would get lost, and the list's tag with them", async () => {
    const { source, cosignTag } = await signed();
    const target = await start();
    const { manifest } = seedImage(target, "app", cosignTag, { seed: "signed here" });
    const failure = await failureOf(pushList((await desk()).lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`], { referrers: true }));
    expect(failure.code).toBe("LOSS");
    expect([target.repository("app").tags.get(cosignTag), target.repository("app").tags.has("1")]).toEqual([manifest.digest, false]);
  });

  it("says what stays behind when the list or its images get new digests", async () => {
    const { source, image } = await signed();
    const { lists, warnings } = await desk();
    const name = `docker://${source.host}/parts:1`;
    await pushList(lists, name, ["oci:/part:1"], { referrers: true, platforms: [parsePlatform("linux/amd64")] });
    expect(warnings().at(-1)).toMatch(/^signatures and attestations of what was there before stay behind, .*: sha256:[0-9a-f]{64}$/);
    await pushList(lists, name, ["dir:/docker"], { referrers: true, format: "v2s2" });
    const said = warnings().find((each) => each.startsWith("signatures"));
    expect(said?.match(/sha256:/g)).toHaveLength(3);
    expect(said).not.toContain(image.digest);
  });

  it("finds what refers to images of a list in the list", async () => {
    const { source, index, signature, indexSignature } = await signed();
    seedIndex(source, "parts", "outer", [index]);
    const target = await start();
    await pushList((await desk()).lists, `docker://${source.host}/parts:outer`, [`docker://${target.host}/app:1`], { referrers: true });
    expect(has(target, "app", signature, indexSignature)).toEqual([true, true]);
  });

  it("takes nothing that does not name the subject, and warns of what is listed and not there, or of no known type", async () => {
    const source = await start();
    const { manifest } = seedImage(source, "parts", "1");
    const stranger = seedImage(source, "parts", "stranger").manifest;
    const gone = { mediaType: mediaTypes.ociManifest, digest: `sha256:${"0".repeat(64)}`, size: 7 };
    const odd = { mediaType: "application/vnd.oci.artifact.manifest.v1+json", digest: `sha256:${"1".repeat(64)}`, size: 7 };
    const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [stranger, gone, odd] };
    source.putManifest("parts", referrersTag(manifest.digest), list, mediaTypes.ociIndex);
    const target = await start();
    const { lists, warnings } = await desk();
    await createList(lists, "app", { images: [`docker://${source.host}/parts:1`] });
    const [result] = await pushList(lists, "app", [`docker://${target.host}/app:1`], { referrers: true });
    expect(result?.referrers).toEqual([]);
    expect([...warnings()].sort()).toEqual([
      `${gone.digest}, which is said to refer to ${manifest.digest}, is not there`,
      `${odd.digest}, which refers to ${manifest.digest}, stays behind: nothing is known of its type "${odd.mediaType}"`,
    ]);
  });

  it("tells in a dry run what it would bring, the lists of referrers included", async () => {
    const { source, image, cosignTag } = await signed();
    const { lists } = await desk();
    for (const referrers of [true, false]) {
      const target = await start({ referrers });
      const [result] = await pushList(lists, `docker://${source.host}/parts:1`, [`docker://${target.host}/app:1`], { referrers: true, dryRun: true });
      expect(target.requests.every(({ method }) => method === "HEAD" || method === "GET")).toBe(true);
      const at = (tag: string) => `docker://${target.host}/app:${tag}`;
      expect(result?.writes?.some((each) => each.write === "name" && each.name === at(cosignTag))).toBe(true);
      expect(result?.writes?.some((each) => each.write === "list" && each.name === at(referrersTag(image.digest)))).toBe(!referrers);
    }
  });

  it("asks for nothing where source and destination are one repository", async () => {
    const { source } = await signed();
    source.clear();
    await pushList((await desk()).lists, `docker://${source.host}/parts:1`, [`docker://${source.host}/parts:2`], { referrers: true });
    expect(source.requests.filter(({ method }) => method === "PUT").map(({ path }) => path)).toEqual(["/v2/parts/manifests/2"]);
    expect((await indexAt((await desk()).host, `docker://${source.host}/parts:2`)).manifests).toHaveLength(2);
  });
});
