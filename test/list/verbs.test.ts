import { describe, expect, it } from "bun:test";
import {
  addToList,
  allLists,
  annotateList,
  createList,
  deleteList,
  deleteLists,
  inspectList,
  listExists,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import { failureOf, fillSource, indexOfList, openDesk, readAt, treeOf } from "../helper/lists.ts";

async function open(options?: Parameters<typeof openDesk>[0]) {
  const desk = openDesk(options);
  return { ...desk, ...(await fillSource(desk.host)) };
}

describe("createList()", () => {
  it("refuses a name that is taken, in buildah's words, before an image is read", async () => {
    const { lists } = await open();
    const { id } = await createList(lists, "app");
    const failure = await failureOf(createList(lists, "app", { images: ["oci:/nowhere:1"] }));
    expect([failure.code, failure.message]).toEqual([
      "EXISTS",
      `image name "localhost/app:latest" is already associated with image "${id}": that name is already in use`,
    ]);
  });

  it("keeps ID and content with amend, and adds to it", async () => {
    const { lists, amd64, arm64 } = await open();
    const { id } = await createList(lists, "app", { images: ["oci:/src:amd64"], annotations: { a: "1" } });
    const amended = await createList(lists, "app", {
      amend: true,
      images: ["oci:/src:arm64"],
      annotations: { b: "2" },
      artifactType: "application/x",
      subject: "oci:/src:amd64",
    });
    expect(amended.id).toBe(id);
    const index = await indexOfList(lists, "app");
    expect(index).toMatchObject({ annotations: { a: "1", b: "2" }, artifactType: "application/x", subject: { digest: amd64.descriptor.digest } });
    expect(index.manifests.map(({ digest }) => digest)).toEqual([amd64, arm64].map((image) => image.descriptor.digest));
  });

  it("makes a new list with amend where only the ID of another begins like the name, and edits the one whose whole ID it is", async () => {
    const { lists } = await open();
    const { id } = await createList(lists, "app");
    const { names } = await createList(lists, id.slice(0, 4), { amend: true, annotations: { a: "b" } });
    expect(names).toEqual([`localhost/${id.slice(0, 4)}:latest`]);
    expect((await indexOfList(lists, "app")).annotations).toBeUndefined();
    expect((await createList(lists, id, { amend: true, annotations: { a: "b" } })).id).toBe(id);
    expect((await indexOfList(lists, "app")).annotations).toEqual({ a: "b" });
  });

  it("makes a new list with amend where there is none", async () => {
    const { lists } = await open();
    expect((await createList(lists, "app", { amend: true })).names).toEqual(["localhost/app:latest"]);
  });

  it("takes the name away with replace, and the old list stays under its ID", async () => {
    const { lists } = await open();
    const old = await createList(lists, "app", { images: ["oci:/src:amd64"] });
    const fresh = await createList(lists, "app", { replace: true });
    expect(fresh.id).not.toBe(old.id);
    expect((await indexOfList(lists, "app")).manifests).toEqual([]);
    expect((await indexOfList(lists, old.id)).manifests).toHaveLength(1);
    expect((await lists.store.find(old.id))?.names).toEqual([]);
  });

  it("leaves the old list its name when replace fails", async () => {
    const { lists } = await open();
    const old = await createList(lists, "app");
    await failureOf(createList(lists, "app", { replace: true, images: ["oci:/src:none"] }));
    expect((await lists.store.find("app"))?.id).toBe(old.id);
  });

  it("refuses amend together with replace", async () => {
    const { lists } = await open();
    expect((await failureOf(createList(lists, "app", { amend: true, replace: true }))).message).toContain("mutually exclusive");
  });

  it("is all or nothing: when the third image fails, no list is left behind and the name is free", async () => {
    const { host, lists } = await open();
    const failure = await failureOf(createList(lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64", "oci:/src:none"] }));
    expect(failure.code).toBe("NOT_FOUND");
    expect(await listExists(lists, "app")).toBe(false);
    expect((await allLists(lists)).lists).toEqual([]);
    expect(await treeOf(host, "/lists")).toEqual([]);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
  });

  it("is nothing when annotations or subject fail", async () => {
    const { lists } = await open();
    await failureOf(createList(lists, "app", { subject: "oci:/src:none" }));
    await failureOf(createList(lists, "app", { entryAnnotations: [{ platform: { os: "linux", architecture: "s390x" }, annotations: { a: "1" } }] }));
    expect(await listExists(lists, "app")).toBe(false);
  });

  it("refuses an empty name", async () => {
    const { lists } = await open();
    expect((await failureOf(createList(lists, ""))).message).toBe('Cannot use list name "": it is empty');
  });
});

describe("a local list", () => {
  it("is named as buildah completes names", async () => {
    const { lists } = await open();
    for (const [name, full] of [
      ["foo", "localhost/foo:latest"],
      ["me/foo:1", "localhost/me/foo:1"],
      ["ghcr.io/me/foo", "ghcr.io/me/foo:latest"],
      ["localhost:5000/x", "localhost:5000/x:latest"],
    ] as const) {
      expect((await createList(lists, name)).names).toEqual([full]);
      expect((await inspectList(lists, full)).names).toEqual([full]);
    }
  });

  it("is found by its ID and by a prefix of at least 3 of its digits, a name wins over a prefix", async () => {
    const { lists } = await open();
    const { id } = await createList(lists, "app");
    for (const text of [id, `sha256:${id}`, id.slice(0, 12), id.slice(0, 3)]) expect((await inspectList(lists, text)).id).toBe(id);
    expect(await listExists(lists, id.slice(0, 2))).toBe(false);
    const other = await createList(lists, id.slice(0, 4));
    expect((await inspectList(lists, id.slice(0, 4))).id).toBe(other.id);
  });

  it("keeps its ID through every edit", async () => {
    const { lists } = await open();
    const { id } = await createList(lists, "app");
    const ids = [
      (await addToList(lists, "app", ["oci:/src:amd64"])).id,
      (await annotateList(lists, "app", { annotations: { a: "1" } })).id,
      (await removeFromList(lists, "app", ["linux/amd64"])).id,
    ];
    expect(ids).toEqual([id, id, id]);
  });

  it("loses no edit of many at once", async () => {
    const { lists } = await open();
    await createList(lists, "app");
    const keys = Array.from({ length: 12 }, (_, at) => `key${at}`);
    await Promise.all(keys.map((key) => annotateList(lists, "app", { annotations: { [key]: "1" } })));
    expect(Object.keys((await indexOfList(lists, "app")).annotations ?? {}).sort()).toEqual([...keys].sort());
  });
});

describe("removeFromList()", () => {
  it("removes several entries and tells them in order", async () => {
    const { lists, amd64, arm64, attestation } = await open();
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    const { removed } = await removeFromList(lists, "app", ["linux/arm64", amd64.descriptor.digest]);
    expect(removed).toEqual([arm64, amd64].map(({ descriptor }) => descriptor.digest));
    expect((await indexOfList(lists, "app")).manifests.map(({ digest }) => digest)).toEqual([attestation.descriptor.digest]);
  });

  it("removes the attestations too when told so", async () => {
    const { lists, amd64, arm64, attestation } = await open();
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    const { removed, entries } = await removeFromList(lists, "app", ["linux/amd64"], { attestations: true });
    expect([removed, entries]).toEqual([[amd64.descriptor.digest], [amd64, attestation].map(({ descriptor }) => descriptor.digest)]);
    expect((await indexOfList(lists, "app")).manifests.map(({ digest }) => digest)).toEqual([arm64.descriptor.digest]);
  });

  it("leaves images where they are, and the list as it is when one entry is unknown", async () => {
    const { host, lists } = await open();
    await createList(lists, "app", { images: ["oci:/src:multi"], all: true });
    const before = await treeOf(host, "/src");
    await failureOf(removeFromList(lists, "app", ["linux/arm64", "linux/s390x"]));
    expect((await indexOfList(lists, "app")).manifests).toHaveLength(3);
    await removeFromList(lists, "app", ["linux/arm64"]);
    expect(await treeOf(host, "/src")).toEqual(before);
  });
});

describe("inspectList()", () => {
  it("returns a local list as it would be pushed", async () => {
    const { host, lists } = await open();
    const { id } = await createList(lists, "app", { images: ["oci:/src:amd64"] });
    const inspected = await inspectList(lists, "app");
    await pushList(lists, "app", ["dir:/out"]);
    expect([inspected.id, inspected.document.bytes]).toEqual([id, (await readAt(host, "dir:/out")).bytes]);
    expect(inspected.state?.sources).not.toEqual({});
  });

  it("returns a single image at a location", async () => {
    const { lists, amd64 } = await open();
    expect((await inspectList(lists, "oci:/src:amd64")).document).toEqual(amd64);
  });

  it("asks the registry for a name that is not stored, and nobody for a short one", async () => {
    const asked: string[] = [];
    const fetch = async (url: string) => {
      asked.push(url);
      return new Response("{}", { status: 404 });
    };
    const { lists } = await open({ fetch });
    expect((await failureOf(inspectList(lists, "registry.example.com/app:1"))).code).toBe("NOT_FOUND");
    expect(asked).toEqual(["https://registry.example.com/v2/app/manifests/1"]);
    expect((await failureOf(inspectList(lists, "app"))).message).toBe("app: image not known");
    expect(asked).toHaveLength(1);
  });
});

describe("listExists()", () => {
  it("throws whatever is not an answer", async () => {
    const { lists } = await open({ fetch: async () => new Response("{}", { status: 403 }) });
    expect((await failureOf(listExists(lists, "docker://registry.example.com/app:1"))).code).toBe("DENIED");
  });
});

describe("deleteList()", () => {
  it("takes the name away and with it the list; images stay", async () => {
    const { host, lists } = await open();
    const { id } = await createList(lists, "app", { images: ["oci:/src:amd64"] });
    const before = await treeOf(host, "/src");
    expect(await deleteList(lists, "app")).toEqual({ untagged: ["localhost/app:latest"], removed: id });
    expect(await listExists(lists, "app")).toBe(false);
    expect(await listExists(lists, id)).toBe(false);
    expect(await treeOf(host, "/src")).toEqual(before);
  });

  it("deletes a list by its ID, one without names too", async () => {
    const { lists } = await open();
    const old = await createList(lists, "app");
    const fresh = await createList(lists, "app", { replace: true });
    expect(await deleteList(lists, old.id)).toEqual({ untagged: [], removed: old.id });
    expect(await deleteList(lists, fresh.id.slice(0, 12))).toEqual({ untagged: ["localhost/app:latest"], removed: fresh.id });
    expect((await allLists(lists)).lists).toEqual([]);
  });

  it("does not know what is not there", async () => {
    const { lists } = await open();
    const failure = await failureOf(deleteList(lists, "foo1"));
    expect([failure.code, failure.message]).toEqual(["NOT_FOUND", "foo1: image not known"]);
  });
});

describe("deleteLists()", () => {
  it("goes on after a failure and tells all of them", async () => {
    const { lists } = await open();
    await createList(lists, "b");
    const { deletions, failures } = await deleteLists(lists, ["a", "b", "c"]);
    expect(deletions.map(({ untagged }) => untagged)).toEqual([["localhost/b:latest"]]);
    expect(failures.map(({ message }) => message)).toEqual(["a: image not known", "c: image not known"]);
  });

  it("lets missing ones pass when told so, and only those", async () => {
    const { lists } = await open();
    const { failures } = await deleteLists(lists, ["a", "oci:/nowhere:1", "tarball:x"], { ignoreMissing: true });
    expect(failures.map(({ code }) => code)).toEqual(["UNSUPPORTED"]);
  });
});

describe("allLists()", () => {
  it("returns the lists by name, and what is wrong with others", async () => {
    const { host, lists } = await open();
    for (const name of ["web", "app", "ghcr.io/me/x"]) await createList(lists, name);
    expect((await allLists(lists)).lists.map(({ names }) => names[0])).toEqual(["ghcr.io/me/x:latest", "localhost/app:latest", "localhost/web:latest"]);
    const { id } = await inspectList(lists, "web");
    const [path = ""] = (await treeOf(host, "/lists")).filter((each) => each.includes(id));
    await host.files.remove(path);
    await (await host.files.create(path)).write(new TextEncoder().encode("{}"));
    const { lists: left, damaged } = await allLists(lists);
    expect(left).toHaveLength(2);
    expect(damaged.map(({ code }) => code)).toEqual(["DAMAGED"]);
    expect((await failureOf(listExists(lists, "web"))).code).toBe("DAMAGED");
    expect((await failureOf(annotateList(lists, "web", { annotations: { a: "1" } }))).code).toBe("DAMAGED");
  });
});
