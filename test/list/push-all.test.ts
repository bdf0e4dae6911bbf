import { afterEach, describe, expect, it } from "bun:test";
import { createList, type ListContext, openLists, pushList } from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf, fillSource, indexAt, openDesk, putImage } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";
import { type SeenRequest, seedImage, type TestRegistry } from "../helper/registry.ts";

afterEach(stopAll);

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

/** A list of two images in a layout or an archive, and how often each file of the layout was opened since, or each part of the archive. */
async function setUpFiles(location: "oci:/src" | "oci-archive:/src.tar"): Promise<{ readonly lists: ListContext; readonly opened: Map<string, number> }> {
  const opened = new Map<string, number>();
  const { fetch, hash } = await currentHost();
  const memory = { ...memoryHost({ fetch }), hash };
  const shared = "shared".padEnd(1.5 * 2 ** 20, ".");
  for (const architecture of ["amd64", "arm64"])
    await putImage(memory, `${location}:${architecture}`, { platform: `linux/${architecture}`, layers: [shared, `only ${architecture}`] });
  const open = (host: Host) => openLists(host, { root: "/lists", verifyTls: false, retries: 0 });
  await createList(open(memory), "app", { images: ["amd64", "arm64"].map((architecture) => `${location}:${architecture}`) });
  const read: Host["files"]["read"] = (path, options = {}) => {
    const part = `${path} ${options.start ?? 0}`;
    // At its beginning an archive says how it is compressed and what is in it.
    if (path.startsWith("/src") && part !== "/src.tar 0") opened.set(part, (opened.get(part) ?? 0) + 1);
    return memory.files.read(path, options);
  };
  return { lists: open({ ...memory, files: { ...memory.files, read } }), opened };
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

  for (const from of ["oci:/src", "oci-archive:/src.tar"] as const)
    it(`reads each file of ${from} once for a registry, two repositories of another, a layout, an archive and a directory`, async () => {
      const { lists, opened } = await setUpFiles(from);
      const [one, two] = [await start(), await start()];
      const registries = [`docker://${one.host}/app:1`, `docker://${two.host}/app:1`, `docker://${two.host}/more:1`];
      const destinations = [...registries, "oci:/out:1", "oci-archive:/out.tar:1", "dir:/dir"];
      await pushList(lists, "app", destinations);
      for (const location of destinations) expect((await indexAt(lists.host, location)).manifests).toHaveLength(2);
      // Two manifests, two configs, the layer that both images have, and one that each has; of an archive its names as well.
      expect(opened.size).toBe(from === "oci:/src" ? 7 : 8);
      expect(new Set(opened.values())).toEqual(new Set([1]));
    });

  for (const from of ["oci:/src", "oci-archive:/src.tar"] as const)
    it(`reads ${from} once more for a second repository of a registry that mounts nothing, which sends nothing back`, async () => {
      const { lists, opened } = await setUpFiles(from);
      const target = await start({ quirks: { mount: { status: 400 } } });
      await pushList(lists, "app", [`docker://${target.host}/one:1`, `docker://${target.host}/two:1`]);
      expect(target.requests.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"))).toEqual([]);
      expect(target.repository("two").tags.size).toBe(1);
      expect(Math.max(...opened.values())).toBe(2);
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

  it("goes on without one that dies in the middle of a blob, and reads nothing twice for the others", async () => {
    const { lists, opened } = await setUpFiles("oci:/src");
    const dying = await start({ fault: ({ method, path }) => (method === "PUT" && path.includes("/blobs/") ? { cut: 100_000 } : undefined) });
    const good = await start();
    const failure = await failureOf(pushList(lists, "app", [`docker://${dying.host}/app:1`, `docker://${good.host}/app:1`, "oci:/out:1"]));
    expect(failure.message).toContain(`to 1 of 3 destinations, the others are done: "docker://${dying.host}/app:1" failed: `);
    expect(dying.repository("app").tags.size).toBe(0);
    for (const location of [`docker://${good.host}/app:1`, "oci:/out:1"]) expect((await indexAt(lists.host, location)).manifests).toHaveLength(2);
    expect([...opened.values()].every((times) => times === 1)).toBe(true);
  });

  it("goes on without one that cannot be opened at all", async () => {
    const { lists } = await setUp();
    const target = await start();
    const failure = await failureOf(pushList(lists, "app", ["docker-archive:/out.tar", `docker://${target.host}/app:1`]));
    expect(failure.message).toContain('to 1 of 2 destinations, the others are done: "docker-archive:/out.tar" failed: ');
    expect(failure.message).toMatch(/; they have sha256:[0-9a-f]{64}$/);
    expect([failure.code, target.repository("app").tags.size]).toEqual(["UNSUPPORTED", 1]);
  });

  it("tells of each what it would write, and reads no blob for it", async () => {
    const { source, lists } = await setUp();
    const target = await start();
    const [one, two] = ["one", "two"].map((name) => `docker://${target.host}/${name}:1`);
    const results = await pushList(lists, "app", [one, two, `${one}.0`, "oci:/out:1"].map(String), { dryRun: true });
    const kinds = results.map(({ writes = [] }) => [...new Set(writes.map(({ write }) => write))].join(" "));
    expect(kinds).toEqual(["upload manifest name", "mount manifest name", "name", "upload manifest name"]);
    expect(source.requests.filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
    expect([target.repository("one").tags.size, await lists.host.files.status("/out")]).toEqual([0, undefined]);
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

  it("gives the second everything where the first failed", async () => {
    const { source, lists } = await setUp();
    const [bad, good] = [await start({ fault: ({ method }) => (method === "PUT" ? 403 : undefined) }), await start()];
    await failureOf(
      pushList(
        lists,
        "app",
        [bad, good].map(({ host }) => `docker://${host}/app:1`),
      ),
    );
    expect(good.repository("app").tags.size).toBe(1);
    expect(timesRead(source).every((times) => times === 1)).toBe(true);
  });

  for (const [what, isShut] of [
    ["reads in the first repository what the second of the same registry does not mount, and the source once", false],
    ["takes from the source what the first repository does not give out", true],
  ] as const)
    it(what, async () => {
      const { source, lists } = await setUp();
      const fault = ({ method, path }: SeenRequest) => (isShut && method === "GET" && path.includes("/one/blobs/") ? 404 : undefined);
      const target = await start({ fault, quirks: { mount: { status: 400 } } });
      await pushList(lists, "app", [`docker://${target.host}/one:1`, `docker://${target.host}/two:1`]);
      expect(target.repository("two").tags.size).toBe(1);
      expect(timesRead(source).every((times) => times === 1)).toBe(!isShut);
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
