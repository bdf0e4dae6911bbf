import { afterEach, describe, expect, test } from "bun:test";
import { seedImage, sha256 } from "../../helper/registry.ts";
import { documentOf, emptyIndex, errorOf, onMethod, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

describe("target.putRoot()", () => {
  test("writes the tag of the location, of the options, or latest, with one PUT", async () => {
    const { registry, place } = await setUp();
    const document = await documentOf(emptyIndex);
    await place("app:one").target.putRoot(document);
    await place("app:one").target.putRoot(document, { tag: "two" });
    await place("app").target.putRoot(document);
    await place(`app@${document.descriptor.digest}`).target.putRoot(document);
    expect(registry.log().map((line) => line.replace(/:[0-9a-f]{6}$/, ""))).toEqual([
      "PUT /v2/app/manifests/one",
      "PUT /v2/app/manifests/two",
      "PUT /v2/app/manifests/latest",
      "PUT /v2/app/manifests/sha256",
    ]);
  });

  test("refuses to write under another digest", async () => {
    const { place } = await setUp();
    expect((await errorOf(place(`app@${sha256("x")}`).target.putRoot(await documentOf(emptyIndex)))).code).toBe("INVALID");
  });

  test("edits in place with one GET, one PUT and one check in between", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    const { source, target } = place("app:one");
    const { descriptor } = await source.resolve();
    await target.putRoot(await documentOf({ ...emptyIndex, manifests: [manifest] }), { expected: descriptor.digest });
    expect(registry.requests.map((request) => request.method)).toEqual(["GET", "HEAD", "PUT"]);
  });

  test("stops where somebody changed the tag in between", async () => {
    const { registry, place } = await setUp();
    const one = seedImage(registry, "app", "one");
    seedImage(registry, "app", "one", { seed: "another" });
    const error = await errorOf(place("app:one").target.putRoot(await documentOf(emptyIndex), { expected: one.manifest.digest }));
    expect(error.code).toBe("CONFLICT");
    expect(registry.requests.map((request) => request.method)).toEqual(["HEAD"]);
  });

  test("stops where something is that should not be, and where nothing is that should", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    const document = await documentOf(emptyIndex);
    expect((await errorOf(place("app:one").target.putRoot(document, { expected: undefined }))).code).toBe("CONFLICT");
    expect((await errorOf(place("app:none").target.putRoot(document, { expected: manifest.digest }))).code).toBe("CONFLICT");
    await place("app:new").target.putRoot(document, { expected: undefined });
    expect(registry.repository("app").tags.get("new")).toBe(document.descriptor.digest);
  });

  test("holds the tag with If-Match, so that a change after the check is seen too", async () => {
    const { registry, place } = await setUp({
      etag: true,
      fault: (request) => {
        if (request.method === "PUT") seedImage(registry, "app", "one", { seed: "another" });
        return undefined;
      },
    });
    const { manifest } = seedImage(registry, "app", "one");
    const error = await errorOf(place("app:one").target.putRoot(await documentOf(emptyIndex), { expected: manifest.digest }));
    expect(error.code).toBe("CONFLICT");
    expect(registry.requests[1]?.headers["if-match"]).toBe(`"${manifest.digest}"`);
  });

  test("looks again before it repeats an ambiguous write, and stops where somebody changed the tag meanwhile", async () => {
    let puts = 0;
    const { registry, place } = await setUp({
      fault: (request) => {
        if (request.method !== "PUT" || puts++ > 0) return undefined;
        seedImage(registry, "app", "one", { seed: "another" });
        return 504;
      },
    });
    const { manifest } = seedImage(registry, "app", "one");
    const error = await errorOf(place("app:one").target.putRoot(await documentOf(emptyIndex), { expected: manifest.digest }));
    expect(error.code).toBe("CONFLICT");
    expect(puts).toBe(1);
    expect(registry.repository("app").tags.get("one")).not.toBe(manifest.digest);
  });

  test("sends no weak entity tag", async () => {
    const { registry } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    const weak = {
      status: 200,
      headers: { "docker-content-digest": manifest.digest, "content-type": manifest.mediaType, "content-length": "9", etag: 'W/"x"' },
    };
    const other = await setUp({ fault: onMethod("HEAD", weak) });
    await other.place("app:one").target.putRoot(await documentOf(emptyIndex), { expected: manifest.digest });
    expect(other.registry.requests[1]?.headers["if-match"]).toBe(undefined);
  });
});

describe("removeName()", () => {
  test("deletes the tag, never the digest", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    registry.repository("app").tags.set("two", manifest.digest);
    await place("app:one").removeName();
    expect(registry.log()).toEqual(["DELETE /v2/app/manifests/one"]);
    expect([...registry.repository("app").tags.keys()]).toEqual(["two"]);
  });

  test("says when the registry refuses, and when nothing is there", async () => {
    const { registry, place } = await setUp({ deleteTags: false });
    seedImage(registry, "app", "one");
    const error = await errorOf(place("app:one").removeName());
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain("the registry refuses to delete tags");
    expect((await errorOf(place("app:none").removeName())).code).toBe("NOT_FOUND");
    expect((await errorOf(place(`app@${sha256("x")}`).removeName())).code).toBe("UNSUPPORTED");
  });
});

describe("names before URLs", () => {
  test("putRoot() refuses a tag that would lead elsewhere, before anything is asked", async () => {
    const { registry, place } = await setUp();
    const document = await documentOf(emptyIndex);
    for (const tag of ["v1#x", "../../victim/manifests/latest", "feature/foo", "a?b"]) {
      await expect(place("app").target.putRoot(document, { tag })).rejects.toThrow("Cannot use tag");
    }
    expect(registry.requests.length).toBe(0);
  });

  test("putRoot() refuses content that is not what tag@digest names", async () => {
    const { registry, place } = await setUp();
    await expect(place(`app:1@sha256:${"a".repeat(64)}`).target.putRoot(await documentOf(emptyIndex))).rejects.toThrow("the manifest to be written is");
    expect(registry.requests.length).toBe(0);
  });

  test("removeName() removes no tag for tag@digest", async () => {
    const { registry, place } = await setUp();
    await expect(place(`app:1@sha256:${"a".repeat(64)}`).removeName()).rejects.toThrow("only tags are removed");
    expect(registry.requests.length).toBe(0);
  });
});
