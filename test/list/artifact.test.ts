import { afterEach, describe, expect, it } from "bun:test";
import {
  type AddArtifactOptions,
  type ArtifactDescription,
  addArtifactToList,
  addToList,
  annotateList,
  createList,
  deleteList,
  type ListContext,
  parseLevelAnnotations,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { type Descriptor, emptyDescriptor, type ImageManifest, mediaTypes, parseLocation, titleKey } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { type MemoryHost, memoryHost } from "../../src/host/memory.ts";
import { digestOf } from "../helper/content.ts";
import { putFiles } from "../helper/files.ts";
import { failureOf, fillSource, indexAt, indexOfList, openDesk, openStage, putImage, putIndex, readAt, type Stage, stages, treeOf } from "../helper/lists.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const named = (...titles: readonly string[]) => titles.map((title) => ({ [titleKey]: title }));

/** Returns the manifest and the contents of the layers of the artifact that is the last entry at `location`. */
async function artifactAt(
  host: Host,
  location: string,
): Promise<{ readonly entry: Descriptor; readonly manifest: ImageManifest; readonly texts: readonly string[] }> {
  const source = await openTransports(host, { verifyTls: false }).source(parseLocation(location));
  const entry = (await indexAt(host, location)).manifests.at(-1);
  if (entry === undefined) throw new Error("no entry");
  const { value } = await source.manifest(entry);
  if (!("layers" in value)) throw new Error("no artifact");
  const texts = await Promise.all(value.layers.map(async (layer) => new TextDecoder().decode(await source.smallBlob(layer))));
  return { entry, manifest: value, texts };
}

/** Adds an artifact to a new list and returns it as it was pushed. */
async function made(files: Readonly<Record<string, string>>, artifact: ArtifactDescription = {}, options: AddArtifactOptions = {}) {
  const desk = openDesk();
  const { host, lists } = desk;
  await putFiles(host, { ...files, "/config.json": "{}", "/empty.json": "" });
  await putImage(host, "oci:/src:image");
  await putImage(host, "oci:/src:chart", { artifactType: "application/vnd.example.chart" });
  await putIndex(host, "oci:/src:index", { artifactType: "application/vnd.example.index" });
  await createList(lists, "app");
  await addArtifactToList(lists, "app", Object.keys(files), { ...options, artifact });
  const warnings = desk.warnings();
  await pushList(lists, "app", ["oci:/out:1"]);
  return { ...desk, ...(await artifactAt(host, "oci:/out:1")), warned: warnings };
}

/** Returns `host` on which `path` has another content whenever it is read again. */
function changing(host: MemoryHost, path: string, later: string): Host {
  let reads = 0;
  const read: Host["files"]["read"] = async (name, options) => {
    if (name === path && reads++ > 0) await putFiles(host, { [path]: later });
    return host.files.read(name, options);
  };
  return { ...host, files: { ...host.files, read } };
}

/** Returns the content that the store keeps. */
async function keptBy(host: Host): Promise<readonly string[]> {
  return (await treeOf(host, "/lists/ocidex")).filter((path) => /[0-9a-f]{64}$/.test(path) && path.includes("sha256"));
}

describe("addArtifactToList()", () => {
  it("makes one entry of all files, each with its type, its size and its name", async () => {
    const { entry, manifest, texts, warned } = await made({ "/dist/note.txt": "hello", "/dist/data.json": "{}" });
    expect(entry).toEqual({ mediaType: mediaTypes.ociManifest, digest: entry.digest, size: entry.size, artifactType: "application/vnd.unknown.artifact.v1" });
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: "application/vnd.unknown.artifact.v1",
      config: emptyDescriptor,
      layers: [
        { mediaType: "text/plain", digest: digestOf(encode("hello")), size: 5, annotations: { [titleKey]: "note.txt" } },
        { mediaType: "application/json", digest: digestOf(encode("{}")), size: 2, annotations: { [titleKey]: "data.json" } },
      ],
    });
    expect(texts).toEqual(["hello", "{}"]);
    expect(warned).toEqual([]);
  });

  it("takes what the artifact is from its description", async () => {
    const { entry, manifest } = await made(
      { "/note.txt": "hello" },
      { artifactType: "application/x", layerType: "a/layer", configType: "a/config", titles: false, annotations: { left: "right" } },
      { annotations: { red: "blue" } },
    );
    expect(entry).toMatchObject({ artifactType: "application/x", annotations: { red: "blue" } });
    expect(manifest).toMatchObject({ artifactType: "application/x", annotations: { left: "right" }, config: { ...emptyDescriptor, mediaType: "a/config" } });
    expect(manifest.layers).toEqual([{ mediaType: "a/layer", digest: digestOf(encode("hello")), size: 5 }]);
  });

  it.each([
    ["the empty one without a file", {}, emptyDescriptor],
    ["the empty one with a type of its own", { configType: "a/b" }, { ...emptyDescriptor, mediaType: "a/b" }],
    ["a file, which is an image's config", { config: "/config.json" }, { mediaType: mediaTypes.ociConfig, digest: emptyDescriptor.digest, size: 2 }],
    ["a file with its type", { config: "/config.json", configType: "a/b" }, { mediaType: "a/b", digest: emptyDescriptor.digest, size: 2 }],
    [
      "a file, where the type is nothing",
      { config: "/config.json", configType: "" },
      { mediaType: mediaTypes.ociConfig, digest: emptyDescriptor.digest, size: 2 },
    ],
    ["the empty one for an empty file", { config: "/empty.json" }, emptyDescriptor],
    ["an empty file with its type", { config: "/empty.json", configType: "a/b" }, { mediaType: "a/b", digest: digestOf(encode("")), size: 0 }],
  ] as const)("gives as config %s", async (_, description, config) => {
    expect((await made({ "/note.txt": "hello" }, description)).manifest.config).toEqual(config);
  });

  it("warns of an artifact that tells its type nowhere", async () => {
    const { entry, manifest, warned } = await made({ "/note.txt": "hello" }, { artifactType: "" });
    expect([entry, manifest].map((value) => "artifactType" in value)).toEqual([false, false]);
    expect(warned).toEqual(["the artifact has neither a type nor a config that tells one, which image-spec demands: registries may refuse it"]);
    expect((await made({ "/note.txt": "hello" }, { artifactType: "", configType: "a/b" })).warned).toEqual([]);
  });

  it("refers to the image, artifact or index that is its subject; of an artifact with its type", async () => {
    for (const [name, more] of [
      ["image", {}],
      ["chart", { artifactType: "application/vnd.example.chart" }],
      ["index", {}],
    ] as const) {
      const { host, manifest } = await made({ "/note.txt": "hello" }, { subject: `oci:/src:${name}` });
      const { mediaType, digest, size } = (await readAt(host, `oci:/src:${name}`)).descriptor;
      expect(manifest.subject).toEqual({ mediaType, digest, size, ...more });
    }
  });

  it("says what the artifact runs on where it is told so, and nothing else", async () => {
    const platform = { os: "linux", architecture: "arm", variant: "v7", osVersion: "1", osFeatures: ["a"] };
    expect((await made({ "/a": "1" }, {}, platform)).entry.platform).toEqual({
      os: "linux",
      architecture: "arm",
      variant: "v7",
      "os.version": "1",
      "os.features": ["a"],
    });
    expect((await made({ "/config.json": '{"os":"linux","architecture":"arm"}' }, { artifactType: "", config: "/config.json" })).entry).not.toHaveProperty(
      "platform",
    );
  });

  it("takes an empty file, and several files of one content, each with its name", async () => {
    const { manifest, texts, warned } = await made({ "/empty": "", "/a": "same", "/b": "same" });
    expect(manifest.layers.map(({ annotations }) => annotations ?? {})).toEqual(named("empty", "a", "b"));
    expect(texts).toEqual(["", "same", "same"]);
    expect(warned).toEqual([]);
  });

  it("warns of files that have the same name", async () => {
    const { manifest, warned } = await made({ "/x/note.txt": "1", "/y/note.txt": "2" });
    expect(manifest.layers).toHaveLength(2);
    expect(warned).toEqual(['the artifact has several files called "note.txt", of which tools write one over the other']);
  });

  it.each([
    ["../outside.txt", "outside.txt"],
    ["/a/../b/./c.txt", "c.txt"],
    ["/odd \u001b[31m\n\u202e.txt", "odd \u001b[31m\n\u202e.txt"],
    ["/-", "-"],
    ["/back\\slash", "back\\slash"],
    ["/__proto__", "__proto__"],
  ])("calls %j by the last part of its path, and nothing else", async (path, title) => {
    expect((await made({ [path]: "x" })).manifest.layers.map(({ annotations }) => annotations ?? {})).toEqual(named(title));
  });

  it.each([
    ["", "the name is empty"],
    ["-", "standard input has no name"],
    ["/dir", "it is a directory, expected a file"],
    ["/none", "/none"],
    ["/half\ud800", "half a surrogate pair"],
  ])("refuses %j in one sentence and leaves the list alone", async (path, seen) => {
    const { host, lists } = openDesk();
    await putFiles(host, { "/note.txt": "hello", "/dir/x": "1" });
    await createList(lists, "app");
    for (const [files, artifact] of [
      [["/note.txt", path], {}],
      [["/note.txt"], { config: path }],
    ] as const) {
      const failure = await failureOf(addArtifactToList(lists, "app", files, { artifact }));
      expect(failure.message).toContain(seen);
      expect(failure.message).toMatch(/^Cannot /);
    }
    expect((await indexOfList(lists, "app")).manifests).toEqual([]);
  });

  it("refuses a pipe or device, which cannot be read twice, and no file at all", async () => {
    const { host } = openDesk();
    const status: Host["files"]["status"] = async (path) => (path === "/pipe" ? { kind: "other", size: 0, modified: 0 } : host.files.status(path));
    const { lists } = openDesk({ wrap: (own) => ({ ...own, files: { ...own.files, status } }) });
    await createList(lists, "app");
    expect((await failureOf(addArtifactToList(lists, "app", ["/pipe"]))).message).toContain("a pipe or a device");
    expect((await failureOf(addArtifactToList(lists, "app", []))).message).toBe('Cannot add an artifact to "app": no file is named');
  });

  it.each([{ layerType: "layer" }, { layerType: "" }, { configType: "config" }, { artifactType: "type" }])(
    "refuses %j, which is no media type",
    async (artifact) => {
      expect((await failureOf(made({ "/note.txt": "hello" }, artifact))).message).toContain("Cannot read media type");
    },
  );

  it("reads no file when the subject is not there", async () => {
    const failure = await failureOf(made({ "/note.txt": "hello" }, { subject: "oci:/src:none", config: "/none" }));
    expect([failure.code, failure.message]).toEqual(["NOT_FOUND", expect.stringContaining("oci:/src:none")]);
  });

  it("warns of keys in the namespace of the specification that are not in it", async () => {
    const annotations = { "org.opencontainers.image.nonsense": "1" };
    expect((await made({ "/a": "1" }, { annotations })).warned).toEqual([expect.stringContaining("org.opencontainers.image.nonsense")]);
  });

  it("changes manifests by their level too", async () => {
    const { plain: _, ...levels } = parseLevelAnnotations(["manifest:a=1", "index:b=2", "manifest-descriptor:c=3"]);
    const { manifest, entry, host } = await made(
      { "/a": "x" },
      {},
      { indexAnnotations: levels.index, entryAnnotations: levels.entries, manifestAnnotations: levels.manifests },
    );
    expect([manifest.annotations, entry.annotations, (await indexAt(host, "oci:/out:1")).annotations]).toEqual([{ a: "1" }, { c: "3" }, { b: "2" }]);
  });
});

describe("an artifact in a local list", () => {
  async function local(contents: Readonly<Record<string, string>> = { "/note.txt": "hello" }) {
    const desk = openDesk();
    await putFiles(desk.host, contents);
    await createList(desk.lists, "app");
    return desk;
  }

  it("is pushed as it was added, whatever becomes of its files", async () => {
    const { host, lists } = await local({ "/note.txt": "hello", "/data": "more", "/config": "{}" });
    await addArtifactToList(lists, "app", ["/note.txt", "/data"], { artifact: { config: "/config" } });
    await putFiles(host, { "/note.txt": "changed" });
    for (const path of ["/data", "/config"]) await host.files.remove(path);
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await artifactAt(host, "oci:/out:1")).texts).toEqual(["hello", "more"]);
  });

  it.each(["oci:/out:1", "oci-archive:/out.tar:1", "dir:/out"])("is pushed to %s with all its content", async (location) => {
    const { host, lists } = await local({ "/note.txt": "hello", "/empty": "" });
    await addArtifactToList(lists, "app", ["/note.txt", "/empty"]);
    await pushList(lists, "app", [location]);
    expect((await artifactAt(host, location)).texts).toEqual(["hello", ""]);
  });

  it("is not added, and nothing of it kept, when a file changes between its digest and its copy", async () => {
    for (const later of ["other", "longer than before", ""]) {
      const host = memoryHost();
      const { lists } = openDesk({ wrap: () => changing(host, "/note.txt", later) });
      await putFiles(host, { "/note.txt": "hello" });
      await createList(lists, "app");
      const failure = await failureOf(addArtifactToList(lists, "app", ["/note.txt"]));
      expect(failure.code).toBe("MISMATCH");
      expect(failure.message).toContain('Cannot accept file "/note.txt", which has changed since it was read first: expected ');
      expect((await indexOfList(lists, "app")).manifests).toEqual([]);
      expect(await keptBy(host)).toEqual([]);
    }
  });

  it("is kept until no list has it any more", async () => {
    const { host, lists } = await local({ "/note.txt": "hello", "/data": "more" });
    await addArtifactToList(lists, "app", ["/note.txt", "/data"]);
    expect(await keptBy(host)).toHaveLength(4);
    await addArtifactToList(lists, "app", ["/note.txt"]);
    expect(await keptBy(host)).toHaveLength(5);
    await removeFromList(lists, "app", ["/data"]);
    expect(await keptBy(host)).toHaveLength(3);
    await deleteList(lists, "app");
    expect(await keptBy(host)).toEqual([]);
  });

  it("stands once, and is known by every file it was made of, when it is added again", async () => {
    const { lists } = await local({ "/x/note.txt": "hello", "/y/note.txt": "hello" });
    const [first] = (await addArtifactToList(lists, "app", ["/x/note.txt"], { annotations: { a: "1" } })).added;
    const [second] = (await addArtifactToList(lists, "app", ["/y/note.txt"], { annotations: { b: "2" } })).added;
    expect(second).toBe(first);
    const record = await lists.store.find("app");
    expect(record?.index.manifests.map(({ annotations }) => annotations)).toEqual([{ a: "1", b: "2" }]);
    expect(record?.sources[first ?? ""]?.files).toEqual(["/x/note.txt", "/y/note.txt"]);
  });

  it("comes along when its list is added to another, and stays when the first one goes", async () => {
    const { host, lists } = await local();
    await addArtifactToList(lists, "app", ["/note.txt"]);
    await createList(lists, "web");
    await addToList(lists, "web", ["app"], { all: true });
    await deleteList(lists, "app");
    await host.files.remove("/note.txt");
    await pushList(lists, "web", ["oci:/out:1"]);
    expect((await artifactAt(host, "oci:/out:1")).texts).toEqual(["hello"]);
  });

  it("gets annotations inside its manifest, and keeps its content and its names by that", async () => {
    const { host, lists } = await local();
    await addArtifactToList(lists, "app", ["/note.txt"]);
    await annotateList(lists, "app", { manifestAnnotations: parseLevelAnnotations(["manifest:a=1"]).manifests });
    await host.files.remove("/note.txt");
    await pushList(lists, "app", ["oci:/out:1"]);
    const { manifest, texts, entry } = await artifactAt(host, "oci:/out:1");
    expect([manifest.annotations, texts]).toEqual([{ a: "1" }, ["hello"]]);
    expect((await lists.store.find("app"))?.sources[entry.digest]).toEqual({ location: "files", kept: "all", files: ["/note.txt"] });
  });

  it("makes a docker list an OCI index and says so, unless the format was asked for: then its type is named as lost", async () => {
    const { host, lists, warnings } = openDesk();
    await putFiles(host, { "/note.txt": "hello" });
    for (const name of ["app", "docker"]) await createList(lists, name, { format: "v2s2" });
    await addArtifactToList(lists, "app", ["/note.txt"]);
    expect(warnings()).toEqual([expect.stringContaining('the list "app" becomes an OCI image index')]);
    expect((await indexOfList(lists, "app")).mediaType).toBe(mediaTypes.ociIndex);
    await addArtifactToList(lists, "docker", ["/note.txt"], { format: "v2s2" });
    expect(warnings()).toEqual([expect.stringContaining("artifactType")]);
    expect((await indexOfList(lists, "docker")).mediaType).toBe(mediaTypes.dockerList);
  });

  it("is refused by name at a push as v2s2, and nothing is written", async () => {
    const { host, lists } = await local();
    const { added } = await addArtifactToList(lists, "app", ["/note.txt"]);
    const failure = await failureOf(pushList(lists, "app", ["dir:/out"], { format: "v2s2" }));
    expect([failure.code, failure.message]).toEqual(["UNSUPPORTED", expect.stringContaining(added[0] ?? "")]);
    expect(await treeOf(host, "/out")).toEqual([]);
  });

  it("keeps CPU features, which only a docker list holds, in the record", async () => {
    const { host, lists, warnings } = await local();
    await addArtifactToList(lists, "app", ["/note.txt"], { os: "linux", architecture: "amd64", features: ["sse4"] });
    expect(warnings()).toEqual([expect.stringContaining("sse4")]);
    expect(await host.files.status("/out")).toBeUndefined();
  });
});

for (const kind of stages) {
  describe(`an artifact added to a list at a location (${kind}:)`, () => {
    const open: Stage[] = [];
    afterEach(async () => {
      for (const stage of open.splice(0)) await stage.close();
    });

    async function stage(options: Parameters<typeof openStage>[1] = {}) {
      const opened = await openStage(kind, options);
      open.push(opened);
      const source = await fillSource(opened.host);
      await putFiles(opened.host, { "/note.txt": "hello", "/empty": "" });
      return { ...opened, ...source };
    }

    it("goes there at once, beside the images, and nothing into the local store", async () => {
      const { host, lists, at, amd64 } = await stage();
      await createList(lists, at, { images: ["oci:/src:amd64"] });
      const { added, id } = await addArtifactToList(lists, at, ["/note.txt", "/empty"], {
        artifact: { artifactType: "application/x" },
        os: "linux",
        architecture: "amd64",
      });
      const index = await indexAt(host, at);
      expect(index.manifests.map(({ digest }) => digest)).toEqual([amd64.descriptor.digest, ...added]);
      expect([id]).toEqual([(await readAt(host, at)).descriptor.digest]);
      expect((await artifactAt(host, at)).texts).toEqual(["hello", ""]);
      expect(index.manifests[1]).toMatchObject({ artifactType: "application/x", platform: { os: "linux", architecture: "amd64" } });
      expect(await treeOf(host, "/lists")).toEqual([]);
    });

    it("comes with annotations inside its manifest", async () => {
      const { host, lists, at } = await stage();
      await createList(lists, at);
      await addArtifactToList(lists, at, ["/note.txt"], { manifestAnnotations: parseLevelAnnotations(["manifest:a=1"]).manifests });
      const { manifest, texts } = await artifactAt(host, at);
      expect([manifest.annotations, texts]).toEqual([{ a: "1" }, ["hello"]]);
    });

    it("comes from a local list with its content", async () => {
      const { host, lists, at } = await stage();
      await createList(lists, "app");
      await addArtifactToList(lists, "app", ["/note.txt"]);
      await host.files.remove("/note.txt");
      await createList(lists, at, { images: ["app"], all: true, manifestAnnotations: parseLevelAnnotations(["manifest:a=1"]).manifests });
      const { manifest, texts } = await artifactAt(host, at);
      expect([manifest.annotations, texts]).toEqual([{ a: "1" }, ["hello"]]);
    });

    it("leaves the list as it was when a file changes between its digest and its copy", async () => {
      const memory = memoryHost();
      await putFiles(memory, { "/note.txt": "hello" });
      const { host, lists, at } = await stage();
      await createList(lists, at, { images: ["oci:/src:amd64"] });
      const before = await readAt(host, at);
      const racing: ListContext = { ...lists, host: changing(host, "/note.txt", "other") };
      expect((await failureOf(addArtifactToList(racing, at, ["/note.txt"]))).code).toBe("MISMATCH");
      expect((await readAt(host, at)).bytes).toEqual(before.bytes);
    });
  });
}
