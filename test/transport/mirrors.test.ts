import { afterEach, describe, expect, test } from "bun:test";
import { parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports, type TransportOptions, type Transports } from "../../src/core/transport/mod.ts";
import { failureOf } from "../helper/lists.ts";
import { asked, conf, hostWith, locate, mirrored, seed, start, stopAll } from "../helper/mirrors.ts";
import { type RegistryOptions, seedImage, type TestRegistry } from "../helper/registry.ts";

afterEach(stopAll);

async function open(text: string, options: TransportOptions = {}, files: Readonly<Record<string, string>> = {}): Promise<Transports> {
  return openTransports(await hostWith(text, { files }), { retryDelay: 1, ...options });
}

describe("reading through mirrors", () => {
  test("asks the first mirror for everything, and the registry for nothing", async () => {
    const [registry, one, two] = [await start(), await start(), await start()];
    const { manifest, config, layers } = seed(registry, one, two);
    const source = await (await open(mirrored(registry, [one, two]))).source(locate(registry));
    expect((await source.resolve()).descriptor).toEqual(manifest);
    expect(await source.describe()).toEqual(manifest);
    await source.smallBlob(config);
    for (const layer of layers) await (await source.blob(layer)).cancel();
    expect([source.name, registry.requests, two.requests]).toEqual([`docker://${registry.host}/app:1`, [], []]);
    expect(one.requests.length).toBeGreaterThan(2);
  });

  const failures: readonly (readonly [why: string, options: RegistryOptions])[] = [
    ["has nothing", { fault: () => 404 }],
    ["wants a login", { auth: "basic" }],
    ["refuses", { fault: () => 403 }],
    ["is busy", { fault: () => ({ status: 429, headers: { "retry-after": "60" } }) }],
    ["is broken", { fault: () => 503 }],
    ["ends connections", { fault: () => "reset" }],
    ["lies about the content", { fault: () => "corrupt" }],
    ["leaves content out", { fault: () => "truncate" }],
  ];
  for (const [why, options] of failures) {
    test(`asks the next where one ${why}, at once`, async () => {
      const [registry, one, two] = [await start(), await start(options), await start()];
      const { manifest } = seed(registry, one, two);
      const source = await (await open(mirrored(registry, [one, two]))).source(locate(registry, `app@${manifest.digest}`));
      expect((await source.resolve()).descriptor).toEqual(manifest);
      expect([asked(two).length, asked(registry).length]).toEqual([1, 0]);
      expect(one.requests.length).toBeLessThanOrEqual(1);
    });
  }

  test("tells a mirror that stands for several registries which one is meant, and keeps them apart", async () => {
    const [registry, one] = [await start(), await start()];
    seed(registry, one);
    const mirror = (prefix: string, namespace: string) =>
      `[[registry]]\nprefix = "${prefix}"\nlocation = "${registry.host}"\ninsecure = true\n[[registry.mirror]]\nlocation = "${one.host}/copy"\ninsecure = true\nnamespace-proxy = "${namespace}"\n`;
    const transports = await open(`${mirror("a.test", "a.test")}${mirror("b.test", "b.test:5000")}`);
    for (const name of ["a.test", "b.test"]) await (await transports.source(parseLocation(`docker://${name}/app:1`))).resolve();
    expect(one.requests.map(({ path }) => path)).toEqual(["/v2/copy/app/manifests/1?ns=a.test", "/v2/copy/app/manifests/1?ns=b.test%3A5000"]);
    expect(registry.requests).toEqual([]);
  });

  test("asks the registry itself where no mirror has it, and stays with who answered", async () => {
    const [registry, one] = [await start(), await start()];
    const { config, manifest } = seed(registry);
    const source = await (await open(mirrored(registry, [one]))).source(locate(registry));
    await source.resolve();
    await source.smallBlob(config);
    expect(asked(one)).toEqual(["GET /v2/copy/app/manifests/1"]);
    expect(asked(registry)).toEqual(["GET /v2/app/manifests/1", `GET /v2/app/blobs/${config.digest.slice(0, 11)}`]);
    expect(manifest.digest).toMatch(/^sha256:/);
  });

  test("asks a mirror that cannot be reached once in a run", async () => {
    const [registry, gone] = [await start(), await start()];
    const { manifest } = seed(registry);
    const text = mirrored(registry, [gone]);
    let tries = 0;
    const host = await hostWith(text);
    const { fetch } = host;
    const counting: typeof fetch = async (url, init) => {
      if (url.includes(gone.host)) tries++;
      return await fetch(url, init);
    };
    const transports = openTransports({ ...host, fetch: counting }, { retryDelay: 1 });
    await gone.stop();
    for (const name of ["app:1", `app@${manifest.digest}`, "app:1"]) await (await transports.source(locate(registry, name))).resolve();
    expect(tries).toBe(1);
  });

  test("waits for no mirror that has no time, however many ask at once, and leaves it alone from then on", async () => {
    const [registry, one] = [await start(), await start({ fault: () => ({ status: 429, headers: { "retry-after": "200" } }) })];
    const { manifest } = seed(registry);
    const transports = await open(mirrored(registry, [one]));
    const read = async () => (await (await transports.source(locate(registry))).resolve()).descriptor;
    expect(new Set((await Promise.all(Array.from({ length: 20 }, read))).map(({ digest }) => digest))).toEqual(new Set([manifest.digest]));
    one.clear();
    await read();
    expect(one.requests).toEqual([]);
  });

  test("says what each of them said where all fail, with the code of the registry itself", async () => {
    const [registry, one, two] = [await start(), await start({ fault: () => 403 }), await start()];
    const source = await (await open(mirrored(registry, [one, two]))).source(locate(registry));
    const failure = await failureOf(source.resolve());
    expect(failure.code).toBe("NOT_FOUND");
    expect(failure.message.indexOf(`Cannot read "${registry.host}/app:1": the registry answered 404`)).toBe(0);
    expect(failure.message).toContain(`its mirrors failed before: Cannot read "${one.host}/copy/app:1": the registry answered 403`);
    expect(failure.message).toContain(`; Cannot read "${two.host}/copy/app:1": the registry answered 404`);
  });

  test("stops at once when it is called off", async () => {
    const stop = new AbortController();
    const fault = () => {
      stop.abort(new Error("enough"));
      return 404;
    };
    const [registry, one] = [await start(), await start({ fault })];
    const source = await (await open(mirrored(registry, [one]))).source(locate(registry));
    expect((await failureOf(source.resolve({ signal: stop.signal }))).message).toBe("enough");
    expect(registry.requests).toEqual([]);
  });

  test("asks mirrors for digests only, or tags only, where that is settled", async () => {
    const [registry, one] = [await start(), await start()];
    const { manifest } = seed(registry, one);
    const names = ["app:1", `app@${manifest.digest}`];
    const read = async (text: string) => {
      for (const name of names) await (await (await open(text)).source(locate(registry, name))).resolve();
      const lines = asked(one).map((line) => line.split("/").at(-1));
      one.clear();
      return lines;
    };
    const digest = manifest.digest.slice(0, 11);
    const pulls = (which: string) => `${mirrored(registry, [one])}pull-from-mirror = "${which}"\n`;
    expect(await read(mirrored(registry, [one], "mirror-by-digest-only = true"))).toEqual([digest]);
    expect(await read(pulls("digest-only"))).toEqual([digest]);
    expect(await read(pulls("tag-only"))).toEqual(["1"]);
    expect(await read(pulls("all"))).toEqual(["1", digest]);
  });

  test("reads from the mirrors of a registry that is blocked, and never from itself", async () => {
    const [registry, one] = [await start(), await start()];
    seed(registry, one);
    const transports = await open(mirrored(registry, [one], "blocked = true"));
    expect((await (await transports.source(locate(registry))).resolve()).descriptor.size).toBeGreaterThan(0);
    seedImage(registry, "app", "2");
    const failure = await failureOf((await transports.source(locate(registry, "app:2"))).resolve());
    expect(failure.code).toBe("DENIED");
    expect(failure.message).toContain(`the registry "${registry.host}" is blocked in "${conf}"`);
    expect(registry.requests).toEqual([]);
  });

  test("gives credentials that were typed to the registry alone; mirrors have their own in the auth file", async () => {
    const [registry, one, two] = [await start({ auth: "basic" }), await start({ auth: "basic" }), await start({ auth: "bearer", username: "two" })];
    seed(registry, two);
    const auths = { auths: { [two.host]: { auth: btoa("two:secret") } } };
    const files = { "/home/me/.config/containers/auth.json": JSON.stringify(auths) };
    const read = async (mirrors: readonly TestRegistry[]) => {
      const transports = await open(mirrored(registry, mirrors), { credentials: "user:secret" }, files);
      await (await transports.source(locate(registry))).resolve();
    };
    await read([one]);
    expect([one.requests.some(({ headers }) => headers.authorization !== undefined), registry.requests.at(-1)?.status]).toEqual([false, 200]);
    registry.clear();
    await read([one, two]);
    expect([two.requests.at(-1)?.status, registry.requests]).toEqual([200, []]);
    expect(two.tokenRequests.map(({ headers }) => headers.authorization)).toEqual([`Basic ${btoa("two:secret")}`]);
  });
});

describe("insecure", () => {
  test("lets this registry, and no other, speak plain http, unless the user insists on TLS", async () => {
    const [registry, other] = [await start(), await start()];
    for (const each of [registry, other]) seed(each);
    const text = mirrored(registry, []);
    const transports = await open(text);
    await (await transports.source(locate(registry))).resolve();
    expect((await failureOf((await transports.source(locate(other))).resolve())).message).toContain("insecure = true in registries.conf");
    expect((await failureOf((await (await open(text, { verifyTls: true })).source(locate(registry))).resolve())).code).toBe("NETWORK");
    await (await (await open(text, { verifyTls: false })).source(locate(other))).resolve();
    expect(registry.requests).toHaveLength(1);
  });

  test("of a path does not make the rest of the host insecure, even after it was asked", async () => {
    const registry = await start();
    seedImage(registry, "open/app", "1");
    seed(registry);
    const transports = await open(`[[registry]]\nlocation = "${registry.host}/open"\ninsecure = true\n`);
    await (await transports.source(locate(registry, "open/app:1"))).resolve();
    expect((await failureOf((await transports.source(locate(registry))).resolve())).code).toBe("NETWORK");
    expect(registry.requests).toHaveLength(1);
  });

  test("holds for the token of the registry too", async () => {
    const registry = await start({ auth: "bearer", tokenServer: "same" });
    seed(registry);
    const transports = await open(mirrored(registry, []), { credentials: "user:secret" });
    await (await transports.source(locate(registry))).resolve();
    expect(registry.tokenRequests).toHaveLength(1);
  });
});
