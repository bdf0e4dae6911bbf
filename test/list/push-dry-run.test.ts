import { describe, expect, it } from "bun:test";
import { createList, listExists, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, fillSource, openDesk, treeOf } from "../helper/lists.ts";
import { type RegistryOptions, seedImage, startRegistry, type TestRegistry } from "../helper/registry.ts";

async function withRegistry(options: RegistryOptions, task: (registry: TestRegistry) => Promise<void>): Promise<void> {
  const registry = await startRegistry(options);
  try {
    await task(registry);
  } finally {
    await registry.stop();
  }
}

async function filled() {
  const { fetch } = await currentHost();
  const desk = openDesk({ fetch, lists: { verifyTls: false } });
  const source = await fillSource(desk.host);
  const created = await createList(desk.lists, "app", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
  return { ...desk, ...source, created };
}

describe("pushList() with dryRun", () => {
  it("tells every blob, manifest and tag that a push would write, and sends a registry nothing but questions", () =>
    withRegistry({}, async (registry) => {
      const { lists, created, amd64, arm64 } = await filled();
      const [result] = await pushList(lists, "app", [`docker://${registry.host}/app:1`], { dryRun: true, tags: ["latest"] });
      expect(new Set(registry.requests.map(({ method }) => method))).toEqual(new Set(["HEAD"]));
      expect(result?.digest).toBe(created.digest);
      const writes = result?.writes ?? [];
      expect(writes.map(({ write }) => write).sort()).toEqual(["manifest", "manifest", "name", "name", "upload", "upload", "upload", "upload"]);
      expect(writes.flatMap((each) => (each.write === "manifest" ? [each.digest] : [])).sort()).toEqual(
        [amd64, arm64].map(({ descriptor }) => descriptor.digest).sort(),
      );
      expect(writes.slice(-2)).toMatchObject([`1`, "latest"].map((tag) => ({ digest: created.digest, name: `docker://${registry.host}/app:${tag}` })));
    }));

  it("tells what a push then writes, no more and no less", () =>
    withRegistry({}, async (registry) => {
      const { lists } = await filled();
      const destination = `docker://${registry.host}/app:1`;
      const [result] = await pushList(lists, "app", [destination], { dryRun: true });
      registry.clear();
      await pushList(lists, "app", [destination]);
      const count = (kind: RegExp) => registry.requests.filter(({ method, path }) => method === "PUT" && kind.test(path)).length;
      const planned = (...kinds: readonly string[]) => (result?.writes ?? []).filter(({ write }) => kinds.includes(write)).length;
      expect([count(/\/blobs\//), count(/\/manifests\//)]).toEqual([planned("upload"), planned("manifest", "name")]);
      const [again] = await pushList(lists, "app", [destination], { dryRun: true });
      expect(again?.writes?.map(({ write }) => write)).toEqual(["name"]);
    }));

  it("tells which blobs are there, and which would be mounted", () =>
    withRegistry({}, async (registry) => {
      const { lists } = await filled();
      const { config, layers } = seedImage(registry, "parts", "amd64", { layers: 2 });
      await createList(lists, "near", { images: [`docker://${registry.host}/parts:amd64`] });
      registry.repository("app").blobs.set(config.digest, new Uint8Array());
      const [result] = await pushList(lists, "near", [`${registry.host}/app:1`], { dryRun: true });
      const mounts = (result?.writes ?? []).flatMap((each) => (each.write === "mount" ? [{ digest: each.digest, from: each.from }] : []));
      expect(mounts).toEqual(layers.map(({ digest }) => ({ digest, from: "parts" })));
      expect(result?.writes?.some(({ write }) => write === "upload")).toBe(false);
    }));

  it("tells which blobs a layout or directory has", async () => {
    const { host, lists, amd64 } = await filled();
    for (const [location, folder] of [
      ["oci:/out:1", "/out/blobs/sha256"],
      ["dir:/dir", "/dir"],
    ] as const) {
      await pushList(lists, "app", [location]);
      const gone = "layers" in amd64.value ? (amd64.value.layers[0]?.digest ?? "") : "";
      await host.files.remove(`${folder}/${gone.slice(7)}`);
      const [result] = await pushList(lists, "app", [location], { dryRun: true });
      expect(result?.writes?.flatMap((each) => (each.write === "upload" ? [String(each.digest)] : []))).toEqual([gone]);
    }
  });

  it("touches no layout, no directory, no file and no list", async () => {
    const { host, lists } = await filled();
    await pushList(lists, "app", ["oci:/there:1"]);
    const before = await treeOf(host, "/there");
    await pushList(lists, "app", ["oci:/there:2", "oci:/out:1", "dir:/dir"], {
      dryRun: true,
      digestFile: "/digest",
      metadataFile: "/metadata",
      remove: true,
      wait: 1000,
    });
    expect(await treeOf(host, "/there")).toEqual(before);
    for (const path of ["/out", "/dir", "/digest", "/metadata"]) expect(await host.files.status(path)).toBeUndefined();
    expect(await listExists(lists, "app")).toBe(true);
  });

  it("fails where the push would", async () => {
    const { lists } = await filled();
    expect((await failureOf(pushList(lists, "app", ["oci:/out:1"], { dryRun: true, all: false }))).code).toBe("NOT_FOUND");
    expect((await failureOf(pushList(lists, "app", ["dir:/out"], { dryRun: true, tags: ["a"] }))).code).toBe("UNSUPPORTED");
  });

  it("reports no copying", async () => {
    const { lists, events } = await filled();
    await pushList(lists, "app", ["oci:/out:1"], { dryRun: true });
    expect(events).toEqual([]);
  });
});
