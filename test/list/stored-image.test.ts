import { afterEach, describe, expect, test } from "bun:test";
import { OciError } from "../../src/core/base/mod.ts";
import {
  addToList,
  annotateList,
  annotateListEntries,
  type CreateListOptions,
  createList,
  type ListContext,
  openLists,
  pushList,
} from "../../src/core/list/mod.ts";
import { parsePlatform } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { failureOf, indexAt } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";
import { seedImage } from "../helper/registry.ts";
import { type StoredSample, storedImage } from "../helper/storage.ts";
import { neverCopying, openStorageDesk, type StorageDesk } from "../helper/storage-desk.ts";

afterEach(stopAll);

const app = storedImage({ names: ["localhost/app:latest"], note: "app" });
const arm = storedImage({ names: ["localhost/arm:latest"], platform: "linux/arm64", note: "arm" });
const images = [
  [app, "linux/amd64"],
  [arm, "linux/arm64"],
] as const;

/** Returns what the list holds, and where it says that this comes from. */
async function entries(lists: ListContext) {
  const state = await lists.store.find("list");
  return (state?.index.manifests ?? []).map(({ digest, platform }) => ({ digest: String(digest), platform, ...state?.sources[digest] }));
}

const digestOf = (desk: StorageDesk, { id }: StoredSample): string => String(desk.copied.get(id)?.descriptor.digest);

describe("an image of container storage", () => {
  const names = {
    app: "app",
    "localhost/app:latest": "localhost/app:latest",
    "containers-storage:app": "app",
    [`containers-storage:@${app.id}`]: "",
    [app.id.slice(0, 12)]: "",
  };
  for (const [name, recorded] of Object.entries(names)) {
    test(`is added by ${name}, with the digest that it is pushed with, and kept`, async () => {
      const desk = await openStorageDesk(images);
      const { host, lists, commands } = desk;
      await createList(lists, "list");
      await addToList(lists, "list", [name]);
      const digest = digestOf(desk, app);
      expect(await entries(lists)).toEqual([
        { digest, platform: { architecture: "amd64", os: "linux" }, location: `containers-storage:${recorded}@${app.id}`, kept: "all" },
      ]);
      await lists.transports.close();
      expect(await host.files.list("/tmp")).toEqual([]);
      for (const folder of ["/var/lib", "/copies"]) await host.files.remove(folder);
      await pushList(lists, "list", ["oci:/out:1"]);
      expect((await indexAt(host, "oci:/out:1")).manifests.map((entry) => String(entry.digest))).toEqual([digest]);
      expect(commands).toHaveLength(1);
    });
  }

  test("is copied once for a list that is created with it twice, and into a layout without being kept", async () => {
    const desk = await openStorageDesk(images);
    const { host, lists, commands } = desk;
    await createList(lists, "oci:/out:1", { images: ["app", "containers-storage:app", "arm"], subject: "containers-storage:app" });
    const index = await indexAt(host, "oci:/out:1");
    const digests = [...index.manifests, index.subject].map((each) => String(each?.digest));
    expect(digests).toEqual([app, arm, app].map((image) => digestOf(desk, image)));
    expect(commands).toHaveLength(2);
  });

  test("is no longer copied once another image cannot be read", async () => {
    const { lists } = neverCopying((await openStorageDesk(images)).lists);
    await createList(lists, "list");
    for (const change of [addToList(lists, "list", ["app", "oci:/none:1"]), createList(lists, "new", { images: ["app", "oci:/none:1"] })])
      expect(await failureOf(change)).toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("/none") });
  });

  test("is an ENTRY and a subject by its name", async () => {
    const desk = await openStorageDesk(images);
    const { lists } = desk;
    await createList(lists, "list", { images: ["app", "arm"] });
    await annotateListEntries(lists, "list", ["localhost/arm"], { annotations: { a: "1" } });
    await annotateList(lists, "list", { subject: "containers-storage:app" });
    const index = (await lists.store.find("list"))?.index;
    expect(index?.manifests.map(({ annotations }) => annotations)).toEqual([undefined, { a: "1" }]);
    expect(String(index?.subject?.digest)).toBe(digestOf(desk, app));
  });
});

describe("a name without transport", () => {
  let here = app;

  /** The same name in a registry, for linux/s390x, and in container storage, for linux/amd64. */
  async function both() {
    const registry = await start();
    const { manifest } = seedImage(registry, "team/app", "1", { platform: "linux/s390x" });
    here = storedImage({ names: [`${registry.host}/team/app:1`], note: "here" });
    const { fetch } = await currentHost();
    const desk = await openStorageDesk([[here, "linux/amd64"]], { fetch, lists: { verifyTls: false, retries: 0 } });
    const create = async (name: string, options: CreateListOptions = {}): Promise<readonly string[]> => {
      await createList(desk.lists, "list", { ...options, images: [name], replace: true });
      return (await entries(desk.lists)).map(({ digest }) => digest);
    };
    return { registry, manifest, desk, create };
  }

  test("is a local list before it is an image of container storage", async () => {
    const { lists, commands } = await openStorageDesk(images);
    await createList(lists, "app", { images: ["arm"] });
    await createList(lists, "list", { images: ["app"], all: true });
    expect((await entries(lists)).map(({ platform }) => platform?.architecture)).toEqual(["arm64"]);
    expect(commands).toHaveLength(1);
  });

  test("is an image of container storage before it is one of a registry, unless it has a digest, and docker:// never is", async () => {
    const { registry, manifest, desk, create } = await both();
    expect(await create(`${registry.host}/team/app:1`)).toEqual([digestOf(desk, here)]);
    expect(registry.requests).toEqual([]);
    for (const name of [`docker://${registry.host}/team/app:1`, `${registry.host}/team/app@${manifest.digest}`])
      expect(await create(name)).toEqual([manifest.digest]);
  });

  test("is one of a registry where the storage has another platform than is asked for", async () => {
    const { registry, manifest, desk, create } = await both();
    const name = `${registry.host}/team/app:1`;
    expect(await create(name, { platforms: [parsePlatform("linux/amd64")] })).toEqual([digestOf(desk, here)]);
    expect(await create(name, { platforms: [parsePlatform("linux/s390x")] })).toEqual([manifest.digest]);
  });

  test("is as ENTRY the image of container storage, else that of the registry", async () => {
    const { registry, desk, create } = await both();
    const name = `${registry.host}/team/app:1`;
    const annotated = async (): Promise<number> => {
      await annotateListEntries(desk.lists, "list", [name], { annotations: { a: "1" } });
      return registry.requests.length;
    };
    await create(name);
    expect(await annotated()).toBe(0);
    await create(`docker://${name}`);
    expect(await annotated()).toBeGreaterThan(0);
    await createList(desk.lists, "list", { replace: true });
    await expect(annotateListEntries(desk.lists, "list", [name], {})).rejects.toThrow("the index has no entries");
    await registry.stop();
    await expect(annotateListEntries(desk.lists, "list", [name], {})).rejects.toThrow("the index has no entries");
  });

  test("is as ENTRY what the record says, or the image of the registry, though no program reads container storage", async () => {
    const { registry, desk, create } = await both();
    const name = `${registry.host}/team/app:1`;
    const toolless = (): ListContext => {
      const run = () => Promise.reject(new OciError("NOT_FOUND", "there is no such command"));
      const host = { ...desk.host, fetch: desk.lists.host.fetch, run };
      return openLists(host, { root: "/lists", verifyTls: false, retries: 0 });
    };
    await create(`docker://${name}`);
    await annotateListEntries(toolless(), "list", [name], { annotations: { a: "1" } });
    await registry.stop();
    await expect(annotateListEntries(toolless(), "list", [name], {})).rejects.toThrow(`Cannot find entry "${name}" in the list: Cannot reach`);
    await create(name);
    await desk.host.files.remove("/var/lib");
    await annotateListEntries(toolless(), "list", [name], { annotations: { a: "1" } });
  });

  test("is as ENTRY the image of container storage where its registry has another one", async () => {
    const { registry, desk } = await both();
    const file = JSON.stringify(desk.copied.get(here.id)?.descriptor);
    const writer = await desk.host.files.create("/d.json");
    await writer.write(new TextEncoder().encode(file));
    await writer.close();
    await createList(desk.lists, "list", { images: ["@/d.json"] });
    await annotateListEntries(desk.lists, "list", [`${registry.host}/team/app:1`], { annotations: { a: "1" } });
    expect(registry.requests.length).toBeGreaterThan(0);
  });
});
