import { afterEach, describe, expect, test } from "bun:test";
import { encodeUtf8, streamOf } from "../../../src/core/base/mod.ts";
import { seedImage, sha256 } from "../../helper/registry.ts";
import { blobOf, bytesOf, documentOf, emptyIndex, errorOf, onMethod, repositoryOf, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

const big = "x".repeat(1_200_000);

describe("target.putBlob()", () => {
  test("sends a small blob with POST and one PUT", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    const told: number[] = [];
    expect(await place("app").target.putBlob(descriptor, open, { onProgress: (bytes) => told.push(bytes) })).toBe("copied");
    expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PUT"]);
    expect(registry.requests[1]?.headers["content-length"]).toBe("5");
    expect(registry.repository("app").blobs.get(descriptor.digest)).toEqual(encodeUtf8("hello"));
    expect(told).toEqual([5]);
  });

  test("sends an empty blob", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("");
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(registry.repository("app").blobs.has(descriptor.digest)).toBe(true);
  });

  test("mounts with one POST and no HEAD before", async () => {
    const { registry, place } = await setUp();
    const blob = registry.putBlob("from/here", big);
    expect(await place("app").target.putBlob(blob, blobOf(big).open, { from: repositoryOf(place("from/here")) })).toBe("mounted");
    expect(registry.log()).toEqual([`POST /v2/app/blobs/uploads/?mount=sha256:${blob.digest.slice(7, 13)}&from=from%2Fhere`]);
  });

  test("refuses to hold a chunk that a registry wants too large", async () => {
    const { place } = await setUp({ chunkMinimum: 999_999_999, fault: onMethod("PUT", 413) });
    const { descriptor, open } = blobOf(big);
    const error = await errorOf(place("app").target.putBlob(descriptor, open));
    expect([error.code, error.message]).toEqual(["LIMIT", expect.stringContaining("chunks of 999999999 bytes at least")]);
  });

  test("takes a refused mount's session as the upload session", async () => {
    const { registry, place } = await setUp({ allowMount: false });
    const { descriptor, open } = blobOf("hello");
    expect(await place("app").target.putBlob(descriptor, open, { from: repositoryOf(place("other")) })).toBe("copied");
    expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PUT"]);
    expect(registry.openUploads()).toBe(0);
  });

  for (const status of [400, 401, 403, 404, 405]) {
    test(`uploads where a mount is answered ${status}`, async () => {
      const { registry, place } = await setUp({ fault: (request) => (request.path.includes("mount=") ? status : undefined) });
      const { descriptor, open } = blobOf("hello");
      expect(await place("app").target.putBlob(descriptor, open, { from: repositoryOf(place("other")) })).toBe("copied");
      expect(registry.requests.map((request) => request.method)).toEqual(["POST", "POST", "PUT"]);
    });
  }

  test("asks nothing where the blob comes from the same repository", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    expect(await place("app:two").target.putBlob(descriptor, open, { from: repositoryOf(place("app:one")) })).toBe("exists");
    expect(registry.requests).toHaveLength(0);
  });

  test("never mounts from another registry", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    await place("app").target.putBlob(descriptor, open, { from: { origin: "https://other.test", repository: "x" } });
    expect(registry.requests[0]?.path).toMatch(/&from=app$/);
  });

  test("asks for a blob over 1 MiB before it sends it", async () => {
    const { registry, place } = await setUp();
    registry.putBlob("app", big);
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("exists");
    expect(registry.requests.map((request) => request.method)).toEqual(["HEAD"]);
  });

  test("sends a blob once that two images share", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    const { target } = place("app");
    const outcomes = await Promise.all([target.putBlob(descriptor, open), target.putBlob(descriptor, open), place("app:2").target.putBlob(descriptor, open)]);
    expect([...outcomes].sort()).toEqual(["copied", "exists", "exists"]);
    expect(registry.requests).toHaveLength(2);
  });

  test("tries itself when the one it waits for is called off", async () => {
    const { place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    const controller = new AbortController();
    const first = place("app").target.putBlob(descriptor, open, { signal: controller.signal });
    const second = place("app").target.putBlob(descriptor, open);
    controller.abort(new Error("called off"));
    expect((await errorOf(first)).message).toBe("called off");
    expect(await second).toBe("copied");
  });

  for (const location of ["relative", "absolute"] as const) {
    test(`keeps the query of a ${location} Location as text and appends the digest`, async () => {
      const { registry, place } = await setUp({ location, locationQuery: "?_state=a%20b~(c)&bare&p=%2F+" });
      const { descriptor, open } = blobOf("hello");
      await place("app").target.putBlob(descriptor, open);
      expect(registry.requests[1]?.path.split("?")[1]).toBe(`_state=a%20b~(c)&bare&p=%2F+&digest=${encodeURIComponent(descriptor.digest)}`);
    });
  }

  test("asks with HEAD before it repeats a PUT that may have succeeded", async () => {
    const { descriptor, open } = blobOf("hello");
    const { registry, place } = await setUp({
      fault: (request) => {
        if (request.method !== "PUT") return undefined;
        // The blob arrives, the answer does not.
        registry.putBlob("app", "hello");
        return 502;
      },
    });
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PUT", "HEAD"]);
  });

  test("starts a new session when the blob did not arrive", async () => {
    const { registry, place } = await setUp({ fault: onMethod("PUT", "reset", 503) });
    const { descriptor, open } = blobOf("hello");
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PUT", "HEAD", "POST", "PUT", "HEAD", "POST", "PUT"]);
  });

  test("repeats a PUT that was put off without asking", async () => {
    const { registry, place, clock } = await setUp({ fault: onMethod("PUT", { status: 429, headers: { "retry-after": "3" } }) });
    const { descriptor, open } = blobOf("hello");
    await place("app").target.putBlob(descriptor, open);
    expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PUT", "POST", "PUT"]);
    expect(clock.waits).toEqual([3000]);
  });

  for (const status of [405, 413, 416]) {
    test(`sends chunks where one piece is answered ${status}, and remembers it`, async () => {
      const text = "0123456789".repeat(500_000);
      const { registry, place } = await setUp({ fault: onMethod("PUT", status) });
      const { descriptor, open } = blobOf(text);
      expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
      expect(registry.requests.map((request) => request.method)).toEqual(["HEAD", "POST", "PUT", "POST", "PATCH", "PATCH", "PUT"]);
      expect(registry.requests.flatMap((request) => request.headers["content-range"] ?? [])).toEqual(["0-4194303", "4194304-4999999"]);
      registry.clear();
      const next = blobOf("small");
      await place("app").target.putBlob(next.descriptor, next.open);
      expect(registry.requests.map((request) => request.method)).toEqual(["POST", "PATCH", "PUT"]);
    });
  }

  test("makes chunks as large as OCI-Chunk-Min-Length asks", async () => {
    const text = "0123456789".repeat(600_000);
    const { registry, place } = await setUp({ chunkMinimum: 5_000_000, fault: onMethod("PUT", 413) });
    const { descriptor, open } = blobOf(text);
    await place("app").target.putBlob(descriptor, open);
    expect(registry.requests.flatMap((request) => request.headers["content-range"] ?? [])).toEqual(["0-4999999", "5000000-5999999"]);
  });

  test("gives back the failure of the source, not the registry's", async () => {
    const { place } = await setUp();
    const { descriptor } = blobOf("hello");
    const broken = async () => {
      throw new RangeError("the source broke");
    };
    expect((await errorOf(place("app").target.putBlob(descriptor, broken))).message).toBe("the source broke");
    const halfway = async () =>
      streamOf(
        (async function* () {
          yield encodeUtf8("he");
          throw new RangeError("it broke halfway");
        })(),
      );
    expect((await errorOf(place("app").target.putBlob(descriptor, halfway))).message).toBe("it broke halfway");
  });

  test("says what the registry says of a wrong digest", async () => {
    const { place } = await setUp();
    const { open } = blobOf("hello");
    const error = await errorOf(place("app").target.putBlob({ ...blobOf("other").descriptor, size: 5 }, open));
    expect(error.message).toMatch(/^Cannot push "127[^"]+\/app@sha256:[0-9a-f]+": the registry answered 400 DIGEST_INVALID/);
  });

  test("abandon() gives open sessions back", async () => {
    const { registry, place } = await setUp({ fault: onMethod("PUT", 403) });
    const { descriptor, open } = blobOf("hello");
    const { target } = place("app");
    await errorOf(target.putBlob(descriptor, open));
    expect(registry.openUploads()).toBe(1);
    await target.abandon();
    expect(registry.openUploads()).toBe(0);
  });
});

describe("target.hasManifest()", () => {
  test("asks with HEAD, and takes only 404 for missing", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    expect(await place("app").target.hasManifest(manifest)).toBe(true);
    expect(await place("other").target.hasManifest(manifest)).toBe(false);
    expect(registry.requests.map((request) => request.method)).toEqual(["HEAD", "HEAD"]);
    const refusing = await setUp({ fault: () => 403 });
    expect((await errorOf(refusing.place("app").target.hasManifest(manifest))).code).toBe("DENIED");
  });

  test("asks with GET where HEAD is answered 400, as one registry does for what is missing", async () => {
    const { registry, place } = await setUp({ fault: onMethod("HEAD", 400, 400) });
    const { manifest } = seedImage(registry, "app", "one");
    expect(await place("app").target.hasManifest(manifest)).toBe(true);
    expect(await place("other").target.hasManifest({ ...manifest, digest: sha256("none") })).toBe(false);
  });
});

describe("target.putManifest()", () => {
  test("puts bytes as they are, once, under their digest", async () => {
    const { registry, place } = await setUp();
    const document = await documentOf(emptyIndex);
    await Promise.all([place("app").target.putManifest(document), place("app").target.putManifest(document)]);
    expect(registry.requests.map((request) => [request.method, request.headers["content-type"]])).toEqual([["PUT", emptyIndex.mediaType]]);
    expect(registry.repository("app").manifests.get(document.descriptor.digest)?.bytes).toEqual(document.bytes);
  });

  test("refuses an answer that names another digest", async () => {
    const { place } = await setUp({ fault: onMethod("PUT", { status: 201, headers: { "docker-content-digest": sha256("other") } }) });
    expect((await errorOf(place("app").target.putManifest(await documentOf(emptyIndex)))).code).toBe("MISMATCH");
  });

  test("asks before it repeats a PUT that may have succeeded", async () => {
    const document = await documentOf(emptyIndex);
    const { registry, place } = await setUp({
      fault: (request) => {
        if (request.method !== "PUT") return undefined;
        registry.putManifest("app", document.descriptor.digest, document.bytes, emptyIndex.mediaType);
        return 504;
      },
    });
    await place("app").target.putManifest(document);
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT", "HEAD"]);
  });

  test("refuses more than 4 MiB without asking (CVE-2017-11468)", async () => {
    const { registry, place } = await setUp();
    const document = await documentOf({ ...emptyIndex, annotations: { x: "y".repeat(5 << 20) } });
    expect((await errorOf(place("app").target.putManifest(document))).code).toBe("LIMIT");
    expect(registry.requests).toHaveLength(0);
  });

  test("names what the registry misses", async () => {
    const { place } = await setUp();
    const document = await documentOf({
      ...emptyIndex,
      manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256("none"), size: 4 }],
    });
    expect((await errorOf(place("app").target.putManifest(document))).message).toContain("400 MANIFEST_BLOB_UNKNOWN");
  });
});

describe("a stream", () => {
  test("goes from one registry to another", async () => {
    const [from, to] = [await setUp(), await setUp()];
    const blob = from.registry.putBlob("a", big);
    const { source } = from.place("a");
    expect(await to.place("b").target.putBlob(blob, () => source.blob(blob), { from: repositoryOf(from.place("a")) })).toBe("copied");
    expect(sha256(await bytesOf(await to.place("b").source.blob(blob)))).toBe(blob.digest);
  });
});

describe("a client that is used for long", () => {
  test("brings again what has gone from the registry meanwhile", async () => {
    const { registry, place, clock } = await setUp({ strict: false });
    const { descriptor, open } = blobOf("layer");
    const document = await documentOf(emptyIndex);
    const { target } = place("app:1");
    const push = async () => {
      if (!(await target.hasManifest(document.descriptor))) await target.putManifest(document);
      return await target.putBlob(descriptor, open);
    };
    expect(await push()).toBe("copied");
    registry.repository("app").manifests.clear();
    registry.repository("app").blobs.clear();
    await clock.sleep(60_000);
    expect(await push()).toBe("copied");
    expect([registry.repository("app").manifests.size, registry.repository("app").blobs.size]).toEqual([1, 1]);
  });
});
