import { describe, expect, test } from "bun:test";
import { decodeUtf8, encodeUtf8 } from "../../src/core/base/mod.ts";
import { noteChoice, openRegistries, type Registries, type RegistriesOptions } from "../../src/core/settings/mod.ts";
import { formatReference, parseReference } from "../../src/core/spec/mod.ts";
import { type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";

const digest = `sha256:${"0".repeat(64)}`;
const system = "/etc/containers/registries.conf";
const noted = "/home/me/.cache/containers/short-name-aliases.conf";

function open(files: NonNullable<MemoryHostOptions["files"]>, settings?: RegistriesOptions, options: MemoryHostOptions = {}): Registries {
  return openRegistries(memoryHost({ environment: { home: "/home/me", user: 1000 }, ...options, files }), settings);
}

const meanings = async (registries: Registries, name: string) => (await registries.shortName(name)).references.map(formatReference);

describe("openRegistries().shortName()", () => {
  test("knows nothing where nothing is settled", async () => {
    expect(await open({}).shortName("app")).toEqual({ references: [], mode: "permissive" });
  });

  test("takes an alias, and gives it tag and digest", async () => {
    const registries = open({ [system]: '[aliases]\napp = "r.test/me/app"\n"team/tool" = "quay.io/team/tool"\nhub = "docker.io/busybox"\n' });
    expect(await meanings(registries, "app")).toEqual(["r.test/me/app"]);
    expect(await meanings(registries, "app:1")).toEqual(["r.test/me/app:1"]);
    expect(await meanings(registries, `app@${digest}`)).toEqual([`r.test/me/app@${digest}`]);
    expect(await meanings(registries, `app:1@${digest}`)).toEqual([`r.test/me/app:1@${digest}`]);
    expect(await meanings(registries, "team/tool:2")).toEqual(["quay.io/team/tool:2"]);
    expect(await meanings(registries, "hub")).toEqual(["docker.io/library/busybox"]);
    expect(await meanings(registries, "tool")).toEqual([]);
    expect(await meanings(registries, "constructor")).toEqual([]);
  });

  test("takes the name in every registry that is searched, in their order, and says which file names them", async () => {
    const registries = open({ [system]: 'unqualified-search-registries = ["r.test:5000", "docker.io", "[::1]:5000"]\nshort-name-mode = "enforcing"\n' });
    expect(await meanings(registries, "app:1")).toEqual(["r.test:5000/app:1", "docker.io/library/app:1", "[::1]:5000/app:1"]);
    expect(await registries.shortName("me/app")).toMatchObject({ mode: "enforcing", file: system });
  });

  test("takes aliases of shortnames.conf beside the main file, and an empty one takes an alias back", async () => {
    const files = {
      [system]: 'unqualified-search-registries = ["r.test"]\n[aliases]\napp = "a.test/app"\ntool = "a.test/tool"\n',
      "/etc/containers/registries.conf.d/shortnames.conf": '[aliases]\n"app" = "b.test/app"\n"tool" = ""\n',
    };
    expect(await meanings(open(files), "app")).toEqual(["b.test/app"]);
    expect(await meanings(open(files), "tool")).toEqual(["r.test/tool"]);
  });

  test("takes back a list of registries with an empty one", async () => {
    const files = { [system]: 'unqualified-search-registries = ["r.test"]', "/etc/containers/registries.conf.d/1.conf": "unqualified-search-registries = []" };
    expect(await open(files).shortName("app")).toEqual({ references: [], mode: "permissive", file: "/etc/containers/registries.conf.d/1.conf" });
  });

  test("lets what was chosen before win", async () => {
    const files = { [system]: '[aliases]\napp = "a.test/app"\n', [noted]: '[aliases]\n"app" = "chosen.test/app"\n' };
    expect(await meanings(open(files), "app")).toEqual(["chosen.test/app"]);
    expect(await meanings(open(files, { shortNameAliases: "/other.conf" }), "app")).toEqual(["a.test/app"]);
    expect(await meanings(open({ ...files, "/other.conf": files[noted] }, { shortNameAliases: "/other.conf" }), "app")).toEqual(["chosen.test/app"]);
    const root = { environment: { user: 0, home: "/root" } };
    expect(await meanings(open({ "/var/cache/containers/short-name-aliases.conf": files[noted] }, {}, root), "app")).toEqual(["chosen.test/app"]);
  });

  test("names file and line of choices that cannot be read", async () => {
    await expect(open({ [noted]: "[aliases]\napp = 1\n" }).shortName("app")).rejects.toThrow(`"${noted}", line 2: app must be string, not 1`);
  });
});

describe("openRegistries().credentialKeepers()", () => {
  test("knows helpers in their order, and none where nothing is settled", async () => {
    expect(await open({}).credentialKeepers()).toEqual([]);
    expect(await open({ [system]: 'credential-helpers = ["containers-auth.json", "secretservice"]' }).credentialKeepers()).toEqual([
      { name: "containers-auth.json", file: system },
      { name: "secretservice", file: system },
    ]);
  });
});

describe("openRegistries().choices()", () => {
  test("is in the user's cache, root's own, or what was named; a user without a home has none", () => {
    expect(open({}).choices()).toBe(noted);
    expect(open({}, {}, { environment: { user: 0, home: "/root" } }).choices()).toBe("/var/cache/containers/short-name-aliases.conf");
    expect(open({}, { shortNameAliases: "/other.conf" }).choices()).toBe("/other.conf");
    expect(open({}, {}, { environment: {} }).choices()).toBeUndefined();
  });
});

describe("noteChoice()", () => {
  const choice = { name: "me/app:1", reference: parseReference("r.test/me/app:1"), file: noted };
  test("adds a choice to those that were made", async () => {
    const bytes = noteChoice(encodeUtf8('[aliases]\n"other" = "a.test/other"\n'), choice);
    const again = open({ [noted]: decodeUtf8(bytes, "file") });
    expect([await meanings(again, "me/app:2"), await meanings(again, "other")]).toEqual([["r.test/me/app:2"], ["a.test/other"]]);
    expect(await meanings(open({ [noted]: decodeUtf8(noteChoice(undefined, choice), "file") }), "me/app")).toEqual(["r.test/me/app"]);
  });

  test("never replaces a file that it cannot read", () => {
    expect(() => noteChoice(encodeUtf8("broken"), choice)).toThrow(`Cannot use registries configuration "${noted}", line 1`);
  });
});
