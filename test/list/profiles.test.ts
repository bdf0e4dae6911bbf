import { afterEach, describe, expect, it } from "bun:test";
import {
  annotateList,
  annotateListEntries,
  createList,
  deleteList,
  inspectList,
  type ListContext,
  listExists,
  openLists,
  pushList,
} from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { testClock } from "../helper/clock.ts";
import { failureOf } from "../helper/lists.ts";
import { type RegistryOptions, seedImage, seedIndex, startRegistry, type TestRegistry } from "../helper/registry.ts";
import { type ProfileName, profileNames, profiles } from "../helper/registry-profiles.ts";

/** A registry of a profile with two images, and what runs verbs on it. */
interface Setting {
  readonly registry: TestRegistry;
  /** Returns what the next command works with: nothing is remembered from the one before. */
  lists(): ListContext;
  /** Returns the location of a name in the registry. */
  at(name: string): string;
  readonly images: readonly string[];
}

const running: TestRegistry[] = [];
afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop();
});

async function openSetting(options: RegistryOptions, { layerSize = 1000 }: { readonly layerSize?: number } = {}): Promise<Setting> {
  const registry = await startRegistry(options);
  running.push(registry);
  for (const name of ["team/app", "team/other"]) if (options.quirks?.missingRepository) registry.repository(name);
  const platforms = ["linux/amd64", "linux/arm64"];
  const images = platforms.map((platform) => {
    seedImage(registry, "team/parts", platform.slice(6), { platform, layerSize });
    return `docker://${registry.host}/team/parts:${platform.slice(6)}`;
  });
  const { fetch } = await currentHost();
  // Where there is an identity token, a file has it, as `docker login` leaves it.
  const auths = { auths: { [registry.host]: { auth: btoa("00000000-0000-0000-0000-000000000000:"), identitytoken: options.identityToken } } };
  const access = options.identityToken === undefined ? { credentials: "user:secret" } : { authFile: "/auth.json" };
  const host = memoryHost({ fetch, clock: testClock(), files: { "/auth.json": JSON.stringify(auths) } });
  return {
    registry,
    images,
    at: (name) => `docker://${registry.host}/team/${name}`,
    lists: () => openLists(host, { root: "/lists", verifyTls: false, ...access }),
  };
}

/** What a registry refuses by its nature, and how that reads. */
const refusals: Readonly<Partial<Record<ProfileName, { readonly missing?: string; readonly remove?: string }>>> = {
  Artifactory: { missing: ": the registry answered 403" },
  "distribution 2.8": { remove: 'the registry refuses to delete tags ("405 UNSUPPORTED")' },
  "distribution 3": { remove: 'the registry refuses to delete tags ("405 UNSUPPORTED")' },
};

for (const name of profileNames) {
  describe(`a registry like ${name}`, () => {
    for (const layerSize of [1000, 5_000_000]) {
      it(`takes the whole main job with layers of ${layerSize} bytes`, async () => {
        const setting = await openSetting(profiles[name], { layerSize });
        const { registry, lists, at, images } = setting;
        const refused = refusals[name] ?? {};
        const created = await createList(lists(), at("app:1"), { images });
        expect(created.id).toBe(registry.repository("team/app").tags.get("1") ?? "");
        await annotateList(lists(), at("app:1"), { annotations: { "org.opencontainers.image.description": "An app" } });
        await annotateListEntries(lists(), at("app:1"), ["linux/arm64"], { annotations: { note: "yes" } });
        const [pushed] = await pushList(lists(), at("app:1"), [at("other:1")]);
        const { document } = await inspectList(lists(), at("other:1"));
        expect(registry.repository("team/app").tags.get("1")).toBe(document.descriptor.digest);
        expect(pushed?.digest).toBe(document.descriptor.digest);
        expect(document.value).toMatchObject({
          annotations: { "org.opencontainers.image.description": "An app" },
          manifests: [{ platform: { architecture: "amd64" } }, { platform: { architecture: "arm64" }, annotations: { note: "yes" } }],
        });
        expectWhole(setting, "team/app");
        expectWhole(setting, "team/other");
        expect(await listExists(lists(), at("other:1"))).toBe(true);
        if (refused.missing === undefined) expect(await listExists(lists(), at("other:2"))).toBe(false);
        else expect((await failureOf(listExists(lists(), at("other:2")))).message).toContain(refused.missing);
        if (refused.remove !== undefined) return expect((await failureOf(deleteList(lists(), at("other:1")))).message).toContain(refused.remove);
        await deleteList(lists(), at("other:1"));
        expect(registry.repository("team/other").tags.has("1")).toBe(false);
      });
    }
  });
}

/** The test's registry checks what a manifest refers to, so only the number is left to say. */
function expectWhole({ registry }: Setting, repository: string): void {
  const { blobs, manifests } = registry.repository(repository);
  expect([repository, blobs.size]).toEqual([repository, 4]);
  expect(manifests.size).toBeGreaterThanOrEqual(3);
}

describe("what a registry refuses by its nature is said in its words", () => {
  it("a repository that is not there, at ECR", async () => {
    const { lists, images, registry } = await openSetting(profiles.ECR);
    const failure = await failureOf(createList(lists(), `docker://${registry.host}/team/new:1`, { images }));
    expect(failure.message).toMatch(
      /^Cannot push ".*\/team\/new@sha256:.*": the registry answered 404 NAME_UNKNOWN \(The repository does not exist in the registry\)$/,
    );
  });

  it("a tag that must not move", async () => {
    const movedTag = { status: 400, body: JSON.stringify({ errors: [{ code: "TAG_INVALID", message: "The image tag '1' already exists" }] }) };
    const { lists, at, images } = await openSetting({ ...profiles.ECR, quirks: { ...profiles.ECR.quirks, movedTag } });
    await createList(lists(), at("app:1"), { images });
    const failure = await failureOf(annotateList(lists(), at("app:1"), { annotations: { a: "b" } }));
    expect(failure.message).toContain("400 TAG_INVALID (The image tag '1' already exists)");
    await pushList(lists(), at("app:1"), [at("other:1")]);
  });

  it("docker's types, at zot", async () => {
    const { lists, at, images } = await openSetting(profiles.zot);
    await createList(lists(), "app", { images });
    expect((await failureOf(pushList(lists(), "app", [at("app:1")], { format: "v2s2" }))).message).toContain("400 MANIFEST_INVALID");
  });

  it("an index in an index, at gcr.io", async () => {
    const { lists, at, registry } = await openSetting(profiles.GAR);
    const { manifest } = seedImage(registry, "team/app", "one");
    const inner = seedIndex(registry, "team/app", "inner", [manifest]);
    seedIndex(registry, "team/app", "outer", [{ ...inner, platform: { architecture: "amd64", os: "linux" } }]);
    const failure = await failureOf(annotateList(lists(), at("app:outer"), { annotations: { a: "b" } }));
    expect(failure.message).toContain("400 MANIFEST_INVALID (nested index not supported)");
  });

  it("a quota that is found out at the end, at Harbor", async () => {
    const fault: RegistryOptions["fault"] = ({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
        ? { status: 412, body: JSON.stringify({ errors: [{ code: "DENIED", message: "adding 5 MiB of storage would exceed the quota" }] }) }
        : undefined;
    const { lists, at, images, registry } = await openSetting({ ...profiles.Harbor, fault });
    const failure = await failureOf(createList(lists(), at("app:1"), { images }));
    expect(failure.message).toContain("412 DENIED (adding 5 MiB of storage would exceed the quota)");
    expect(registry.repository("team/app").tags.size).toBe(0);
  });
});
