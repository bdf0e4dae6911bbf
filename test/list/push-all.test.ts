import { afterEach, describe, expect, it } from "bun:test";
import { createList, type ListContext, openLists, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf, fillSource, indexAt, openDesk } from "../helper/lists.ts";
import { type RegistryOptions, seedImage, startRegistry, type TestRegistry } from "../helper/registry.ts";

const open: TestRegistry[] = [];
afterEach(async () => {
  for (const registry of open.splice(0)) await registry.stop();
});

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

/** A list of two images in a registry, read by nobody yet. */
async function setUp(): Promise<{ readonly source: TestRegistry; readonly lists: ListContext }> {
  const source = await start();
  for (const platform of ["amd64", "arm64"]) seedImage(source, "parts", platform, { platform: `linux/${platform}`, layers: 3, layerSize: 200_000 });
  const { fetch, hash } = await currentHost();
  const host = { ...memoryHost({ fetch }), hash };
  const openFresh = () => openLists(host, { root: "/lists", verifyTls: false, retries: 0 });
  await createList(openFresh(), "app", { images: ["amd64", "arm64"].map((tag) => `docker://${source.host}/parts:${tag}`) });
  source.clear();
  return { source, lists: openFresh() };
}

function timesRead(registry: TestRegistry): readonly number[] {
  const times = new Map<string, number>();
  for (const { method, path } of registry.requests) if (method === "GET") times.set(path, (times.get(path) ?? 0) + 1);
  return [...times.values()];
}

describe("pushList() to several destinations", () => {
  it("reads each blob and manifest once from the source, for three registries", async () => {
    const { source, lists } = await setUp();
    const targets = [await start(), await start(), await start()];
    await pushList(
      lists,
      "app",
      targets.map(({ host }) => `docker://${host}/app:1`),
    );
    expect(timesRead(source)).toEqual(Array.from({ length: 10 }, () => 1));
    const tags = targets.map((registry) => registry.repository("app").tags.get("1"));
    expect(new Set(tags).size).toBe(1);
    for (const registry of targets) expect(registry.repository("app").blobs.size).toBe(8);
  });

  it("reads it once for a registry, a layout and a directory", async () => {
    const { source, lists } = await setUp();
    const target = await start();
    await pushList(lists, "app", ["oci:/out:1", `docker://${target.host}/app:1`, "dir:/dir"]);
    expect(timesRead(source).every((times) => times === 1)).toBe(true);
    for (const location of ["oci:/out:1", "dir:/dir", `docker://${target.host}/app:1`]) expect((await indexAt(lists.host, location)).manifests).toHaveLength(2);
  });

  it("mounts from the first what goes to another repository of the same registry", async () => {
    const { source, lists } = await setUp();
    const target = await start();
    await pushList(lists, "app", [`docker://${target.host}/one:1`, `docker://${target.host}/two:1`, `docker://${target.host}/one:2`]);
    expect(timesRead(source).every((times) => times === 1)).toBe(true);
    const uploads = target.requests.filter(({ method, path }) => method === "PUT" && path.includes("/blobs/"));
    expect(uploads.every(({ path }) => path.startsWith("/v2/one/"))).toBe(true);
    expect(uploads).toHaveLength(8);
    expect(target.repository("two").blobs.size).toBe(8);
    expect([...target.repository("one").tags.keys()]).toEqual(["1", "2"]);
  });

  it("goes on after one that fails, fails itself, and says which", async () => {
    const { source, lists } = await setUp();
    const [first, bad, last] = [await start(), await start({ fault: ({ method }) => (method === "PUT" ? 403 : undefined) }), await start()];
    const failure = await failureOf(
      pushList(
        lists,
        "app",
        [first, bad, last].map(({ host }) => `docker://${host}/app:1`),
        { digestFile: "/digest" },
      ),
    );
    expect(failure.code).toBe("DENIED");
    expect(failure.message).toContain(`Cannot push "app" to 1 of 3 destinations, the others are done: "docker://${bad.host}/app:1" failed: `);
    expect([first, bad, last].map((registry) => registry.repository("app").tags.size)).toEqual([1, 0, 1]);
    expect(timesRead(source).every((times) => times === 1)).toBe(true);
    expect(await lists.host.files.status("/digest")).toBeUndefined();
  });

  it("reads the source again where the first failed, so that the second gets everything", async () => {
    const { lists } = await setUp();
    const [bad, good] = [await start({ fault: ({ method }) => (method === "PUT" ? 403 : undefined) }), await start()];
    await failureOf(
      pushList(
        lists,
        "app",
        [bad, good].map(({ host }) => `docker://${host}/app:1`),
      ),
    );
    expect(good.repository("app").tags.size).toBe(1);
  });

  it("takes from the source what the first destination does not give out", async () => {
    const { lists } = await setUp();
    const shut = await start({ fault: ({ method, path }) => (method === "GET" && path.includes("/blobs/") ? 404 : undefined) });
    const target = await start();
    await pushList(lists, "app", [`docker://${shut.host}/app:1`, `docker://${target.host}/app:1`]);
    expect(target.repository("app").tags.size).toBe(1);
  });

  it("names all of them where all fail", async () => {
    const { host, lists } = openDesk();
    const { arm64 } = await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:arm64"] });
    await host.files.remove(`/src/blobs/sha256/${arm64.descriptor.digest.slice(7)}`);
    const failure = await failureOf(pushList(lists, "app", ["oci:/one:1", "oci:/two:1"]));
    expect(failure.message).toContain('Cannot push "app" to 2 of 2 destinations: "oci:/one:1" failed: ');
    expect(failure.message).toContain('; "oci:/two:1" failed: ');
  });

  it("asks no registry for all its repositories or tags, however many it says to take (CVE-2023-2253)", async () => {
    const { source, lists } = await setUp();
    const targets = [await start(), await start()];
    await pushList(
      lists,
      "app",
      targets.map(({ host }) => `docker://${host}/app:1`),
      { tags: ["latest"], referrers: true },
    );
    const paths = [source, ...targets].flatMap(({ requests }) => requests.map(({ path }) => path));
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => /_catalog|tags\/list|[?&]n=/.test(path))).toEqual([]);
  });

  it("is ended by the signal at once", async () => {
    const controller = new AbortController();
    const { host, lists } = openDesk({ lists: { signal: controller.signal } });
    await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:arm64"] });
    controller.abort(new Error("interrupted"));
    expect((await failureOf(pushList(lists, "app", ["oci:/one:1", "oci:/two:1"]))).message).toBe("interrupted");
  });
});
