import { afterEach, describe, expect, test } from "bun:test";
import { parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports, type TransportOptions } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf } from "../helper/lists.ts";
import { start, stopAll } from "../helper/mirrors.ts";
import { seedImage, type TestRegistry } from "../helper/registry.ts";
import { serve, type TestServer } from "../helper/server.ts";
import { authority, clientIdentity, otherIdentity, serverIdentity } from "../helper/tls.ts";
import { type TunnelProxy, tunnelTo } from "../helper/tunnel.ts";

const servers: TestServer[] = [];
const proxies: TunnelProxy[] = [];
afterEach(async () => {
  await Promise.all([...servers.splice(0), ...proxies.splice(0)].map((server) => server.close()));
  await stopAll();
});

interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly transports?: TransportOptions;
}

/** Reads `name` on a machine with these files and variables. */
async function read(name: string, { files = {}, variables = {}, transports = {} }: World = {}) {
  const { fetch } = await currentHost();
  const host = memoryHost({ fetch, files, variables, environment: { home: "/home/me", user: 1000 } });
  const source = await openTransports(host, { retries: 0, ...transports }).source(parseLocation(`docker://${name}`));
  return (await source.resolve()).descriptor;
}

const tls = { cert: serverIdentity.certificate, key: serverIdentity.key };
const otherTls = { cert: otherIdentity.certificate, key: otherIdentity.key };

describe("certs.d", () => {
  test("makes a registry trusted, by host and port, and no other one", async () => {
    const [one, other] = [await start({ tls }), await start({ tls })];
    const { manifest } = seedImage(one, "app", "1");
    for (const place of ["/etc/containers/certs.d", "/etc/docker/certs.d", "/home/me/.config/containers/certs.d"]) {
      const files = { [`${place}/${one.host}/ca.crt`]: authority };
      expect(await read(`${one.host}/app:1`, { files })).toEqual(manifest);
      expect((await failureOf(read(`${other.host}/app:1`, { files }))).message).toContain("its certificate is not trusted");
    }
  });

  test("is not looked at where --cert-dir names a directory, or half a pair would be an error there", async () => {
    const registry = await start({ tls });
    const { manifest } = seedImage(registry, "app", "1");
    const broken = { [`/etc/docker/certs.d/${registry.host}/client.cert`]: "half", "/own/ca.crt": authority };
    expect((await failureOf(read(`${registry.host}/app:1`, { files: broken }))).message).toContain("missing key client.key for client certificate client.cert");
    expect(await read(`${registry.host}/app:1`, { files: broken, transports: { certificateDirectory: "/own" } })).toEqual(manifest);
  });

  test("works for a mirror, and for the registry behind it", async () => {
    const [registry, mirror] = [await start({ tls }), await start({ tls })];
    const { manifest } = seedImage(registry, "app", "1");
    const conf = `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}"\n`;
    const trusting = (...hosts: readonly TestRegistry[]) => Object.fromEntries(hosts.map(({ host }) => [`/etc/containers/certs.d/${host}/ca.crt`, authority]));
    await read(`${registry.host}/app:1`, { files: { "/etc/containers/registries.conf": conf, ...trusting(registry) } });
    expect([mirror.requests, registry.requests.length]).toEqual([[], 1]);
    await read(`${registry.host}/app:1`, { files: { "/etc/containers/registries.conf": conf, ...trusting(registry, mirror) } });
    expect(mirror.requests).toHaveLength(1);
    expect(manifest.size).toBeGreaterThan(0);
  });

  describe("with a certificate of the client", () => {
    const certificates = { "ca.crt": authority, "client.cert": clientIdentity.certificate, "client.key": clientIdentity.key };
    const at = (place: string) => Object.fromEntries(Object.entries(certificates).map(([name, text]) => [`${place}/${name}`, text]));
    /** Starts a server that lets in whom it knows, and a registry of the same kind that leads there. */
    async function start(isAsking: boolean): Promise<{ readonly registry: TestServer; readonly other: TestServer }> {
      const asking = { identity: serverIdentity, clientAuthority: authority };
      const other = await serve((_, response) => response.writeHead(404).end(), isAsking ? asking : { identity: serverIdentity });
      const registry = await serve((_, response) => response.writeHead(307, { location: `${other.origin}/elsewhere` }).end(), asking);
      servers.push(other, registry);
      return { registry, other };
    }
    const ways: readonly (readonly [name: string, world: (registry: TestServer) => World])[] = [
      ["of certs.d", ({ host }) => ({ files: at(`/etc/docker/certs.d/${host}`) })],
      ["of --cert-dir", () => ({ files: at("/own"), transports: { certificateDirectory: "/own" } })],
    ];
    for (const [name, world] of ways) {
      test(`${name}, shows it to the registry`, async () => {
        const { registry } = await start(false);
        expect((await failureOf(read(`${registry.host}/app:1`, world(registry)))).code).toBe("NOT_FOUND");
        expect((await failureOf(read(`${registry.host}/app:1`, { transports: { verifyTls: false } }))).code).toBe("NETWORK");
      });

      test(`${name}, does not show it where the registry leads`, async () => {
        const { registry, other } = await start(true);
        const failure = await failureOf(read(`${registry.host}/app:1`, world(registry)));
        expect([failure.code, failure.message.includes(other.host)]).toEqual(["NETWORK", true]);
      });
    }

    test("of --cert-dir, does not show it to a mirror", async () => {
      const { registry, other } = await start(true);
      const conf = `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${other.host}"\n`;
      const files = { ...at("/own"), "/etc/containers/registries.conf": conf };
      const mirror = await failureOf(read(`${registry.host}/app:1`, { files, transports: { certificateDirectory: "/own" } }));
      expect(mirror.message).toContain(`its mirrors failed before: Cannot reach "${other.host}"`);
      const own = { ...files, ...at(`/etc/docker/certs.d/${other.host}`), ...at(`/etc/docker/certs.d/${registry.host}`) };
      expect((await failureOf(read(`${registry.host}/app:1`, { files: own }))).message).toContain(
        `its mirrors failed before: Cannot read "${other.host}/app:1"`,
      );
    });
  });
});

describe("a registry at an IPv6 address", () => {
  test("is read by its name in brackets, with its own settings and certificates", async () => {
    const [plain, secure] = [await start({ address: "::1" }), await start({ address: "::1", tls })];
    const [one, two] = [seedImage(plain, "app", "1"), seedImage(secure, "app", "1")];
    const files = {
      "/etc/containers/registries.conf": `[[registry]]\nlocation = "${plain.host}"\ninsecure = true\n`,
      [`/etc/docker/certs.d/${secure.host}/ca.crt`]: authority,
    };
    expect(plain.host).toMatch(/^\[::1\]:\d+$/);
    expect(await read(`${plain.host}/app:1`, { files })).toEqual(one.manifest);
    expect(await read(`${plain.host}/app@${one.manifest.digest}`, { files })).toEqual(one.manifest);
    // The authority is found; the certificate is for 127.0.0.1 and localhost.
    expect((await failureOf(read(`${secure.host}/app:1`, { files }))).message).toContain("its certificate is for another name");
    expect(await read(`${secure.host}/app:1`, { files, transports: { verifyTls: false } })).toEqual(two.manifest);
  });
});

describe("a proxy", () => {
  async function proxyTo(registry: TestRegistry): Promise<TunnelProxy> {
    const proxy = await tunnelTo(registry.host);
    proxies.push(proxy);
    return proxy;
  }

  const names: readonly (readonly [variables: (proxy: string) => Readonly<Record<string, string>>, isAsked: boolean])[] = [
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}` }), true],
    [(proxy) => ({ https_proxy: proxy }), true],
    [(proxy) => ({ ALL_PROXY: `http://${proxy}` }), true],
    [(proxy) => ({ all_proxy: `http://${proxy}`, HTTP_PROXY: "http://127.0.0.1:1" }), true],
    [(proxy) => ({ HTTP_PROXY: `http://${proxy}` }), false],
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}`, NO_PROXY: "registry.example" }), false],
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}`, no_proxy: "a,.example" }), false],
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}`, NO_PROXY: "registry.example:443" }), false],
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}`, NO_PROXY: "registry.example:5000,other.example,10.0.0.0/8,fd00::/8" }), true],
    [(proxy) => ({ HTTPS_PROXY: `http://${proxy}`, NO_PROXY: "*" }), false],
  ];
  for (const [variables, isAsked] of names) {
    test(`${isAsked ? "is" : "is not"} asked with ${JSON.stringify(variables("PROXY"))}`, async () => {
      const registry = await start({ tls: otherTls });
      const { manifest } = seedImage(registry, "app", "1");
      const proxy = await proxyTo(registry);
      const files = { "/etc/docker/certs.d/registry.example/ca.crt": authority };
      const reading = read("registry.example/app:1", { files, variables: variables(proxy.host) });
      if (isAsked) expect(await reading).toEqual(manifest);
      else expect((await failureOf(reading)).message).toContain("registry.example");
      expect(proxy.asked).toEqual(isAsked ? ["CONNECT registry.example:443"] : []);
    });
  }

  test("is told the port, and an IPv6 address in brackets", async () => {
    const registry = await start({ tls: otherTls });
    const { manifest } = seedImage(registry, "app", "1");
    const proxy = await proxyTo(registry);
    const world = { variables: { HTTPS_PROXY: proxy.host, NO_PROXY: "[fd00::2]:5000,fd01::/16" }, transports: { verifyTls: false } };
    expect(await read("registry.example:8443/app:1", world)).toEqual(manifest);
    expect(await read("[fd00::1]:5000/app:1", world)).toEqual(manifest);
    expect(proxy.asked).toEqual(["CONNECT registry.example:8443", "CONNECT [fd00::1]:5000"]);
  });

  test("is never asked for this machine", async () => {
    const [registry, six] = [await start(), await start({ address: "::1" })];
    const proxy = await proxyTo(registry);
    const variables = { HTTPS_PROXY: proxy.host, HTTP_PROXY: proxy.host, ALL_PROXY: proxy.host };
    for (const each of [registry, six]) {
      const { manifest } = seedImage(each, "app", "1");
      expect(await read(`${each.host}/app:1`, { variables, transports: { verifyTls: false } })).toEqual(manifest);
    }
    const { manifest } = seedImage(registry, "app", "1");
    expect(await read(`${registry.host.replace("127.0.0.1", "localhost")}/app:1`, { variables, transports: { verifyTls: false } })).toEqual(manifest);
    expect(proxy.asked).toEqual([]);
  });

  test("that is no HTTP proxy is an error, and nothing goes past it", async () => {
    const failure = await failureOf(read("registry.example/app:1", { variables: { ALL_PROXY: "socks5://me:secret@127.0.0.1:1080" } }));
    expect([failure.code, failure.message]).toEqual([
      "UNSUPPORTED",
      'Cannot use proxy "socks5://127.0.0.1:1080" that the environment names: expected http:// or https://',
    ]);
  });
});
