import { afterEach, describe, expect, test } from "bun:test";
import { referrersTag } from "../../../src/core/spec/mod.ts";
import { type SeenRequest, seedImage, sha256 } from "../../helper/registry.ts";
import { documentOf, emptyIndex, errorOf, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256("{}"), size: 2 } as const;
const image = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] } as const;

describe("a manifest with a subject", () => {
  const subject = { mediaType: image.mediaType, digest: sha256("subject"), size: 7 } as const;
  const referring = { ...image, artifactType: "application/x", subject, annotations: { a: "b" } } as const;

  test("is listed under the fallback tag where the registry does not track it", async () => {
    const { registry, place } = await setUp();
    registry.putBlob("app", "{}");
    const document = await documentOf(referring);
    await place("app").target.putManifest(document);
    const digest = registry.repository("app").tags.get(referrersTag(subject.digest)) ?? "";
    const list = JSON.parse(new TextDecoder().decode(registry.repository("app").manifests.get(digest)?.bytes)) as { manifests: unknown };
    expect(list.manifests).toEqual([{ ...document.descriptor, annotations: { a: "b" }, artifactType: "application/x" }]);
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT", "GET", "PUT", "GET"]);
  });

  test("is not where it does", async () => {
    const { registry, place } = await setUp({ referrers: true });
    registry.putBlob("app", "{}");
    await place("app").target.putManifest(await documentOf(referring));
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT"]);
  });

  test("is merged with what others list at the same time", async () => {
    const { registry, place } = await setUp();
    registry.putBlob("app", "{}");
    const documents = await Promise.all(Array.from({ length: 5 }, (_, at) => documentOf({ ...referring, annotations: { at: String(at) } })));
    await Promise.all(documents.map((document) => place("app").target.putManifest(document)));
    const digest = registry.repository("app").tags.get(referrersTag(subject.digest)) ?? "";
    const list = JSON.parse(new TextDecoder().decode(registry.repository("app").manifests.get(digest)?.bytes)) as { manifests: { digest: string }[] };
    expect(list.manifests.map((entry) => entry.digest).sort()).toEqual(documents.map((document) => document.descriptor.digest).sort());
  });

  test("is merged again when another program's write took it away", async () => {
    let isFirst = true;
    const tag = referrersTag(subject.digest);
    const { registry, place } = await setUp({
      fault: (request) => {
        if (request.method === "GET" && registry.repository("app").tags.has(tag) && isFirst) {
          isFirst = false;
          registry.putManifest("app", tag, emptyIndex, emptyIndex.mediaType);
        }
        return undefined;
      },
    });
    registry.putBlob("app", "{}");
    await place("app").target.putManifest(await documentOf(referring));
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT", "GET", "PUT", "GET", "PUT", "GET"]);
  });

  test("fails where others replace the list whenever it is written", async () => {
    const tag = referrersTag(subject.digest);
    const { registry, place } = await setUp({
      fault: (request) => {
        if (request.method === "GET") registry.putManifest("app", tag, emptyIndex, emptyIndex.mediaType);
        return undefined;
      },
    });
    registry.putBlob("app", "{}");
    const error = await errorOf(place("app").target.putManifest(await documentOf(referring)));
    expect(error.code).toBe("CONFLICT");
    expect(error.message).toContain("replaced it 5 times");
    expect(registry.requests.filter((request) => request.method === "PUT")).toHaveLength(6);
  });

  test("is not listed under the tag where the answer that says so got lost", async () => {
    let puts = 0;
    const { registry, place } = await setUp({
      referrers: true,
      fault: (request) => {
        if (request.method !== "PUT" || puts++ > 0) return undefined;
        registry.putManifest("app", digest, bytes, image.mediaType);
        return 504;
      },
    });
    const document = await documentOf(referring);
    const { bytes, descriptor } = document;
    const { digest } = descriptor;
    registry.putBlob("app", "{}");
    await place("app:one").target.putRoot(document);
    expect([...registry.repository("app").tags.keys()]).not.toContain(referrersTag(subject.digest));
  });

  test("reads no list of referrers without end (CVE-2023-33959)", async () => {
    const endless = (request: SeenRequest) => (request.method === "GET" ? { status: 200, body: " ".repeat(5 << 20) } : undefined);
    const { registry, place } = await setUp({ fault: endless });
    registry.putBlob("app", "{}");
    expect((await errorOf(place("app").target.putManifest(await documentOf(referring)))).code).toBe("LIMIT");
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT", "GET"]);
  });

  test("leaves alone what is no list of referrers, and says so", async () => {
    const { registry, place, events } = await setUp();
    registry.putBlob("app", "{}");
    seedImage(registry, "app", referrersTag(subject.digest));
    await place("app").target.putManifest(await documentOf(referring));
    expect(events.map((event) => event.type)).toEqual(["warning"]);
    expect(registry.requests.map((request) => request.method)).toEqual(["PUT", "GET"]);
  });
});
