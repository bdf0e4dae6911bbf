import { afterEach, describe, expect, test } from "bun:test";
import { addToList, createList, inspectList, openLists, pushList } from "../../src/core/list/mod.ts";
import { failureOf } from "../helper/lists.ts";
import { asked, conf, hostWith, mirrored, seed, start, stopAll } from "../helper/mirrors.ts";
import { seedImage, seedIndex } from "../helper/registry.ts";

afterEach(stopAll);

describe("the verbs, where registries have mirrors,", () => {
  const openWith = async (text: string) => openLists(await hostWith(text), { root: "/lists", retryDelay: 1 });

  test("write to the registry that is named and to no mirror", async () => {
    const [registry, one] = [await start(), await start()];
    seed(registry, one);
    const lists = await openWith(mirrored(registry, [one]));
    await createList(lists, "app", { images: [`docker://${registry.host}/app:1`] });
    expect(registry.requests).toEqual([]);
    await pushList(lists, "app", [`docker://${registry.host}/out:1`]);
    expect(registry.repository("out").tags.has("1")).toBe(true);
    expect(one.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
  });

  test("edit what the registry has, not what a mirror says", async () => {
    const [registry, one] = [await start(), await start()];
    const image = seed(registry, one);
    seedIndex(registry, "app", "list", [], { annotations: { from: "registry" } });
    seedIndex(one, "copy/app", "list", [], { annotations: { from: "mirror" } });
    const lists = await openWith(mirrored(registry, [one]));
    const name = `docker://${registry.host}/app:list`;
    expect((await inspectList(lists, name)).document.value.annotations).toEqual({ from: "mirror" });
    await addToList(lists, name, [`docker://${registry.host}/app:1`]);
    const digest = registry.repository("app").tags.get("list") ?? "";
    const written = JSON.parse(new TextDecoder().decode(registry.repository("app").manifests.get(digest)?.bytes));
    expect([written.annotations, written.manifests[0].digest]).toEqual([{ from: "registry" }, image.manifest.digest]);
  });

  test("bring an image that only a mirror has, blobs and all, also to the very repository it was named in", async () => {
    const [registry, one] = [await start(), await start()];
    const image = seedImage(one, "copy/app", "1");
    const lists = await openWith(mirrored(registry, [one]));
    await createList(lists, `docker://${registry.host}/app:list`, { images: [`docker://${registry.host}/app:1`] });
    const { manifests, blobs, tags } = registry.repository("app");
    expect([tags.has("list"), manifests.has(image.manifest.digest), blobs.has(image.config.digest)]).toEqual([true, true, true]);
  });

  test("mount what the registry has, although a mirror was read", async () => {
    const [registry, one] = [await start(), await start()];
    seed(registry, one);
    const lists = await openWith(mirrored(registry, [one]));
    await createList(lists, `docker://${registry.host}/out:1`, { images: [`docker://${registry.host}/app:1`] });
    const posts = registry.requests.filter(({ method }) => method === "POST");
    expect(posts.map(({ path, status }) => [path.includes("mount="), status])).toEqual([
      [true, 201],
      [true, 201],
    ]);
  });

  test("read a name that leads elsewhere there, and pin it as it was named", async () => {
    const [registry, other] = [await start(), await start()];
    const { manifest } = seedImage(other, "team/app", "1");
    const lists = await openWith(`[[registry]]\nprefix = "${registry.host}/here"\nlocation = "${other.host}/team"\ninsecure = true\n`);
    await createList(lists, "app", { images: [`docker://${registry.host}/here/app:1`] });
    expect((await lists.store.find("app"))?.sources[manifest.digest]).toEqual({ location: `docker://${registry.host}/here/app@${manifest.digest}` });
    expect([registry.requests, asked(other)[0]]).toEqual([[], "GET /v2/team/app/manifests/1"]);
  });

  test("go nowhere near a blocked registry", async () => {
    const registry = await start();
    seed(registry);
    const lists = await openWith(mirrored(registry, [], "blocked = true"));
    const said = `is blocked in "${conf}"`;
    expect((await failureOf(createList(lists, "app", { images: [`docker://${registry.host}/app:1`] }))).message).toContain(said);
    expect((await failureOf(createList(lists, `docker://${registry.host}/app:2`))).message).toContain(said);
    expect((await failureOf(inspectList(lists, `docker://${registry.host}/app:1`))).message).toContain(said);
    expect([registry.requests, registry.connections()]).toEqual([[], 0]);
  });

  test("need no settings that can be read where no registry is touched", async () => {
    const lists = await openWith("this is not TOML");
    await createList(lists, "app");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await failureOf(inspectList(lists, "docker://r.test/app"))).message).toContain(`"${conf}", line 1`);
  });
});
