import { afterEach, describe, expect, test } from "bun:test";
import type { Fault, SeenRequest, TestRegistry } from "../../helper/registry.ts";
import { seedImage } from "../../helper/registry.ts";
import { blobOf, documentOf, emptyIndex, errorOf, onMethod, setUp, tearDown, userStore } from "./setting.ts";

afterEach(tearDown);

const big = "0123456789".repeat(300_000);
const methodsOf = ({ requests }: TestRegistry) => requests.map(({ method }) => method).join(" ");

describe("a token that runs out in the middle of a push", () => {
  for (const at of [1, 7, 20]) {
    test(`(at request ${at} of those that write) costs one new token, and nothing is lost`, async () => {
      let writes = 0;
      const { registry, place } = await setUp(
        {
          auth: "bearer",
          fault: ({ method }) => {
            if (method !== "GET" && method !== "HEAD" && ++writes === at + 16) registry.expireTokens();
            return undefined;
          },
        },
        { credentials: userStore },
      );
      const blobs = Array.from({ length: 16 }, (_, number) => blobOf(`blob ${number} `.repeat(1000)));
      const { target } = place("app");
      // The first requests have no token yet: they all are refused together, which is another matter.
      await target.hasManifest(await documentOf(emptyIndex).then(({ descriptor }) => descriptor));
      writes = 16;
      await Promise.all(blobs.map(({ descriptor, open }) => target.putBlob(descriptor, open)));
      expect([...registry.repository("app").blobs.keys()].sort()).toEqual(blobs.map(({ descriptor }) => descriptor.digest as string).sort());
      expect(registry.tokenRequests).toHaveLength(2);
    });
  }

  test("costs one new token for a large blob, which is sent again", async () => {
    const { registry, place } = await setUp(
      {
        auth: "bearer",
        fault: (request) =>
          request.method === "PUT" && registry.requests.filter(({ method }) => method === "PUT").length === 1 ? expire(registry) : undefined,
      },
      { credentials: userStore },
    );
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(registry.tokenRequests).toHaveLength(2);
    expect(registry.requests.map(({ method, status }) => `${method} ${status}`)).toEqual(["HEAD 401", "HEAD 404", "POST 202", "PUT 401", "PUT 201"]);
  });
});

function expire(registry: TestRegistry): undefined {
  registry.expireTokens();
}

describe("an upload whose connection breaks", () => {
  test("goes on where the registry has it, with what is left", async () => {
    const { registry, place } = await setUp({ fault: onMethod("PUT", { cut: 1_500_000 }) });
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(methodsOf(registry)).toBe("HEAD POST PUT HEAD GET PATCH PUT");
    expect(registry.requests.find(({ method }) => method === "PATCH")?.headers["content-range"]).toBe("1500000-2999999");
    expect(registry.repository("app").blobs.get(descriptor.digest)?.length).toBe(big.length);
    expect(registry.openUploads()).toBe(0);
  });

  test("goes on as often as it gets further, however few tries there are", async () => {
    let cuts = 0;
    const { place } = await setUp(
      {
        fault: ({ method, headers }) =>
          (method === "PATCH" || method === "PUT") && headers["content-length"] !== "0" && cuts++ < 12 ? { cut: 200_000 } : undefined,
      },
      { retries: 1 },
    );
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(cuts).toBe(13);
  });

  test("ends with the failure when it gets no further", async () => {
    const { registry, place } = await setUp(
      { fault: ({ method }) => (method === "PATCH" ? "reset" : method === "PUT" ? { cut: 200_000 } : undefined) },
      { retries: 2 },
    );
    const { descriptor, open } = blobOf(big);
    expect((await errorOf(place("app").target.putBlob(descriptor, open))).code).toBe("NETWORK");
    expect(registry.requests.filter(({ method }) => method === "PATCH").length).toBeLessThanOrEqual(4);
  });

  test("begins again where the registry has forgotten it", async () => {
    const { registry, place } = await setUp({ forgetsBroken: true, fault: onMethod("PUT", { cut: 1_500_000 }) });
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(methodsOf(registry)).toBe("HEAD POST PUT HEAD GET POST PUT");
  });

  test("begins again where nothing of it has come", async () => {
    const { registry, place } = await setUp({ fault: onMethod("PUT", "reset") });
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(methodsOf(registry)).toBe("HEAD POST PUT HEAD GET POST PUT");
  });

  for (const range of ["0-99", "0-2999999"]) {
    test(`begins again where the registry says ${range} and has something else`, async () => {
      let asked = 0;
      const spoil = ({ method, path }: SeenRequest): Fault | undefined => {
        if (method === "PUT" && asked === 0) return { cut: 1_500_000 };
        if (method !== "GET") return undefined;
        asked++;
        return { status: 204, headers: { location: path, range } };
      };
      const { registry, place } = await setUp({ fault: spoil });
      const { descriptor, open } = blobOf(big);
      expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
      expect(asked).toBe(1);
      expect(registry.repository("app").blobs.has(descriptor.digest)).toBe(true);
    });
  }

  test("begins again where the registry takes no pieces", async () => {
    let asked = 0;
    const { registry, place } = await setUp({
      fault: ({ method }) => (method === "PATCH" ? 405 : method === "PUT" && asked++ === 0 ? { cut: 1_500_000 } : undefined),
    });
    const { descriptor, open } = blobOf(big);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(methodsOf(registry)).toBe("HEAD POST PUT HEAD GET PATCH POST PUT");
  });

  test("goes on with the chunk that broke, also after 429", async () => {
    const text = "0123456789".repeat(900_000);
    let patches = 0;
    const faults: Readonly<Record<number, Fault>> = { 2: { cut: 1_000_000 }, 4: { status: 429, headers: { "retry-after": "1" } } };
    const { registry, place } = await setUp({ maximumBody: 5_000_000, fault: ({ method }) => (method === "PATCH" ? faults[++patches] : undefined) });
    const { descriptor, open } = blobOf(text);
    expect(await place("app").target.putBlob(descriptor, open)).toBe("copied");
    expect(registry.requests.flatMap(({ headers }) => headers["content-range"] ?? [])).toEqual(["0-4194303", "4194304-8388607", "5194304-8999999"]);
  });
});

describe("a blob that is there already", () => {
  test("is found out by the request that opens the session, so that nothing is sent", async () => {
    const { registry, place } = await setUp();
    const { descriptor, open } = blobOf("hello");
    registry.putBlob("app", "hello");
    expect(await place("app").target.putBlob(descriptor, open)).toBe("exists");
    expect(methodsOf(registry)).toBe("POST");
  });

  test("is not looked for again that way where the registry refuses", async () => {
    const { registry, place } = await setUp({ fault: ({ path }) => (path.includes("mount=") ? 405 : undefined) });
    for (const text of ["one", "two"]) await place("app").target.putBlob(blobOf(text).descriptor, blobOf(text).open);
    expect(methodsOf(registry)).toBe("POST POST PUT POST PUT");
  });

  test("is there, where the registry refuses it for that reason", async () => {
    const { descriptor, open } = blobOf("hello");
    const { registry, place } = await setUp({ allowMount: false, fault: onMethod("PUT", 409) });
    registry.putBlob("app", "hello");
    expect(await place("app").target.putBlob(descriptor, open)).toBe("exists");
    expect(methodsOf(registry)).toBe("POST PUT HEAD");
  });
});

describe("a registry that contradicts itself", () => {
  const unknown = { status: 400, body: JSON.stringify({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] }) };

  test("and misses what it has just taken is asked again", async () => {
    const { registry, place } = await setUp({
      fault: ({ method, path }) => (method === "PUT" && path.includes("/manifests/") && count++ < 2 ? unknown : undefined),
    });
    let count = 0;
    const { target } = place("app");
    const { descriptor, open } = blobOf("{}");
    await target.putBlob(descriptor, open);
    const image = await documentOf({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: descriptor, layers: [] });
    await target.putManifest(image);
    expect(registry.requests.filter(({ path }) => path.includes("/manifests/")).map(({ status }) => status)).toEqual([400, 400, 201]);
  });

  test("and misses what it said it had is asked again, and believed in the end", async () => {
    const { registry, place } = await setUp({ fault: ({ method }) => (method === "PUT" ? unknown : undefined) }, { retries: 2 });
    const { manifest } = seedImage(registry, "app", "one");
    const { target } = place("app:1");
    expect(await target.hasManifest(manifest)).toBe(true);
    const error = await errorOf(target.putRoot(await documentOf({ ...emptyIndex, manifests: [manifest] })));
    expect(error.message).toContain("400 MANIFEST_BLOB_UNKNOWN");
    expect(methodsOf(registry)).toBe("HEAD PUT PUT PUT");
  });
});

describe("a registry that takes two requests at once", () => {
  test("gets everything, and is refused less and less", async () => {
    let [now, refused] = [0, 0];
    const { registry, place } = await setUp(
      {
        fault: async () => {
          if (now === 2) {
            refused++;
            return 429;
          }
          now++;
          for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
          now--;
          return undefined;
        },
      },
      { retries: 6 },
    );
    const blobs = Array.from({ length: 100 }, (_, at) => blobOf(`blob ${at}`));
    let next = 0;
    const work = async (): Promise<void> => {
      for (let blob = blobs[next++]; blob; blob = blobs[next++]) await place("app").target.putBlob(blob.descriptor, blob.open);
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(registry.repository("app").blobs.size).toBe(100);
    expect(refused).toBeGreaterThan(0);
    // Eight at once without a bound would be refused three times out of four.
    expect(refused).toBeLessThan(100);
  });
});
