import { afterEach, describe, expect, it } from "bun:test";
import { createList, openLists, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";
import { type Fault, type RegistryOptions, type SeededImage, type SeenRequest, seedImage, type TestRegistry } from "../helper/registry.ts";

/*
 * A registry whose copies do not agree, or which cleans up while it is written to, misses what it has just said it has. Here its
 * answers to questions are those of another copy.
 */

afterEach(stopAll);

const large = 1_200_000;
const says = (code: string, status = 400): Fault => ({ status, body: JSON.stringify({ errors: [{ code, message: "not here" }] }) });

/** Two images with a small layer and a large one each in a registry, and a function that pushes a list of them. */
async function setUp(options: RegistryOptions = {}) {
  const source = await start(options);
  const images = ["amd64", "arm64"].map((architecture) => {
    const config = { platform: `linux/${architecture}`, layers: 1, layerSize: large };
    return seedImage(source, "parts", architecture, config);
  });
  const warnings: string[] = [];
  const { fetch, hash } = await currentHost();
  const host = { ...memoryHost({ fetch }), hash };
  const report = (event: { readonly type: string; readonly message?: string }) => void (event.type === "warning" && warnings.push(event.message ?? ""));
  const lists = () => openLists(host, { root: "/lists", verifyTls: false, retries: 0, report });
  await createList(lists(), "app", { images: ["amd64", "arm64"].map((tag) => `docker://${source.host}/parts:${tag}`) });
  const push = (...targets: readonly TestRegistry[]) =>
    pushList(
      lists(),
      "app",
      targets.map(({ host }) => `docker://${host}/app:1`),
    );
  return { source, images, push, warnings };
}

/** Answers that `image` is there, whether it is or not. */
function claim({ manifest }: SeededImage): (request: SeenRequest) => Fault | undefined {
  const headers = { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest, "content-length": String(manifest.size) };
  return ({ method, path }) => (method === "HEAD" && path.endsWith(`/manifests/${manifest.digest}`) ? { status: 200, headers } : undefined);
}

const writes = ({ requests }: TestRegistry, kind: "manifests" | "blobs") =>
  requests.filter(({ method, path, size }) => method === "PUT" && size > 0 && path.includes(`/${kind}/`));

describe("pushList() to a registry that misses what it said it has", () => {
  for (const [code, status] of [
    ["MANIFEST_BLOB_UNKNOWN", 400],
    ["MANIFEST_UNKNOWN", 404],
    ["MANIFEST_INVALID", 400],
  ] as const)
    it(`puts an image that is gone there again when the index is refused with ${code}`, async () => {
      const { images, push, warnings } = await setUp();
      const [gone] = images;
      if (!gone) throw new Error("no image");
      const lie = claim(gone);
      let isLying = false;
      const target = await start({
        fault: (request) => (isLying ? lie(request) : undefined),
        quirks: { lacking: { status, body: JSON.stringify({ errors: [{ code }] }) } },
      });
      await push(target);
      const { manifests, tags } = target.repository("app");
      manifests.delete(gone.manifest.digest);
      tags.clear();
      target.clear();
      isLying = true;
      await push(target);
      expect([tags.size, manifests.has(gone.manifest.digest)]).toEqual([1, true]);
      expect(writes(target, "blobs")).toEqual([]);
      // The index, both images since nobody says which is missing, and the index.
      expect(writes(target, "manifests")).toHaveLength(4);
      expect(warnings).toEqual([expect.stringContaining(`"docker://${target.host}/app:1" misses what it said it has of sha256:`)]);
    });

  it("sends what is missing of an image that is gone, and asks for what is large", async () => {
    const { images, push } = await setUp();
    const [gone, other] = images;
    if (!gone || !other) throw new Error("no image");
    const lie = claim(gone);
    let isLying = false;
    const target = await start({ fault: (request) => (isLying ? lie(request) : undefined) });
    await push(target);
    const { manifests, blobs, tags } = target.repository("app");
    manifests.delete(gone.manifest.digest);
    blobs.delete(gone.config.digest);
    tags.clear();
    target.clear();
    isLying = true;
    await push(target);
    expect([tags.size, blobs.has(gone.config.digest)]).toEqual([1, true]);
    expect(writes(target, "blobs").map(({ size }) => size)).toEqual([gone.config.size]);
    const asked = target.requests.flatMap(({ method, path }) => (method === "HEAD" && path.includes("/blobs/") ? [path.slice(path.indexOf("sha256"))] : []));
    expect(asked).toEqual(gone.layers.map(({ digest }) => digest));
  });

  it("sends a blob that it has said to have", async () => {
    const { images, push } = await setUp();
    const layer = images[0]?.layers[0];
    if (!layer) throw new Error("no layer");
    let asked = 0;
    const isAsked = ({ method, path }: SeenRequest) => method === "HEAD" && path.endsWith(layer.digest);
    const target = await start({ fault: (request) => (isAsked(request) && asked++ === 0 ? { status: 200 } : undefined) });
    await push(target);
    expect([asked, target.repository("app").tags.size, target.repository("app").blobs.size]).toEqual([1, 1, 4]);
  });

  it("sends a blob that it keeps saying to have", async () => {
    const { images, push } = await setUp();
    const layer = images[0]?.layers[0];
    if (!layer) throw new Error("no layer");
    const target = await start({ fault: ({ method, path }) => (method === "HEAD" && path.endsWith(layer.digest) ? { status: 200 } : undefined) });
    await push(target);
    expect([target.repository("app").tags.size, target.repository("app").blobs.size]).toEqual([1, 4]);
    expect(writes(target, "blobs").filter(({ path }) => decodeURIComponent(path).includes(layer.digest))).toHaveLength(1);
  });

  it("sends what is missing of an image that is gone where it keeps saying to have both, once it has refused the image twice", async () => {
    const { images, push } = await setUp();
    const [gone] = images;
    const [layer] = gone?.layers ?? [];
    if (!gone || !layer) throw new Error("no image");
    const lie = claim(gone);
    let isLying = false;
    const isAsked = ({ method, path }: SeenRequest) => method === "HEAD" && path.endsWith(layer.digest);
    const target = await start({ fault: (request) => (isLying ? (isAsked(request) ? { status: 200 } : lie(request)) : undefined) });
    await push(target);
    const { manifests, blobs, tags } = target.repository("app");
    manifests.delete(gone.manifest.digest);
    blobs.delete(layer.digest);
    tags.clear();
    target.clear();
    isLying = true;
    await push(target);
    expect([tags.size, blobs.has(layer.digest)]).toEqual([1, true]);
    expect(target.requests.filter(isAsked)).toHaveLength(1);
    expect(writes(target, "blobs").filter(({ size }) => size >= large)).toHaveLength(1);
  });

  it("sends a blob that it has said to have mounted", async () => {
    let mounts = 0;
    const { source, push } = await setUp({ fault: ({ path }) => (path.includes("mount=") && mounts++ === 0 ? { status: 201 } : undefined) });
    await push(source);
    expect([source.repository("app").tags.size, source.repository("app").blobs.size]).toEqual([1, 4]);
    // Both that the image has, since nobody says which is missing.
    expect(writes(source, "blobs")).toHaveLength(2);
  });

  it("says so where that does not help, and leaves the tag alone", async () => {
    const { images, push } = await setUp();
    const [gone] = images;
    if (!gone) throw new Error("no image");
    const lie = claim(gone);
    const isRoot = ({ method, path }: SeenRequest) => method === "PUT" && path.endsWith("/manifests/1");
    const target = await start({ fault: (request) => lie(request) ?? (isRoot(request) ? says("MANIFEST_UNKNOWN", 404) : undefined) });
    const failure = await failureOf(push(target));
    expect(failure.message).toContain("404 MANIFEST_UNKNOWN (not here); what it had said it has was brought again, and it still misses something");
    expect(target.repository("app").tags.size).toBe(0);
    expect(target.requests.filter(isRoot)).toHaveLength(2);
  });

  it("brings nothing again where all of it has come from here: then the manifest is what is wrong", async () => {
    const { push, warnings } = await setUp();
    const target = await start({ fault: ({ method, path }) => (method === "PUT" && path.endsWith("/manifests/1") ? says("MANIFEST_INVALID") : undefined) });
    expect((await failureOf(push(target))).message).toMatch(/400 MANIFEST_INVALID \(not here\)$/);
    expect([writes(target, "manifests").length, writes(target, "blobs").length, warnings.length]).toEqual([3, 4, 0]);
  });

  it("brings it again to no other destination", async () => {
    const { images, push } = await setUp();
    const [gone] = images;
    if (!gone) throw new Error("no image");
    const [lying, honest] = [await start({ fault: claim(gone) }), await start()];
    await push(lying, honest);
    expect([lying, honest].map((registry) => registry.repository("app").tags.size)).toEqual([1, 1]);
    expect([writes(lying, "manifests").length, writes(honest, "manifests").length]).toEqual([5, 3]);
  });
});
