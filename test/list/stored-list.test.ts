import { afterEach, describe, expect, test } from "bun:test";
import { addToList, type CreateListOptions, createList, pushList } from "../../src/core/list/mod.ts";
import { type Descriptor, parsePlatform } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, indexAt } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";
import { seedImage } from "../helper/registry.ts";
import { storedImage, storedList } from "../helper/storage.ts";
import { neverCopying, openStorageDesk } from "../helper/storage-desk.ts";

afterEach(stopAll);

const amd64 = storedImage({ note: "amd64" });
const arm64 = storedImage({ platform: "linux/arm64", note: "arm64" });
const gone = storedImage({ platform: "linux/riscv64", note: "gone" });

const entry = ({ descriptor }: { readonly descriptor: Descriptor }, platform: string, more: Partial<Descriptor> = {}): Descriptor => ({
  ...descriptor,
  platform: parsePlatform(platform),
  ...more,
});

/** A list as `buildah build --manifest` makes it, and `buildah manifest add` goes on with an image of a registry. */
async function open() {
  const registry = await start();
  const { manifest } = seedImage(registry, "team/app", "1", { platform: "linux/s390x" });
  const there = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size } as Descriptor;
  const list = storedList(
    ["localhost/both:latest"],
    [entry(amd64, "linux/amd64", { annotations: { a: "1" } }), entry(arm64, "linux/arm64"), { ...there, platform: parsePlatform("linux/s390x") }],
    {
      [amd64.descriptor.digest]: `containers-storage:[overlay@/x+/y]@${amd64.id}`,
      [arm64.descriptor.digest]: "containers-storage:[overlay@/x+/y]localhost/other:1",
      [manifest.digest]: `docker://${registry.host}/team/app:1`,
    },
  );
  const broken = storedList(["localhost/broken:latest"], [entry(gone, "linux/riscv64")], { [gone.descriptor.digest]: "containers-storage:localhost/gone:1" });
  const artifact = storedList(["localhost/files:latest"], [entry(gone, "unknown/unknown", { artifactType: "a/b" })], {});
  const { fetch } = await currentHost();
  const desk = await openStorageDesk(
    [
      [amd64, "linux/amd64"],
      [arm64, "linux/arm64"],
    ],
    { fetch, stored: [list, broken, artifact], lists: { verifyTls: false, retries: 0 } },
  );
  const create = async (name: string, options: CreateListOptions) => {
    await createList(desk.lists, "list", { ...options, images: [name], replace: true });
    return (await desk.lists.store.find("list"))?.index.manifests ?? [];
  };
  const copied = [amd64, arm64].map(({ id }) => String(desk.copied.get(id)?.descriptor.digest));
  return { registry, manifest, desk, create, copied };
}

const digests = (entries: readonly Descriptor[]): readonly string[] => entries.map(({ digest }) => digest);

describe("a list of buildah in container storage", () => {
  test("gives all its images, with the digests that they are pushed with, and what their entries say", async () => {
    const { create, copied, manifest, desk } = await open();
    for (const name of ["both", "containers-storage:both"]) {
      const entries = await create(name, { all: true });
      expect(digests(entries)).toEqual([...copied, manifest.digest]);
      expect(entries.map(({ platform }) => platform?.architecture)).toEqual(["amd64", "arm64", "s390x"]);
      expect(entries.map(({ annotations }) => annotations)).toEqual([{ a: "1" }, undefined, undefined]);
    }
    expect(desk.commands).toHaveLength(2);
    const { host, lists } = desk;
    await host.files.remove("/var/lib");
    await host.files.remove("/copies");
    await pushList(lists, "list", ["oci:/out:1"]);
    expect(digests((await indexAt(host, "oci:/out:1")).manifests)).toEqual([...copied, manifest.digest]);
  });

  test("keeps its own images, and leaves those of a registry there", async () => {
    const { create, registry, manifest, desk } = await open();
    await create("both", { all: true });
    const sources = Object.values((await desk.lists.store.find("list"))?.sources ?? {});
    expect(sources).toEqual([
      { location: `containers-storage:@${amd64.id}`, kept: "all" },
      { location: `containers-storage:@${arm64.id}`, kept: "all" },
      { location: `docker://${registry.host}/team/app@${manifest.digest}` },
    ]);
  });

  test("gives the image of a platform, and only that is copied", async () => {
    const { create, copied, manifest, desk } = await open();
    expect(digests(await create("both", { platforms: [parsePlatform("linux/arm64")] }))).toEqual([copied[1] ?? ""]);
    expect(desk.commands).toHaveLength(1);
    expect(digests(await create("both", {}))).toEqual([copied[0] ?? ""]);
    expect(digests(await create("both=linux/s390x", {}))).toEqual([manifest.digest]);
    await expect(create("both", { architecture: "ppc64le" })).rejects.toThrow("no image found in it for linux/ppc64le");
  });

  test("without one of its images is an error, and nothing is added", async () => {
    const { create, desk } = await open();
    await create("both", {});
    await expect(addToList(desk.lists, "list", ["broken"], { all: true })).rejects.toThrow(
      `Cannot take image ${gone.descriptor.digest} of "broken": container storage has it no longer`,
    );
    await expect(addToList(desk.lists, "list", ["files"], { all: true })).rejects.toThrow(
      `Cannot take artifact ${gone.descriptor.digest} of "files": buildah notes where its files lie, expected them to be added here`,
    );
    expect((await desk.lists.store.find("list"))?.index.manifests).toHaveLength(1);
  });

  test("is no longer copied from once one of its images cannot be read", async () => {
    const registry = await start();
    const bare = storedList(["localhost/bare:latest"], [amd64.descriptor, gone.descriptor], {
      [amd64.descriptor.digest]: `containers-storage:@${amd64.id}`,
      [gone.descriptor.digest]: `docker://${registry.host}/team/none:1`,
    });
    const { fetch } = await currentHost();
    const desk = await openStorageDesk([[amd64, "linux/amd64"]], { fetch, stored: [bare] });
    const { lists, started } = neverCopying(desk.lists, { verifyTls: false, retries: 0 });
    expect((await failureOf(createList(lists, "list", { images: ["bare"], all: true }))).message).toContain("/team/none");
    expect(started.length).toBeLessThan(2);
  });
});
