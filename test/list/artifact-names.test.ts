import { afterEach, describe, expect, it } from "bun:test";
import {
  addArtifactToList,
  addToList,
  annotateListEntries,
  createList,
  inspectList,
  type ListContext,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import type { Digest } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { putFiles } from "../helper/files.ts";
import { failureOf, fillSource, indexAt, indexOfList, openDesk, openStage, type Stage, stages } from "../helper/lists.ts";
import { startRegistry } from "../helper/registry.ts";

async function local() {
  const desk = openDesk();
  const source = await fillSource(desk.host);
  await putFiles(desk.host, { "/dist/sbom.json": "{}", "/dist/chart.tgz": "chart", "/conf.json": "1", "/other/sbom.json": "[]" });
  await createList(desk.lists, "app", { images: ["oci:/src:amd64"] });
  return {
    ...desk,
    ...source,
    add: adder(desk.lists, "app"),
    digests: async () => (await indexOfList(desk.lists, "app")).manifests.map(({ digest }) => digest),
  };
}

/** Returns what adds an artifact to `list` and gives its digest. */
function adder(lists: ListContext, list: string) {
  return async (files: readonly string[], options: Parameters<typeof addArtifactToList>[3] = {}): Promise<Digest> => {
    const [digest = "sha256:"] = (await addArtifactToList(lists, list, files, options)).added;
    return digest;
  };
}

describe("an artifact in a local list", () => {
  it.each(["/dist/sbom.json", "dist/sbom.json", "./dist/../dist/sbom.json", "sbom.json", "chart.tgz", "/conf.json", "/dist/chart.tgz"])(
    "is found by %j, a file it was made of",
    async (text) => {
      const { lists, add, digests, amd64 } = await local();
      const digest = await add(["/dist/sbom.json", "/dist/chart.tgz"], { artifact: { config: "/conf.json" } });
      expect((await annotateListEntries(lists, "app", [text], { annotations: { a: "1" } })).entries).toEqual([digest]);
      expect((await indexOfList(lists, "app")).manifests.map(({ annotations }) => annotations)).toEqual([undefined, { a: "1" }]);
      expect((await removeFromList(lists, "app", [text])).removed).toEqual([digest]);
      expect(await digests()).toEqual([amd64.descriptor.digest]);
    },
  );

  it("is not found by the path of another file of the same name", async () => {
    const { lists, add, digests } = await local();
    await add(["/dist/sbom.json"]);
    expect((await failureOf(removeFromList(lists, "app", ["/other/sbom.json"]))).code).toBe("NOT_FOUND");
    expect(await digests()).toHaveLength(2);
  });

  it("is found by a file although the artifact does not name it", async () => {
    const { lists, add } = await local();
    const digest = await add(["/dist/sbom.json"], { artifact: { titles: false, artifactType: "", configType: "a/b" } });
    for (const text of ["sbom.json", "/dist/sbom.json"]) {
      expect((await annotateListEntries(lists, "app", [text], { annotations: { a: text } })).entries).toEqual([digest]);
    }
  });

  it("is told from others of a file of the same name by the path; by the name alone both are listed", async () => {
    const { lists, add } = await local();
    const [first, second] = [await add(["/dist/sbom.json"]), await add(["/other/sbom.json"])];
    const failure = await failureOf(removeFromList(lists, "app", ["sbom.json"]));
    expect(failure.code).toBe("INVALID");
    for (const digest of [first, second]) expect(failure.message).toContain(digest);
    expect((await removeFromList(lists, "app", ["/other/sbom.json"])).removed).toEqual([second]);
    expect((await removeFromList(lists, "app", ["sbom.json"])).removed).toEqual([first]);
  });

  it("is found by its platform before a file, and by a file before an image", async () => {
    const { host, lists, add } = await local();
    await putFiles(host, { "/linux/amd64": "x", "/localhost/file": "y" });
    const digest = await add(["/linux/amd64", "/localhost/file"]);
    expect((await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: "1" } })).entries).not.toEqual([digest]);
    expect((await annotateListEntries(lists, "app", ["localhost/file"], { annotations: { a: "1" } })).entries).toEqual([digest]);
  });

  it("that came as an image is found by the titles in its manifest", async () => {
    const { lists, add } = await local();
    const digest = await add(["/dist/sbom.json"]);
    await pushList(lists, "app", ["oci:/out:1"]);
    await createList(lists, "web");
    await addToList(lists, "web", ["oci:/out:1"], { all: true });
    expect((await removeFromList(lists, "web", ["sbom.json"])).removed).toEqual([digest]);
  });

  it("is told by inspectList() with what its files are called", async () => {
    const { lists, add, amd64 } = await local();
    const digest = await add(["/dist/sbom.json", "/dist/chart.tgz"]);
    const untitled = await add(["/conf.json"], { artifact: { titles: false } });
    for (const manifests of [false, "artifacts", true] as const) {
      const inspected = await inspectList(lists, "app", { manifests });
      expect([...inspected.files]).toEqual([
        [digest, ["sbom.json", "chart.tgz"]],
        [untitled, ["conf.json"]],
      ]);
      const read = { false: [], artifacts: [digest, untitled], true: [amd64.descriptor.digest, digest, untitled] };
      expect([...inspected.manifests.keys()]).toEqual(read[`${manifests}`]);
    }
  });
});

for (const kind of stages) {
  describe(`an artifact in a list at a location (${kind}:)`, () => {
    const open: Stage[] = [];
    afterEach(async () => {
      for (const stage of open.splice(0)) await stage.close();
    });

    async function stage() {
      const opened = await openStage(kind);
      open.push(opened);
      const source = await fillSource(opened.host);
      await putFiles(opened.host, { "/dist/sbom.json": "{}", "/other/sbom.json": "[]" });
      await createList(opened.lists, opened.at, { images: ["oci:/src:multi"], all: true });
      return { ...opened, ...source, add: adder(opened.lists, opened.at) };
    }

    it("is found by a title, and by a path that ends in it", async () => {
      const { host, lists, at, add } = await stage();
      const digest = await add(["/dist/sbom.json"]);
      expect((await inspectList(lists, at, { manifests: "artifacts" })).files).toEqual(new Map([[digest, ["sbom.json"]]]));
      await annotateListEntries(lists, at, ["sbom.json"], { annotations: { a: "1" } });
      expect((await indexAt(host, at)).manifests.at(-1)?.annotations).toEqual({ a: "1" });
      expect((await removeFromList(lists, at, ["dist/sbom.json"])).removed).toEqual([digest]);
    });

    it("is not found by a name that nothing has, nor where two have it", async () => {
      const { lists, at, add } = await stage();
      await add(["/dist/sbom.json"]);
      expect((await failureOf(removeFromList(lists, at, ["none.json"]))).code).toBe("NOT_FOUND");
      await add(["/other/sbom.json"]);
      expect((await failureOf(removeFromList(lists, at, ["sbom.json"]))).code).toBe("INVALID");
    });
  });
}

describe("a name that is no file", () => {
  it("costs a request for each artifact at a location, and none where there is no artifact", async () => {
    const registry = await startRegistry();
    try {
      const { fetch } = await currentHost();
      const { host, lists } = openDesk({ fetch, lists: { verifyTls: false } });
      await fillSource(host);
      await putFiles(host, { "/sbom.json": "{}" });
      const at = `docker://${registry.host}/place:1`;
      await createList(lists, at, { images: ["oci:/src:multi"], all: true });
      const asked = async (): Promise<number> => {
        const before = registry.requests.length;
        const fresh = openDesk({ fetch, lists: { verifyTls: false } });
        expect((await failureOf(removeFromList(fresh.lists, at, ["none.json"]))).code).toBe("NOT_FOUND");
        return registry.requests.length - before;
      };
      expect(await asked()).toBe(1);
      await addArtifactToList(lists, at, ["/sbom.json"]);
      expect(await asked()).toBe(2);
    } finally {
      await registry.stop();
    }
  });
});
