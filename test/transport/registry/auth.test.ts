import { afterEach, describe, expect, test } from "bun:test";
import type { CredentialStore } from "../../../src/core/auth/mod.ts";
import { OciError } from "../../../src/core/base/mod.ts";
import { type SeenRequest, seedImage, sha256 } from "../../helper/registry.ts";
import { blobOf, clientFor, documentOf, emptyIndex, errorOf, repositoryOf, setUp, tearDown, userStore } from "./setting.ts";

afterEach(tearDown);

const scopesOf = (request: SeenRequest) => new URL(request.path, "http://x").searchParams.getAll("scope");
const userBasic = `Basic ${btoa("user:secret")}`;

describe("a registry with tokens", () => {
  test("costs one refusal and one token for any number of requests", async () => {
    const { registry, place } = await setUp({ auth: "bearer" }, { credentials: userStore });
    const { manifest } = seedImage(registry, "app", "one");
    const { source } = place("app:one");
    await source.resolve();
    await source.describe();
    await place("app:one").source.resolve();
    expect(registry.requests.map((request) => request.status)).toEqual([401, 200, 200, 200]);
    expect(registry.tokenRequests).toHaveLength(1);
    expect(registry.tokenRequests[0]?.headers.authorization).toBe(userBasic);
    expect(manifest.size).toBeGreaterThan(0);
  });

  test("is asked for one token by 64 requests at the same time", async () => {
    const { registry, place } = await setUp({ auth: "bearer" }, { credentials: userStore });
    const blobs = Array.from({ length: 64 }, (_, at) => registry.putBlob("app", `blob ${at}`));
    await Promise.all(blobs.map((blob) => place("app").source.smallBlob(blob)));
    expect(registry.tokenRequests).toHaveLength(1);
  });

  test("is told pull for reading, and pull and push for writing", async () => {
    const { registry, place } = await setUp({ auth: "bearer" }, { credentials: userStore });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    await place("app:two").target.putRoot(await documentOf(emptyIndex));
    expect(registry.tokenRequests.map(scopesOf)).toEqual([["repository:app:pull"], ["repository:app:pull,push"]]);
    expect(registry.requests.map((request) => request.status)).toEqual([401, 200, 201]);
  });

  test("is told the source of a mount after the target", async () => {
    const { registry, place } = await setUp({ auth: "bearer" }, { credentials: userStore });
    const blob = registry.putBlob("from", "hello");
    expect(await place("app").target.putBlob(blob, blobOf("hello").open, { from: repositoryOf(place("from")) })).toBe("mounted");
    expect(registry.tokenRequests.map(scopesOf)).toEqual([["repository:app:pull,push", "repository:from:pull"]]);
  });

  test("that refuses a token for a mount's source gets an ordinary upload", async () => {
    const { registry, place } = await setUp(
      { auth: "bearer", fault: (request) => (request.path.startsWith("/token") && request.path.includes("from") ? 400 : undefined) },
      { credentials: userStore },
    );
    const blob = registry.putBlob("from", "hello");
    expect(await place("app").target.putBlob(blob, blobOf("hello").open, { from: repositoryOf(place("from")) })).toBe("copied");
  });

  test("is asked anonymously without credentials", async () => {
    const { registry, place } = await setUp({ auth: "bearer", anonymousPull: true });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect(registry.tokenRequests.map((request) => request.headers.authorization)).toEqual([undefined]);
  });

  test("is not asked again and again when a token allows too little", async () => {
    const { registry, place } = await setUp({ auth: "bearer", anonymousPull: true });
    const error = await errorOf(place("app:one").target.putRoot(await documentOf(emptyIndex)));
    expect(error.code).toBe("DENIED");
    expect(error.message).toContain("401 UNAUTHORIZED");
    expect(registry.requests).toHaveLength(2);
    expect(registry.tokenRequests).toHaveLength(1);
  });

  test("says that a password is wrong in the token service's words", async () => {
    const { place } = await setUp({ auth: "bearer" }, { credentials: { get: async () => ({ username: "user", password: "CANARY" }) } });
    const error = await errorOf(place("app:one").source.resolve());
    expect(error.code).toBe("DENIED");
    expect(error.message).toMatch(/^Cannot log in to "127[^"]+": the token service "[^"?]+" answered 401 \(incorrect username or password\)$/);
    expect(error.message).not.toContain("CANARY");
  });

  test("is asked for a new token when the old one has run out or is refused", async () => {
    const { registry, place, clock } = await setUp({ auth: "bearer", tokenReply: (token) => ({ token }) }, { credentials: userStore });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    clock.advance(54_000);
    await place("app:one").source.resolve();
    expect(registry.tokenRequests).toHaveLength(1);
    clock.advance(2_000);
    await place("app:one").source.resolve();
    expect(registry.tokenRequests).toHaveLength(2);
    expect(registry.requests.map((request) => request.status)).toEqual([401, 200, 200, 200]);
  });

  for (const [name, tokenReply] of Object.entries({
    token: (token: string) => ({ token }),
    access_token: (token: string) => ({ access_token: token, expires_in: "soon", issued_at: 7 }),
    both: (token: string) => ({ token, access_token: token, refresh_token: null }),
  })) {
    test(`may answer with ${name}`, async () => {
      const { registry, place } = await setUp({ auth: "bearer", tokenReply }, { credentials: userStore });
      seedImage(registry, "app", "one");
      expect((await place("app:one").source.resolve()).descriptor.size).toBeGreaterThan(0);
    });
  }

  for (const reply of [{}, { token: "" }, { token: "a\r\nX-Evil: 1" }, { token: 7 }, [], null]) {
    test(`that answers ${JSON.stringify(reply)} instead of a token is an error`, async () => {
      const { registry, place } = await setUp({ auth: "bearer", tokenReply: () => reply }, { credentials: userStore });
      expect(["REGISTRY", "INVALID"]).toContain((await errorOf(place("app:one").source.resolve())).code ?? "");
      expect(registry.requests).toHaveLength(1);
    });
  }

  test("cannot fill the memory with a token (CVE-2020-1702)", async () => {
    const { place } = await setUp({ auth: "bearer", tokenReply: () => ({ token: "x".repeat(70_000) }) }, { credentials: userStore });
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("LIMIT");
  });

  test("trades an identity token, in the body", async () => {
    const credentials: CredentialStore = { get: async () => ({ username: "<token>", password: "", identityToken: "CANARY" }) };
    const { registry, place } = await setUp({ auth: "bearer", identityToken: "CANARY" }, { credentials });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect(registry.tokenRequests.map((request) => [request.method, request.path, request.headers.authorization])).toEqual([["POST", "/token", undefined]]);
  });

  test("gets a token with POST where the token service knows no GET", async () => {
    for (const status of [404, 405]) {
      const fault = (request: SeenRequest) => (request.path.startsWith("/token") && request.method === "GET" ? status : undefined);
      const { registry, place } = await setUp({ auth: "bearer", fault }, { credentials: userStore });
      seedImage(registry, "app", "one");
      await place("app:one").source.resolve();
      expect(registry.tokenRequests.map(({ method, path, headers }) => [method, path.split("?")[0], headers.authorization])).toEqual([
        ["GET", "/token", userBasic],
        ["POST", "/token", undefined],
      ]);
    }
  });

  test("gets a token with GET where the token service trades no identity token and there is a password, and is an error without", async () => {
    const fault = (request: SeenRequest) => (request.path.startsWith("/token") && request.method === "POST" ? 404 : undefined);
    const identityToken = "CANARY";
    const withPassword = await setUp(
      { auth: "bearer", fault },
      { credentials: { get: async () => ({ username: "user", password: "secret", identityToken }) } },
    );
    seedImage(withPassword.registry, "app", "one");
    await withPassword.place("app:one").source.resolve();
    expect(withPassword.registry.tokenRequests.map(({ method }) => method)).toEqual(["POST", "GET"]);
    const alone = await setUp({ auth: "bearer", fault }, { credentials: { get: async () => ({ username: "", password: "", identityToken }) } });
    const error = await errorOf(alone.place("app:one").source.resolve());
    expect(error.code).toBe("REGISTRY");
    expect(error.message).not.toContain("CANARY");
    expect(alone.registry.tokenRequests.map(({ method }) => method)).toEqual(["POST"]);
  });

  test("survives a token service that is down for a moment", async () => {
    let count = 0;
    const { registry, place } = await setUp(
      { auth: "bearer", fault: (request) => (request.path.startsWith("/token") && count++ < 2 ? 503 : undefined) },
      { credentials: userStore },
    );
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect(registry.tokenRequests).toHaveLength(3);
  });

  test("lets one caller give up without taking the token from the others", async () => {
    const { registry, place } = await setUp({ auth: "bearer", latency: 20 }, { credentials: userStore });
    seedImage(registry, "app", "one");
    const controller = new AbortController();
    const first = place("app:one").source.resolve({ signal: controller.signal });
    const second = place("app:one").source.resolve();
    setTimeout(() => controller.abort(new Error("enough")), 30);
    expect((await errorOf(first)).message).toBe("enough");
    expect((await second).descriptor.size).toBeGreaterThan(0);
  });
});

describe("a registry with passwords", () => {
  test("costs one refusal", async () => {
    const { registry, place } = await setUp({ auth: "basic" }, { credentials: userStore });
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    await place("app:one").source.describe();
    expect(registry.requests.map((request) => request.status)).toEqual([401, 200, 200]);
  });

  test("is an error without credentials, and with wrong ones after one try", async () => {
    const { registry, place } = await setUp({ auth: "basic" });
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("DENIED");
    expect(registry.requests).toHaveLength(1);
    const wrong = await clientFor(registry, { credentials: { get: async () => ({ username: "user", password: "wrong" }) } });
    expect((await errorOf(wrong.place("app:one").source.resolve())).code).toBe("DENIED");
    expect(registry.requests).toHaveLength(3);
  });

  test("asks nobody when the helper that has the credentials fails (CVE-2021-41092)", async () => {
    const credentials: CredentialStore = {
      async get() {
        throw new OciError("DENIED", "docker-credential-x");
      },
    };
    for (const auth of ["basic", "bearer"] as const) {
      const { registry, place } = await setUp({ auth }, { credentials });
      expect((await errorOf(place("app:one").source.resolve())).message).toBe("docker-credential-x");
      expect([...registry.requests, ...registry.tokenRequests].map(({ headers }) => headers.authorization)).toEqual([undefined]);
    }
  });

  test("cannot be asked with an identity token alone", async () => {
    const { registry, place } = await setUp({ auth: "basic" }, { credentials: { get: async () => ({ username: "", password: "", identityToken: "CANARY" }) } });
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("DENIED");
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("that answers 401 without any challenge is an error", async () => {
    const { place } = await setUp({ fault: () => 401 }, { credentials: userStore });
    expect((await errorOf(place("app:one").source.resolve())).code).toBe("DENIED");
  });

  test("whose challenges are of unknown kinds and one known is asked with the known one", async () => {
    const challenge = 'Negotiate, Digest realm="x", qop="auth", Basic realm="y"';
    let count = 0;
    const { registry, place } = await setUp(
      { fault: () => (count++ === 0 ? { status: 401, headers: { "www-authenticate": challenge } } : undefined) },
      { credentials: userStore },
    );
    seedImage(registry, "app", "one");
    await place("app:one").source.resolve();
    expect(registry.requests[1]?.headers.authorization).toBe(userBasic);
  });
});

describe("a hostile realm", () => {
  const challenged = (realm: string) => ({ fault: () => ({ status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="s"` } }) });
  for (const realm of ["file:///etc/passwd", "http://user:pass@127.0.0.1/", "javascript:1", "", "https://[::1", "//\\\\evil", "data:,x"]) {
    test(`${JSON.stringify(realm)} is refused`, async () => {
      const { registry, place } = await setUp(challenged(realm), { credentials: userStore });
      expect((await errorOf(place("app:one").source.resolve())).code).toBe("REGISTRY");
      expect(registry.requests).toHaveLength(1);
    });
  }
});

describe("credentials", () => {
  /** Everything a second server sees while a first one tries to hand credentials over. */
  async function leak(
    auth: "basic" | "bearer",
    spoil: (request: SeenRequest, evil: string) => { status: number; headers: Record<string, string> } | undefined,
  ) {
    const evil = await setUp({
      auth: "basic",
      fault: (request) => ({ status: request.method === "PUT" ? 201 : 401, headers: { "www-authenticate": 'Basic realm="give"' }, body: "x" }),
    });
    const { registry, place } = await setUp(
      {
        auth,
        fault: (request) =>
          request.headers.authorization?.startsWith(auth === "basic" ? "Basic" : "Bearer") ? spoil(request, evil.registry.origin) : undefined,
      },
      { credentials: userStore },
    );
    const blob = registry.putBlob("app", "hello");
    seedImage(registry, "app", "one");
    const { source, target } = place("app:one");
    await Promise.allSettled([source.resolve(), source.describe(), source.smallBlob(blob), target.hasManifest(blob)]);
    await Promise.allSettled([target.putBlob(blobOf("other").descriptor, blobOf("other").open), target.putManifest(await documentOf(emptyIndex))]);
    await target.abandon();
    return evil.registry.requests;
  }

  for (const auth of ["basic", "bearer"] as const) {
    for (const status of [301, 302, 303, 307, 308]) {
      test(`(${auth}) never follow a redirect of status ${status} (GHSA-vh4v-2xq2-g5cg)`, async () => {
        const seen = await leak(auth, (_, evil) => ({ status, headers: { location: `${evil}/v2/x` } }));
        expect(seen.length).toBeGreaterThan(0);
        expect(seen.filter((request) => request.headers.authorization !== undefined || request.headers.cookie !== undefined)).toEqual([]);
      });
    }
    for (const where of ["/v2/app/blobs/uploads/1", "/steal?sig=1"]) {
      test(`(${auth}) never go to the host of an upload Location ${where} (GHSA-jxpm-75mh-9fp7)`, async () => {
        const seen = await leak(auth, (request, evil) => (request.method === "POST" ? { status: 202, headers: { location: `${evil}${where}` } } : undefined));
        expect(seen.map((request) => request.method)).toContain("PUT");
        expect(seen.filter((request) => request.headers.authorization !== undefined)).toEqual([]);
      });
    }
  }

  test("never go over http to a realm on another host (CVE-2019-10214, GHSA-28r5-37g7-p6mp, GHSA-xf85-363p-868w)", async () => {
    const { registry, place } = await setUp(
      { fault: () => ({ status: 401, headers: { "www-authenticate": 'Bearer realm="http://localhost:1/token"' } }) },
      { credentials: userStore },
    );
    const error = await errorOf(place("app:one").source.resolve());
    expect(error.message).toContain("over http");
    expect(registry.requests).toHaveLength(1);
  });

  test("are those of the registry that is asked, however many there are", async () => {
    const one = await setUp({ auth: "basic" });
    const two = await setUp({ auth: "basic", username: "other", password: "word" });
    const asked: string[] = [];
    const credentials: CredentialStore = {
      async get(domain) {
        asked.push(domain);
        return domain === one.registry.host ? { username: "user", password: "secret" } : { username: "other", password: "word" };
      },
    };
    const client = await clientFor(one.registry, { credentials });
    client.client.memory.schemes.set(two.registry.host, "http");
    const { openRegistryPlace } = await import("../../../src/core/transport/registry/mod.ts");
    for (const { registry } of [one, two]) {
      seedImage(registry, "app", "one");
      await openRegistryPlace(client.client, { domain: registry.host, repository: "app", tag: "one" }).source.resolve();
    }
    expect(one.registry.requests.at(-1)?.headers.authorization).toBe(userBasic);
    expect(two.registry.requests.at(-1)?.headers.authorization).toBe(`Basic ${btoa("other:word")}`);
    expect(sha256("x").length).toBeGreaterThan(0);
  });
});
