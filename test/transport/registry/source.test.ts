import { afterEach, describe, expect, test } from "bun:test";
import { type Fault, type SeenRequest, seedImage, seedIndex, sha256 } from "../../helper/registry.ts";
import { bytesOf, clientFor, errorOf, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

/** Spoils the answers to requests whose path holds `part`, the first `times` of them. */
function faulty(part: string, fault: Fault, times = Number.POSITIVE_INFINITY) {
  let left = times;
  return (request: SeenRequest) => (request.path.includes(part) && left-- > 0 ? fault : undefined);
}

describe("source.resolve()", () => {
  test("reads a tag with one GET, no ping, asking for the four types", async () => {
    const { registry, place } = await setUp();
    const image = seedImage(registry, "app", "one");
    const document = await place("app:one").source.resolve();
    expect(document.descriptor).toEqual(image.manifest);
    expect(registry.log()).toEqual(["GET /v2/app/manifests/one"]);
    for (const type of ["oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2", "docker.distribution.manifest.v2"]) {
      expect(registry.requests[0]?.headers.accept).toContain(type);
    }
  });

  test("reads a digest once and remembers it", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    const { source } = place(`app@${manifest.digest}`);
    await source.resolve();
    await source.resolve();
    await source.describe();
    await source.manifest(manifest);
    expect(registry.requests).toHaveLength(1);
  });

  test("reads the digest where tag and digest stand together", async () => {
    const { registry, place } = await setUp();
    const one = seedImage(registry, "app", "one");
    seedImage(registry, "app", "two");
    expect((await place(`app:two@${one.manifest.digest}`).source.resolve()).descriptor.digest).toBe(one.manifest.digest);
  });

  for (const digestHeader of [true, false]) {
    test(`refuses another manifest than the digest asked for, ${digestHeader ? "whatever" : "without what"} the header says (CVE-2025-24882, GHSA-qv35-3gw6-8q4j)`, async () => {
      const { registry, place } = await setUp({ digestHeader });
      const one = seedImage(registry, "app", "one");
      const two = seedImage(registry, "app", "two");
      const stored = registry.repository("app").manifests.get(two.manifest.digest);
      if (stored) registry.repository("app").manifests.set(one.manifest.digest, stored);
      const error = await errorOf(place(`app@${one.manifest.digest}`).source.resolve());
      expect(error.code).toBe("MISMATCH");
    });
  }

  test("refuses a tag whose stated digest is not that of the bytes", async () => {
    const { registry, place } = await setUp({ fault: faulty("manifests/one", "corrupt") });
    seedImage(registry, "app", "one");
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("MISMATCH");
  });

  test("takes a tag without Docker-Content-Digest", async () => {
    const { registry, place } = await setUp({ digestHeader: false });
    const { manifest } = seedImage(registry, "app", "one");
    expect((await place("app:one").source.resolve()).descriptor).toEqual(manifest);
  });

  test("says NOT_FOUND with the registry's words", async () => {
    const { place } = await setUp();
    const error = await errorOf(place("app:none").source.resolve());
    expect(error.code).toBe("NOT_FOUND");
    expect(error.message).toMatch(/^Cannot read "127\.0\.0\.1:\d+\/app:none": the registry answered 404 MANIFEST_UNKNOWN \(manifest unknown\)$/);
  });

  test("survives 503 and cut connections", async () => {
    let count = 0;
    const { registry, place, events } = await setUp({ fault: () => [503, "reset", "reset", undefined][count++] as Fault | undefined });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect(events.filter((event) => event.type === "retry").length).toBeGreaterThanOrEqual(2);
  });

  test("gives up in the end with the registry's words", async () => {
    const { registry, place } = await setUp({ fault: () => 503 });
    const error = await errorOf(place("app:one").source.resolve());
    expect(error.message).toContain("the registry answered 503 UNKNOWN");
    expect(registry.requests).toHaveLength(4);
  });

  test("refuses an endless manifest (CVE-2020-1702)", async () => {
    const { place } = await setUp({ fault: () => ({ status: 200, body: "x".repeat(5 << 20) }) });
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("LIMIT");
  });

  const indexBody = { manifests: [], config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256("{}"), size: 2 }, layers: [] };
  for (const type of [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/json",
    "text/plain",
  ]) {
    for (const mediaType of [undefined, "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"]) {
      test(`refuses a document that is index and image, sent as ${type}, saying ${mediaType} (CVE-2021-41190, GHSA-mc8v-mgrf-8f4m, GHSA-5j5w-g665-5m35)`, async () => {
        const body = JSON.stringify({ schemaVersion: 2, ...(mediaType && { mediaType }), ...indexBody });
        const { place } = await setUp({ fault: () => ({ status: 200, headers: { "content-type": type }, body }) });
        expect((await errorOf(place("app:one").source.resolve())).code).toBe("INVALID");
      });
    }
  }

  test("takes a body of any kind in an error and escapes it (CVE-2021-21303, GHSA-c38g-469g-cmgx, CVE-2021-25743)", async () => {
    for (const body of [
      "",
      "<html>\u001b[2J",
      "\u001b]8;;evil\u0007",
      '{"errors":[{"code":"\u001b[2J","message":"\\u001b[31m red \\u202e"}]}',
      '{"errors":null}',
      "[]",
      "\u0000",
    ]) {
      const { place } = await setUp({ fault: () => ({ status: 403, body }) });
      const error = await errorOf(place("app:one").source.resolve());
      expect(error.code).toBe("DENIED");
      expect(error.message).toMatch(/^Cannot read "[^"]+": the registry answered 403/);
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe("source.describe()", () => {
  test("asks with HEAD", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    expect(await place("app:one").source.describe()).toEqual(manifest);
    expect(registry.log()).toEqual(["HEAD /v2/app/manifests/one"]);
  });

  test("reads the manifest where the answer states no digest", async () => {
    const { registry, place } = await setUp({ digestHeader: false });
    const { manifest } = seedImage(registry, "app", "one");
    expect(await place("app:one").source.describe()).toEqual(manifest);
    expect(registry.log()).toEqual(["HEAD /v2/app/manifests/one", "GET /v2/app/manifests/one"]);
  });

  test("says NOT_FOUND", async () => {
    const { place } = await setUp();
    expect((await errorOf(place("app:none").source.describe())).code).toBe("NOT_FOUND");
  });

  test("never takes another status for missing", async () => {
    for (const status of [401, 403, 500]) {
      const { place } = await setUp({ fault: () => status });
      expect((await errorOf(place("app:one").source.describe())).code).not.toBe("NOT_FOUND");
    }
  });
});

describe("source.smallBlob()", () => {
  test("reads a config once, however often it is asked for, as a stream too", async () => {
    const { registry, place } = await setUp();
    const { config } = seedImage(registry, "app", "one");
    const { source } = place("app:one");
    const bytes = await source.smallBlob(config);
    expect(sha256(bytes)).toBe(config.digest);
    await source.smallBlob(config);
    expect(sha256(await bytesOf(await source.blob(config)))).toBe(config.digest);
    expect(registry.requests).toHaveLength(1);
  });

  test("refuses more than 4 MiB without asking", async () => {
    const { registry, place } = await setUp();
    const { config } = seedImage(registry, "app", "one");
    expect((await errorOf(place("app").source.smallBlob({ ...config, size: 5 << 20 }))).code).toBe("LIMIT");
    expect(registry.requests).toHaveLength(0);
  });

  test("refuses what is not the content promised", async () => {
    const { registry, place } = await setUp({ fault: faulty("/blobs/", "corrupt") });
    const { config } = seedImage(registry, "app", "one");
    expect((await errorOf(place("app").source.smallBlob(config))).code).toBe("MISMATCH");
  });

  test("takes the descriptor's own data, once it has been verified", async () => {
    const { registry, place } = await setUp();
    const { config } = seedImage(registry, "app", "one");
    const bytes = registry.repository("app").blobs.get(config.digest) ?? new Uint8Array();
    const data = Buffer.from(bytes).toString("base64");
    expect(await place("app").source.smallBlob({ ...config, data })).toEqual(new Uint8Array(bytes));
    expect(registry.requests).toHaveLength(0);
    expect((await errorOf(place("app").source.smallBlob({ ...config, data: btoa("other") }))).code).toBe("MISMATCH");
  });

  test("refuses a digest that would leave its path (CVE-2024-3727, GHSA-6wvf-f2vw-3425)", async () => {
    const { registry, place } = await setUp();
    for (const digest of ["sha256:../../x", `sha256:${"a".repeat(63)}`, `sha256:${"A".repeat(64)}`, "sha256:a/b", "md5:\0"] as const) {
      const descriptor = { mediaType: "text/plain", digest, size: 2 };
      const { source, target } = place("app:one");
      for (const attempt of [source.smallBlob(descriptor), source.blob(descriptor), source.manifest(descriptor), target.hasManifest(descriptor)]) {
        expect((await errorOf(attempt)).code).toBe("INVALID");
      }
    }
    expect(registry.requests).toHaveLength(0);
  });
});

describe("source.blob()", () => {
  const text = "0123456789".repeat(20_000);

  test("streams and verifies", async () => {
    const { registry, place } = await setUp();
    const blob = registry.putBlob("app", text);
    expect(sha256(await bytesOf(await place("app").source.blob(blob)))).toBe(blob.digest);
  });

  test("fails at its end when a byte is wrong", async () => {
    const { registry, place } = await setUp({ fault: faulty("/blobs/", "corrupt") });
    const blob = registry.putBlob("app", text);
    const stream = await place("app").source.blob(blob);
    expect((await errorOf(bytesOf(stream))).code).toBe("MISMATCH");
  });

  test("goes on where it broke, with a range", async () => {
    const { registry, place } = await setUp({ fault: faulty("/blobs/", "truncate", 1) });
    const blob = registry.putBlob("app", text);
    expect(sha256(await bytesOf(await place("app").source.blob(blob)))).toBe(blob.digest);
    expect(registry.requests.map((request) => request.headers.range)).toEqual([undefined, `bytes=${text.length - 1}-`]);
  });

  test("starts over where the registry knows no ranges", async () => {
    let count = 0;
    const { registry, place } = await setUp({ fault: () => (count++ === 0 ? "truncate" : { status: 200, body: text }) });
    const blob = registry.putBlob("app", text);
    expect(sha256(await bytesOf(await place("app").source.blob(blob)))).toBe(blob.digest);
  });

  test("refuses another range than the one asked for", async () => {
    let count = 0;
    const { registry, place } = await setUp({
      fault: () => (count++ === 0 ? "truncate" : { status: 206, headers: { "content-range": "bytes 0-3/9" }, body: "abcd" }),
    });
    const blob = registry.putBlob("app", text);
    expect((await errorOf(bytesOf(await place("app").source.blob(blob)))).code).toBe("REGISTRY");
  });

  test("says MISMATCH where the registry has less than was promised", async () => {
    const { registry, place } = await setUp();
    const blob = registry.putBlob("app", text);
    expect((await errorOf(bytesOf(await place("app").source.blob({ ...blob, size: blob.size + 1 })))).code).toBe("MISMATCH");
  });

  test("never asks the hosts in urls (CVE-2020-15157)", async () => {
    const { registry, place } = await setUp();
    const foreign = await setUp({ auth: "basic" });
    const descriptor = {
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: sha256("x"),
      size: 1,
      urls: [`${foreign.registry.origin}/v2/x/blobs/y`],
    };
    expect((await errorOf(place("app").source.blob(descriptor))).code).toBe("NOT_FOUND");
    expect(registry.requests).toHaveLength(1);
    expect(foreign.registry.requests).toHaveLength(0);
  });

  test("follows a redirect to another host without credentials", async () => {
    const other = await setUp();
    const blob = other.registry.putBlob("store", text);
    const { place } = await setUp({
      fault: faulty("/blobs/", { status: 307, headers: { location: `${other.registry.origin}/v2/store/blobs/${blob.digest}` } }),
    });
    expect(sha256(await bytesOf(await place("app").source.blob(blob)))).toBe(blob.digest);
    expect(other.registry.requests.map((request) => request.headers.authorization)).toEqual([undefined]);
  });
});

describe("createRegistryClient()", () => {
  test("takes no repository's word for what another holds", async () => {
    const { registry, place } = await setUp();
    const { manifest } = seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect((await errorOf(place(`other@${manifest.digest}`).source.describe())).code).toBe("NOT_FOUND");
    expect((await errorOf(place("other").source.manifest(manifest))).code).toBe("NOT_FOUND");
  });

  test("speaks plain http without certificates checked, and remembers it", async () => {
    const { registry } = await setUp();
    seedImage(registry, "app", "one");
    const { client, place } = await clientFor(registry, { verifyTls: false });
    await place("app:one").source.resolve();
    expect(client.memory.schemes.get(registry.host)).toBe("http");
    expect(registry.log()).toEqual(["GET /v2/app/manifests/one"]);
  });

  test("never speaks plain http otherwise, on this machine neither, and says how to", async () => {
    const { registry } = await setUp();
    const { place } = await clientFor(registry, { verifyTls: true });
    const error = await errorOf(place("app:one").source.resolve());
    expect(error.code).toBe("NETWORK");
    expect(error.message).toContain("--tls-verify=false");
    expect(registry.requests).toHaveLength(0);
  });

  test("reads Docker Hub where its API is", async () => {
    const { client } = await setUp();
    const { openRegistryPlace } = await import("../../../src/core/transport/registry/mod.ts");
    const { parseReference } = await import("../../../src/core/spec/mod.ts");
    expect(openRegistryPlace(client, parseReference("busybox")).source.repository).toEqual({
      origin: "https://registry-1.docker.io",
      repository: "library/busybox",
    });
  });

  test("asks for two platforms of an index with three requests", async () => {
    const { registry, place } = await setUp();
    const images = ["linux/amd64", "linux/arm64"].map((platform) => seedImage(registry, "app", "", { platform }).manifest);
    seedIndex(registry, "app", "multi", images);
    const { source } = place("app:multi");
    const index = await source.resolve();
    if (!("manifests" in index.value)) throw new Error("no index");
    await Promise.all(index.value.manifests.map((entry) => source.manifest(entry)));
    expect(registry.requests).toHaveLength(3);
  });
});
