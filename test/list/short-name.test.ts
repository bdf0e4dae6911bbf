import { afterEach, describe, expect, test } from "bun:test";
import { addToList, annotateList, createList, inspectList, type ListContext, openLists } from "../../src/core/list/mod.ts";
import type { MemoryHost, MemoryHostOptions } from "../../src/host/memory.ts";
import { failureOf, readText } from "../helper/lists.ts";
import { asked, conf, hostWith, start, stopAll } from "../helper/mirrors.ts";
import { seedImage, type TestRegistry } from "../helper/registry.ts";

afterEach(stopAll);

interface Setting {
  readonly host: MemoryHost;
  readonly lists: ListContext;
  readonly warnings: string[];
}

async function open(text: string, options: MemoryHostOptions = {}): Promise<Setting> {
  const host = await hostWith(text, options);
  const warnings: string[] = [];
  const report = (event: { readonly type: string; readonly message?: string }) => void (event.type === "warning" && warnings.push(event.message ?? ""));
  const lists = openLists(host, { root: "/lists", retries: 0, verifyTls: false, report });
  await createList(lists, "list");
  return { host, lists, warnings };
}

const searching = (registries: readonly TestRegistry[], mode = "permissive") =>
  `unqualified-search-registries = [${registries.map(({ host }) => `"${host}"`).join(", ")}]\nshort-name-mode = "${mode}"\n`;

/** Returns where the list says that its images come from. */
async function sources({ lists }: Setting): Promise<readonly string[]> {
  return Object.values((await lists.store.find("list"))?.sources ?? {}).map(({ location }) => location);
}

const noted = "/home/me/.cache/containers/short-name-aliases.conf";

describe("a short name given as IMAGE", () => {
  test("is a local list before anything else", async () => {
    const registry = await start();
    const setting = await open(searching([registry]));
    await createList(setting.lists, "app", { images: [] });
    await addToList(setting.lists, "list", ["app"], { all: true });
    expect(registry.requests).toEqual([]);
  });

  test("is its alias, with the tag that was given, and what it stands for is pinned", async () => {
    const registry = await start();
    const { manifest } = seedImage(registry, "team/app", "2");
    const setting = await open(`[aliases]\n"app" = "${registry.host}/team/app"\n`);
    await addToList(setting.lists, "list", ["app:2"]);
    expect(await sources(setting)).toEqual([`docker://${registry.host}/team/app@${manifest.digest}`]);
  });

  test("may state a platform", async () => {
    const registry = await start();
    seedImage(registry, "team/app", "latest");
    const setting = await open(`[aliases]\n"app" = "${registry.host}/team/app"\n`);
    await addToList(setting.lists, "list", ["app=linux/s390x"]);
    expect((await setting.lists.store.find("list"))?.index.manifests[0]?.platform).toEqual({ os: "linux", architecture: "s390x" });
    expect(asked(registry).map((line) => line.split(" ")[0])).toEqual(["HEAD"]);
  });

  test("is in the only registry that is searched, in every mode", async () => {
    const registry = await start();
    const { manifest } = seedImage(registry, "team/app", "1");
    for (const mode of ["enforcing", "permissive", "disabled"]) {
      const setting = await open(searching([registry], mode), { answers: ["no question"] });
      await addToList(setting.lists, "list", ["team/app:1"]);
      expect(await sources(setting)).toEqual([`docker://${registry.host}/team/app@${manifest.digest}`]);
      expect(setting.host.errors()).toBe("");
    }
  });

  for (const mode of ["permissive", "disabled"]) {
    test(`is in the first of several registries that has it where the mode is ${mode} and nobody can be asked`, async () => {
      const [one, two, three] = [await start(), await start(), await start()];
      const { manifest } = seedImage(two, "app", "1");
      seedImage(three, "app", "1");
      const setting = await open(searching([one, two, three], mode));
      await addToList(setting.lists, "list", ["app:1"]);
      expect(await sources(setting)).toEqual([`docker://${two.host}/app@${manifest.digest}`]);
      expect([asked(one), three.requests]).toEqual([["GET /v2/app/manifests/1"], []]);
    });
  }

  test("is nobody's where no registry has it, and each says so", async () => {
    const [one, two] = [await start(), await start({ fault: () => 403 })];
    const { lists } = await open(searching([one, two]));
    const failure = await failureOf(addToList(lists, "list", ["app"]));
    expect(failure.code).toBe("DENIED");
    expect(failure.message).toContain('Cannot find image "app" in any of the registries to search: ');
    for (const { host } of [one, two]) expect(failure.message).toContain(`Cannot read "${host}/app:latest": the registry answered 40`);
  });

  test("is an error that lists the possible ones where the mode is enforcing and nobody can be asked", async () => {
    const [one, two] = [await start(), await start()];
    const { lists } = await open(searching([one, two], "enforcing"));
    const failure = await failureOf(addToList(lists, "list", ["app"]));
    expect(failure.message).toBe(
      `Cannot choose an image for "app": short-name-mode is enforcing and nobody can be asked, expected one of ${one.host}/app, ${two.host}/app`,
    );
    expect([one.requests, two.requests]).toEqual([[], []]);
  });

  for (const mode of ["enforcing", "permissive"]) {
    test(`is what a person chooses where the mode is ${mode}, now and later`, async () => {
      const [one, two] = [await start(), await start()];
      seedImage(one, "app", "1");
      const { manifest } = seedImage(two, "app", "1");
      const before = { [noted]: '[aliases]\n"other" = "r.test/other"\n' };
      const setting = await open(searching([one, two], mode), { answers: ["2"], files: before });
      await addToList(setting.lists, "list", ["app:1"]);
      expect(setting.host.errors()).toBe(`"app:1" is a short name. Which image is meant?\n  1) ${one.host}/app:1\n  2) ${two.host}/app:1\nNumber [1]: 2\n`);
      expect([await sources(setting), one.requests]).toEqual([[`docker://${two.host}/app@${manifest.digest}`], []]);
      const text = await readText(setting.host, noted);
      expect([text.includes(`app = "${two.host}/app"`), text.includes('other = "r.test/other"')]).toEqual([true, true]);
      const later = await open(searching([one, two], mode), { answers: ["no question"], files: { [noted]: text } });
      await addToList(later.lists, "list", ["app:1"]);
      expect([await sources(later), later.host.errors()]).toEqual([await sources(setting), ""]);
    });
  }

  test("is the first one for a person who only presses Enter, and nothing for an answer that is no choice", async () => {
    const [one, two] = [await start(), await start()];
    const { manifest } = seedImage(one, "app", "latest");
    const setting = await open(searching([one, two]), { answers: ["", "3", "x"] });
    await addToList(setting.lists, "list", ["app"]);
    expect(await sources(setting)).toEqual([`docker://${one.host}/app@${manifest.digest}`]);
    for (const answer of ["3", "x"]) {
      expect((await failureOf(addToList(setting.lists, "list", ["tool"]))).message).toBe(`Cannot use the answer "${answer}": expected a number from 1 to 2`);
    }
  });

  test("is asked for one after another, and no choice is lost", async () => {
    const [one, two] = [await start(), await start()];
    const names = ["a", "b", "c", "d"];
    for (const name of names) seedImage(two, name, "latest");
    const setting = await open(searching([one, two]), { answers: ["2", "2", "2", "2"] });
    await addToList(setting.lists, "list", names);
    const text = await readText(setting.host, noted);
    for (const name of names) expect(text).toContain(`${name} = "${two.host}/${name}"`);
  });

  test("is not noted when the image chosen is not there", async () => {
    const [one, two] = [await start(), await start()];
    const { host, lists } = await open(searching([one, two]), { answers: ["1"] });
    expect((await failureOf(addToList(lists, "list", ["app"]))).code).toBe("NOT_FOUND");
    expect(await host.files.status(noted)).toBeUndefined();
  });

  test("is taken all the same when the choice cannot be noted", async () => {
    const [one, two] = [await start(), await start()];
    seedImage(one, "app", "latest");
    const setting = await open(searching([one, two]), { answers: ["1"], files: { "/home/me/.cache": "a file" } });
    await addToList(setting.lists, "list", ["app"]);
    expect(await sources(setting)).toHaveLength(1);
    expect(setting.warnings.map((line) => line.split(":")[0])).toEqual(["the choice of 127.0.0.1"]);
  });

  test("is an error that says how to name it where nothing is settled", async () => {
    const nothing = await open("");
    expect((await failureOf(addToList(nothing.lists, "list", ["app:1"]))).message).toBe(
      'Cannot find image "app:1": it is neither a local list nor in container storage, and no alias and no unqualified-search-registries are configured for short names, expected docker://docker.io/library/app:1 or another location',
    );
    const none = await open("unqualified-search-registries = []");
    expect((await failureOf(addToList(none.lists, "list", ["app"]))).message).toContain(`and "${conf}" names no unqualified-search-registries`);
  });

  test("is nothing that is no name", async () => {
    const { lists } = await open(searching([await start()]));
    for (const name of ["App", "app:", "a//b", "app@sha256:1", "-"]) {
      const failure = await failureOf(addToList(lists, "list", [name]));
      expect([name, failure.code]).toEqual([name, "INVALID"]);
    }
  });
});

describe("a short name given as subject", () => {
  test("is its alias, else in the registry that is searched, and no local list", async () => {
    const [one, two] = [await start(), await start()];
    const aliased = seedImage(one, "team/app", "2").manifest;
    const searched = seedImage(two, "tool", "latest").manifest;
    const { lists } = await open(`${searching([two])}[aliases]\n"app" = "${one.host}/team/app"\n`);
    await createList(lists, "tool");
    for (const [subject, manifest] of [
      ["app:2", aliased],
      ["tool", searched],
    ] as const) {
      await annotateList(lists, "list", { subject });
      expect((await inspectList(lists, "list")).document.value.subject).toEqual({ ...manifest });
    }
  });

  test("is an error where nothing is settled: nothing means Docker Hub by itself", async () => {
    const { lists } = await open("");
    const failure = await failureOf(annotateList(lists, "list", { subject: "app" }));
    expect(failure.message).toContain('Cannot find image "app": it has no host, and no alias and no unqualified-search-registries are configured');
  });
});

describe("a short name given to inspect", () => {
  test("is a local list before anything else, then its alias or in the registry that is searched", async () => {
    const registry = await start();
    const { manifest } = seedImage(registry, "app", "latest");
    const { lists } = await open(searching([registry]));
    expect((await inspectList(lists, "app")).id).toBe(manifest.digest);
    registry.clear();
    const { id } = await createList(lists, "app");
    expect([(await inspectList(lists, "app")).id, registry.requests]).toEqual([id, []]);
  });

  test("is not known where nothing is settled, nor is an ID of no list", async () => {
    for (const conf of ["", searching([await start()])]) {
      const { lists } = await open(conf);
      for (const name of ["0123abcd", "0".repeat(64)]) expect((await failureOf(inspectList(lists, name))).code).toBe("NOT_FOUND");
    }
    const { lists } = await open("");
    expect((await failureOf(inspectList(lists, "app"))).message).toBe("app: image not known");
  });
});
