import { describe, expect, it } from "bun:test";
import { addToList, annotateList, createList, deleteList, inspectList, listExists, pushList } from "../../src/core/list/mod.ts";
import { mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { type Desk, entryOf, failureOf, fillSource, indexAt, openDesk, putImage, putIndex, readAt } from "../helper/lists.ts";
import { savedImage } from "../helper/saved-image.ts";

async function open(): Promise<Desk & Awaited<ReturnType<typeof fillSource>>> {
  const desk = openDesk({ files: { "/in/arm64.tar": savedImage({ architecture: "arm64", name: "app:1" }), "/in/other": "" } });
  await putImage(desk.host, "oci-archive:/in/amd64.tar:1", { platform: "linux/amd64" });
  return { ...desk, ...(await fillSource(desk.host)) };
}

describe("an image in an archive", () => {
  it("is added with its platform, and pinned to the file and the digest", async () => {
    const { lists, amd64 } = await open();
    const { entries } = await createList(lists, "app", { images: ["oci-archive:/in/amd64.tar:1", "docker-archive:/in/arm64.tar:app:1"] });
    const { document, state } = await inspectList(lists, "app");
    expect("manifests" in document.value && document.value.manifests.map(({ platform, mediaType }) => [platform?.architecture, mediaType])).toEqual([
      ["amd64", mediaTypes.ociManifest],
      ["arm64", mediaTypes.dockerManifest],
    ]);
    expect(entries[0]).toBe(amd64.descriptor.digest);
    expect(entries.map((digest) => state?.sources[digest]?.location)).toEqual(["oci-archive:/in/amd64.tar", "docker-archive:/in/arm64.tar"]);
  });

  it("goes along with a push, and the archive may have got another name meanwhile", async () => {
    const { host, lists } = await open();
    const { digest, entries } = await createList(lists, "app", { images: ["oci-archive:/in/amd64.tar:1", "docker-archive:/in/arm64.tar"] });
    await putImage(host, "oci-archive:/in/amd64.tar:2", { platform: "linux/riscv64" });
    await pushList(lists, "app", ["oci:/out:1", "oci-archive:/in/out.tar:1"]);
    for (const at of ["oci:/out:1", "oci-archive:/in/out.tar:1"]) {
      expect((await readAt(host, at)).descriptor.digest).toBe(digest);
      expect((await indexAt(host, at)).manifests.map((entry) => entry.digest)).toEqual([...entries]);
    }
    expect(await host.files.list("/in")).toEqual(["amd64.tar", "arm64.tar", "other", "out.tar"]);
  });

  for (const [kind, path] of [
    ["oci-archive", "/in/amd64.tar"],
    ["docker-archive", "/in/arm64.tar"],
  ] as const) {
    it(`makes a push fail that says so where the archive (${kind}:) holds another image by now`, async () => {
      const { host, lists } = await open();
      const { entries } = await createList(lists, "app", { images: [`${kind}:${path}`] });
      await host.files.remove(path);
      if (kind === "oci-archive") await putImage(host, `${kind}:${path}:1`, { platform: "linux/riscv64" });
      else await host.files.create(path).then((writer) => writer.write(savedImage({ architecture: "riscv64", name: "app:1" })));
      const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"]));
      expect(failure.message).toContain(entries[0] ?? "no entry");
      expect(failure.message).toContain(`${kind}:${path}`);
      expect(await host.files.status("/out")).toBeUndefined();
      await host.files.remove(path);
      expect((await failureOf(pushList(lists, "app", ["oci:/out:1"]))).message).toContain("there is no such file");
    });
  }

  it("is inspected and asked for where it is", async () => {
    const { lists } = await open();
    expect((await inspectList(lists, "docker-archive:/in/arm64.tar:app:1")).document.value.mediaType).toBe(mediaTypes.dockerManifest);
    const answers = await Promise.all(
      [
        "docker-archive:/in/arm64.tar",
        "docker-archive:/in/arm64.tar:app:2",
        "docker-archive:/in/none.tar",
        "oci-archive:/in/amd64.tar:1",
        "oci-archive:/in/amd64.tar:2",
        "oci-archive:/in/none.tar",
      ].map((at) => listExists(lists, at)),
    );
    expect(answers).toEqual([true, false, false, true, false, false]);
  });
});

describe("a list in an archive", () => {
  it("keeps its other names, and the others' content", async () => {
    const { host, lists, amd64 } = await open();
    await createList(lists, "oci-archive:/in/list.tar:a", { images: ["oci:/src:amd64"] });
    await createList(lists, "oci-archive:/in/list.tar:b", { images: ["oci-archive:/in/list.tar:a"] });
    await annotateList(lists, "oci-archive:/in/list.tar:b", { annotations: { of: "b" } });
    await deleteList(lists, "oci-archive:/in/list.tar:a");
    expect(await listExists(lists, "oci-archive:/in/list.tar:a")).toBe(false);
    const index = await indexAt(host, "oci-archive:/in/list.tar:b");
    expect([index.annotations, index.manifests[0]?.digest]).toEqual([{ of: "b" }, amd64.descriptor.digest]);
  });

  it("holds a nested index with everything in it", async () => {
    const { host, lists, multi } = await open();
    const outer = await putIndex(host, "oci:/src:outer", { manifests: [entryOf(multi)] });
    await pushList(lists, "oci:/src:outer", ["oci-archive:/in/nested.tar:1"]);
    const { source, target } = await lists.transports.place(parseLocation("oci-archive:/in/nested.tar"));
    expect((await source.resolve()).bytes).toEqual(outer.bytes);
    expect((await source.manifest(multi.descriptor)).bytes).toEqual(multi.bytes);
    expect(await target.hasManifest(outer.descriptor)).toBe(true);
  });

  it("cannot lie in an archive of docker, which is said before anything is written", async () => {
    const { host, lists } = await open();
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    for (const task of [pushList(lists, "app", ["docker-archive:/in/new.tar:app:1"]), createList(lists, "docker-archive:/in/new.tar")]) {
      expect(await failureOf(task)).toEqual(
        expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("which has no place for an index") }),
      );
    }
    expect((await failureOf(addToList(lists, "docker-archive:/in/arm64.tar", ["oci:/src:amd64"]))).message).toContain("is not a manifest list");
    expect(await host.files.list("/in")).toEqual(["amd64.tar", "arm64.tar", "other"]);
  });
});
