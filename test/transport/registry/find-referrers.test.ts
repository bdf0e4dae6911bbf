import { afterEach, describe, expect, test } from "bun:test";
import type { Referrer } from "../../../src/core/port/mod.ts";
import { type Digest, mediaTypes, referrersTag } from "../../../src/core/spec/mod.ts";
import { seedImage, seedIndex, sha256, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { clientFor, errorOf, setUp, tearDown, userStore } from "./setting.ts";

afterEach(tearDown);

/** Puts an image there and `count` others that refer to it. */
function seed(registry: TestRegistry, count: number): { readonly subject: Digest; readonly referring: readonly Digest[] } {
  const { manifest } = seedImage(registry, "app", "1");
  const referring = Array.from({ length: count }, (_, at) => seedImage(registry, "app", "", { subject: manifest, seed: `${at}` }).manifest);
  return { subject: manifest.digest, referring: referring.map(({ digest }) => digest) };
}

const digestsOf = (referrers: readonly Referrer[]): readonly Digest[] => referrers.map(({ descriptor }) => descriptor.digest);

describe("what refers to a manifest in a registry", () => {
  test("is what the registry lists, page by page, and what cosign keeps under tags", async () => {
    const { registry, place } = await setUp({ referrers: true, referrersPage: 2 });
    const { subject, referring } = seed(registry, 5);
    const { manifest } = seedImage(registry, "app", `${subject.replace(":", "-")}.sig`, { seed: "signature" });
    const found = (await place("app").source.referrers?.(subject)) ?? [];
    expect(digestsOf(found)).toEqual([...referring, manifest.digest]);
    expect(found.map(({ tag }) => tag)).toEqual([...referring.map(() => undefined), `${subject.replace(":", "-")}.sig`]);
    expect(registry.requests.filter(({ path }) => path.includes("/referrers/"))).toHaveLength(3);
  });

  test("is nothing where nothing is listed", async () => {
    const { registry, place } = await setUp({ referrers: true });
    const { subject } = seed(registry, 0);
    expect(await place("app").source.referrers?.(subject)).toEqual([]);
  });

  const answers = [
    { name: "404", fault: 404 },
    { name: "400, as quay did", fault: 400 },
    { name: "405", fault: 405 },
    { name: "406, as Artifactory does", fault: 406 },
    { name: "200 with HTML", fault: { status: 200, headers: { "content-type": "text/html" }, body: "<html>" } },
  ];
  for (const { name, fault } of answers)
    test(`is what the fallback tag lists where the registry answers ${name}`, async () => {
      const { registry, place } = await setUp({ fault: ({ path }) => (path.includes("/referrers/") ? fault : undefined) });
      const { subject, referring } = seed(registry, 1);
      const entries = referring.map((digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 7 }));
      seedIndex(registry, "app", referrersTag(subject), entries);
      expect(digestsOf((await place("app").source.referrers?.(subject)) ?? [])).toEqual(referring);
    });

  test("is not the subject itself, which one registry has under the fallback tag, nor an image there", async () => {
    const { registry, place } = await setUp();
    const index = seedIndex(registry, "app", "1", []);
    registry.repository("app").tags.set(referrersTag(index.digest), index.digest);
    expect(await place("app").source.referrers?.(index.digest)).toEqual([]);
    seedImage(registry, "app", referrersTag(sha256("other")));
    expect(await place("app").source.referrers?.(sha256("other"))).toEqual([]);
  });

  for (const status of [403, 500])
    test(`is not known where the registry answers ${status}`, async () => {
      const { registry, place } = await setUp({ fault: ({ path }) => (path.includes("/referrers/") ? status : undefined) }, { retries: 0 });
      const { subject } = seed(registry, 1);
      const { message } = await errorOf(place("app").source.referrers?.(subject) ?? Promise.resolve());
      expect(message).toContain(`Cannot list referrers in`);
      expect(message).toContain(String(status));
    });

  test("is not known where a later page is missing", async () => {
    const { registry, place } = await setUp({ referrers: true, referrersPage: 1, fault: ({ path }) => (path.includes("from=1") ? 404 : undefined) });
    const { subject } = seed(registry, 2);
    expect((await errorOf(place("app").source.referrers?.(subject) ?? Promise.resolve())).code).toBe("NOT_FOUND");
  });

  test("is not looked for on more than 1000 pages", async () => {
    const { registry, place } = await setUp({
      fault: ({ path }) => {
        const headers = { "content-type": mediaTypes.ociIndex, link: `<${path}>; rel="next"` };
        return path.includes("/referrers/") ? { status: 200, headers, body: JSON.stringify({ schemaVersion: 2, manifests: [] }) } : undefined;
      },
    });
    const { subject } = seed(registry, 0);
    expect((await errorOf(place("app").source.referrers?.(subject) ?? Promise.resolve())).code).toBe("LIMIT");
    expect(registry.requests).toHaveLength(1000);
  });

  test("is asked of another host, which a Link names, without credentials", async () => {
    const other = await startRegistry({ referrers: true });
    const registry = await startRegistry({
      auth: "basic",
      fault: ({ path, headers }) =>
        path.includes("/referrers/") && headers.authorization !== undefined
          ? {
              status: 200,
              headers: { "content-type": mediaTypes.ociIndex, link: `<${other.origin}${path}>; rel="next"` },
              body: JSON.stringify({ schemaVersion: 2, manifests: [] }),
            }
          : undefined,
    });
    try {
      const { place } = await clientFor(registry, { credentials: userStore });
      await place("app").source.referrers?.(sha256("x"));
      expect(other.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([[`/v2/app/referrers/${sha256("x")}`, undefined]]);
    } finally {
      await Promise.all([registry.stop(), other.stop()]);
    }
  });
});

describe("putReferrer() with a tag", () => {
  test("writes the tag, and replaces what is part of it", async () => {
    const { registry, place } = await setUp();
    const { manifest: old } = seedImage(registry, "app", "sha256-x.sig", { seed: "s", layers: 1 });
    const { manifest } = seedImage(registry, "other", "sig", { seed: "s", layers: 2 });
    const document = await place("other:sig").source.resolve();
    for (const [digest, bytes] of registry.repository("other").blobs) registry.repository("app").blobs.set(digest, bytes);
    await place("app:1").target.putReferrer?.(document, { tag: "sha256-x.sig" });
    expect(registry.repository("app").tags.get("sha256-x.sig")).toBe(manifest.digest);
    expect(manifest.digest).not.toBe(old.digest);
    registry.clear();
    await place("app:1").target.putReferrer?.(document, { tag: "sha256-x.sig" });
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD"]);
  });

  test("refuses to replace what is not part of it", async () => {
    const { registry, place } = await setUp();
    const { manifest: old } = seedImage(registry, "app", "sha256-x.sig", { seed: "mine" });
    seedImage(registry, "other", "sig", { seed: "theirs" });
    const document = await place("other:sig").source.resolve();
    const error = await errorOf(place("app:1").target.putReferrer?.(document, { tag: "sha256-x.sig" }) ?? Promise.resolve());
    expect(error.code).toBe("LOSS");
    expect(registry.repository("app").tags.get("sha256-x.sig")).toBe(old.digest);
  });
});
