import { describe, expect, it } from "bun:test";
import { annotateList, createList, listExists, pushList } from "../../src/core/list/mod.ts";
import type { Event } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, fillSource, indexAt, openDesk, putImage, readAt, readText, treeOf } from "../helper/lists.ts";
import { startRegistry } from "../helper/registry.ts";

async function open(options?: Parameters<typeof openDesk>[0]) {
  const desk = openDesk(options);
  return { ...desk, ...(await fillSource(desk.host)) };
}

describe("pushList()", () => {
  async function filled(options?: Parameters<typeof openDesk>[0]) {
    const desk = await open(options);
    const created = await createList(desk.lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
    return { ...desk, created };
  }

  it("brings the images first, the index last, and tells what it did", async () => {
    const { lists, events, created, amd64, arm64 } = await filled();
    const results = await pushList(lists, "app", ["oci:/out:1"]);
    const { id, names, digest, size, mediaType } = created;
    const entries = [amd64, arm64].map(({ descriptor }) => descriptor.digest);
    expect(results).toEqual([{ id, names, destination: "oci:/out:1", destinationNames: ["oci:/out:1"], digest, size, mediaType, images: 2, entries }]);
    const written = events.flatMap((event) => (event.type === "manifest" && event.outcome === "written" ? [event.kind] : []));
    expect(written).toEqual(["image", "image", "index"]);
  });

  it("goes to several destinations, under further tags", async () => {
    const { host, lists, created } = await filled();
    const results = await pushList(lists, "app", ["oci:/one:1", "oci:/two"], { tags: ["latest", "1.2"] });
    expect(results.map(({ destination }) => destination)).toEqual(["oci:/one:1", "oci:/two"]);
    for (const location of ["oci:/one:1", "oci:/one:latest", "oci:/one:1.2", "oci:/two:latest", "oci:/two:1.2"])
      expect((await readAt(host, location)).descriptor.digest).toBe(created.digest);
  });

  it("refuses further tags where there is only one name", async () => {
    const { lists } = await filled();
    expect((await failureOf(pushList(lists, "app", ["dir:/out"], { tags: ["latest"] }))).code).toBe("UNSUPPORTED");
  });

  it("leaves out the images with all false, asks for each, and errors before the tag is written", async () => {
    const { host, lists, arm64, created } = await filled();
    await createList(lists, "one", { images: ["oci:/src:amd64"] });
    await pushList(lists, "one", ["oci:/out:one"]);
    const failure = await failureOf(pushList(lists, "app", ["oci:/out:1"], { all: false }));
    expect([failure.code, failure.message]).toEqual([
      "NOT_FOUND",
      expect.stringContaining(`the destination lacks image ${arm64.descriptor.digest} (linux/arm64/v8), which the list refers to`),
    ]);
    expect((await failureOf(readAt(host, "oci:/out:1"))).code).toBe("NOT_FOUND");
    await pushList(lists, "app", ["oci:/out:all"]);
    const [result] = await pushList(lists, "app", ["oci:/out:1"], { all: false });
    expect([result?.images, (await readAt(host, "oci:/out:1")).descriptor.digest]).toEqual([0, created.digest]);
  });

  it("pushes an empty list", async () => {
    const { host, lists } = await open();
    await createList(lists, "empty");
    await pushList(lists, "empty", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests).toEqual([]);
  });

  it("writes the digest to a file after success only", async () => {
    const { host, lists, created } = await filled();
    await failureOf(pushList(lists, "app", ["oci:/out:1", "tarball:x"], { digestFile: "/digest" }));
    expect(await host.files.status("/digest")).toBeUndefined();
    await pushList(lists, "app", ["oci:/out:1"], { digestFile: "/digest" });
    expect(await readText(host, "/digest")).toBe(created.digest);
  });

  it("removes the local list after success only", async () => {
    const { lists } = await filled();
    await failureOf(pushList(lists, "app", ["oci:/out:1", "tarball:x"], { remove: true }));
    expect(await listExists(lists, "app")).toBe(true);
    await pushList(lists, "app", ["oci:/out:1"], { remove: true });
    expect(await listExists(lists, "app")).toBe(false);
  });

  it("refuses a list that is not there, an empty destination, and a list given by ID without destination", async () => {
    const { lists, created } = await filled();
    expect((await failureOf(pushList(lists, "none", ["nowhere"]))).message).toBe("none: image not known");
    expect((await failureOf(pushList(lists, "app", [""]))).message).toContain("the destination is empty");
    expect((await failureOf(pushList(lists, created.id.slice(0, 12)))).message).toContain("a list given by its ID needs a destination");
  });

  it("asks the registry for its own name when there is no destination, and for one without transport", async () => {
    const asked = new Set<string>();
    const fetch = async (url: string) => {
      asked.add(new URL(url).host + new URL(url).pathname.split("/").slice(0, 4).join("/"));
      return new Response("{}", { status: 403 });
    };
    const { lists } = await filled({ fetch });
    await createList(lists, "registry.example.com/app:1");
    for (const [list, to] of [
      ["registry.example.com/app:1", []],
      ["app", ["other.example.com/web"]],
      ["app", []],
    ] as const)
      expect((await failureOf(pushList(lists, list, to))).code).toBe("DENIED");
    expect([...asked]).toEqual(["registry.example.com/v2/app/manifests", "other.example.com/v2/web/manifests", "registry-1.docker.io/v2/library/app"]);
  });

  it("is ended by the signal and leaves no tag", async () => {
    const controller = new AbortController();
    const { host, lists } = await filled({ lists: { signal: controller.signal } });
    controller.abort();
    expect(
      await pushList(lists, "app", ["oci:/out:1"]).then(
        () => "done",
        () => "ended",
      ),
    ).toBe("ended");
    expect(await treeOf(host, "/out")).toEqual([]);
  });

  it("removes the list when told so, unless it was edited meanwhile", async () => {
    const { lists, warnings } = await filled();
    const edited = { ...lists, report: (event: Event) => event.type === "manifest" && editing.push(annotateList(lists, "app", { annotations: { a: "b" } })) };
    const editing: Promise<unknown>[] = [];
    await pushList(edited, "app", ["oci:/out:1"], { remove: true });
    await Promise.all(editing);
    expect(await listExists(lists, "app")).toBe(true);
    await pushList(lists, "app", ["oci:/out:1"], { remove: true });
    expect(await listExists(lists, "app")).toBe(false);
    expect(warnings()).toEqual([]);
  });

  it("gives its upload sessions back when it is interrupted", async () => {
    const controller = new AbortController();
    const registry = await startRegistry({
      fault: (request) => {
        if (request.method !== "PUT") return undefined;
        controller.abort(new Error("interrupted"));
        return 503;
      },
    });
    try {
      const { fetch } = await currentHost();
      const { lists } = await filled({ fetch, lists: { verifyTls: false, signal: controller.signal, concurrency: 1 } });
      expect((await failureOf(pushList(lists, "app", [`docker://${registry.host}/app:1`]))).message).toBe("interrupted");
      expect(registry.requests.map(({ method }) => method)).toContain("DELETE");
      expect(registry.openUploads()).toBe(0);
      expect([...registry.repository("app").tags.keys()]).toEqual([]);
    } finally {
      await registry.stop();
    }
  });

  it("waits to hear of a session that is being opened when it is interrupted, and gives it back", async () => {
    const controller = new AbortController();
    const registry = await startRegistry({
      fault: ({ method }) => {
        if (method === "POST") controller.abort(new Error("interrupted"));
        return undefined;
      },
    });
    try {
      const { fetch } = await currentHost();
      const { lists } = await filled({ fetch, lists: { verifyTls: false, signal: controller.signal } });
      expect((await failureOf(pushList(lists, "app", [`docker://${registry.host}/app:1`]))).message).toBe("interrupted");
      expect(registry.requests.some(({ method }) => method === "POST")).toBe(true);
      expect(registry.openUploads()).toBe(0);
    } finally {
      await registry.stop();
    }
  });

  it("finds what it brought before, and writes nothing twice", async () => {
    const { host, lists, events } = await filled();
    await pushList(lists, "app", ["oci:/out:1"]);
    const before = await treeOf(host, "/out");
    events.length = 0;
    await pushList(lists, "app", ["oci:/out:1"]);
    expect(events.filter((event) => event.type === "blob")).toEqual([]);
    expect(await treeOf(host, "/out")).toEqual(before);
  });

  it("asks for every blob when told so", async () => {
    const { host, lists, events } = await filled();
    await pushList(lists, "app", ["oci:/out:1"]);
    events.length = 0;
    await pushList(lists, "app", ["oci:/out:1"], { verifyBlobs: true });
    expect(events.filter((event) => event.type === "blob")).toHaveLength(4);
    expect((await indexAt(host, "oci:/out:1")).manifests).toHaveLength(2);
  });

  it("brings an artifact with its files", async () => {
    const { host, lists } = await open();
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x", layers: ["file"] });
    await createList(lists, "app", { images: ["oci:/src:artifact"] });
    await pushList(lists, "app", ["oci:/out:1"]);
    expect(await host.files.list("/out/blobs/sha256")).toContain(artifact.descriptor.digest.slice(7));
  });
});
