import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Fetch } from "../../../src/core/port/mod.ts";
import { testClock } from "../../helper/clock.ts";
import { seedImage, seedIndex, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { authority, serverIdentity } from "../../helper/tls.ts";
import { openShell, type Shell } from "./shell.ts";

/** A command line for every verb that reaches a registry; it works when the registry lets it. */
const lines: Readonly<Record<string, (registry: Pick<TestRegistry, "host">) => readonly string[]>> = {
  create: ({ host }) => ["create", `docker://${host}/app:new`],
  add: ({ host }) => ["add", `docker://${host}/app:1`, "oci:/src:arm64"],
  annotate: ({ host }) => ["annotate", "--annotation", "a=1", `docker://${host}/app:1`],
  remove: ({ host }) => ["remove", `docker://${host}/app:1`, "linux/amd64"],
  inspect: ({ host }) => ["inspect", `docker://${host}/app:1`],
  push: ({ host }) => ["push", "-q", "app", `${host}/app:pushed`],
  exists: ({ host }) => ["exists", `docker://${host}/app:1`],
  rm: ({ host }) => ["rm", `docker://${host}/app:1`],
};

const auths = (host: string, login: string): string => JSON.stringify({ auths: { [host]: { auth: btoa(login) } } });

async function write(shell: Shell, path: string, text: string): Promise<void> {
  await shell.host.files.makeDirectory(shell.host.files.dirname(path));
  await shell.host.files.remove(path);
  const writer = await shell.host.files.create(path);
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

for (const [verb, line] of Object.entries(lines)) {
  describe(`${verb} on a registry that wants a login`, () => {
    let registry: TestRegistry;
    let shell: Shell;
    const run = (...flags: readonly string[]) => shell.manifest(...line(registry), ...flags);
    beforeAll(async () => {
      registry = await startRegistry({ auth: "basic" });
    });
    beforeEach(async () => {
      shell = await openShell();
      await shell.must("create", "app");
      const { manifest } = seedImage(registry, "app", "amd64");
      seedIndex(registry, "app", "1", [{ ...manifest, platform: { architecture: "amd64", os: "linux" } }]);
    });
    afterAll(() => registry.stop());

    test("is refused without credentials", async () => {
      const { status, output, errors } = await run("--tls-verify=false");
      expect([status, output]).toEqual([125, ""]);
      expect(errors).toMatch(/^Error: .*401/);
    });

    test("takes --creds", async () => {
      expect(await run("--tls-verify=false", "--creds", "user:secret")).toMatchObject({ status: 0, errors: "" });
      expect((await run("--tls-verify=false", "--creds", "user:wrong")).status).toBe(125);
    });

    test("takes --authfile, and it alone", async () => {
      await write(shell, "/home/me/.config/containers/auth.json", auths(registry.host, "user:secret"));
      await write(shell, "/auth.json", auths(registry.host, "user:secret"));
      await write(shell, "/wrong.json", auths(registry.host, "user:wrong"));
      expect((await run("--tls-verify=false", "--authfile", "/wrong.json")).status).toBe(125);
      expect(await run("--tls-verify=false", "--authfile", "/auth.json")).toMatchObject({ status: 0, errors: "" });
    });

    test("finds the login in the user's own file", async () => {
      await write(shell, "/home/me/.config/containers/auth.json", auths(registry.host, "user:secret"));
      expect(await run("--tls-verify=false")).toMatchObject({ status: 0, errors: "" });
    });

    test("fails with an --authfile that is not there", async () => {
      const { status, errors } = await run("--tls-verify=false", "--authfile", "/nonexistent");
      expect(status).toBe(125);
      expect(errors).toContain("/nonexistent");
      if (verb === "rm") expect((await run("--ignore", "--tls-verify=false", "--authfile", "/nonexistent")).status).toBe(125);
    });

    test("wants https, unless --tls-verify=false or --insecure", async () => {
      registry.clear();
      const { status, errors } = await run("--creds", "user:secret");
      expect(status).toBe(125);
      expect(errors).toContain("--tls-verify=false");
      expect(registry.requests).toEqual([]);
      expect(await run("--creds", "user:secret", "--insecure")).toMatchObject({ status: 0, errors: "" });
      expect((await run("--insecure", "--tls-verify=false")).errors).toBe("Error: --insecure may not be used with --tls-verify\n");
    });
  });

  test(`${verb} gives up a registry that never answers when the time of --timeout is over`, async () => {
    const silent = { host: "registry.example.com" };
    const clock = testClock();
    const fetch: Fetch = (_, { signal } = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        clock.advance(45_000);
      });
    const shell = await openShell({ fetch, clock });
    await shell.must("create", "app");
    const { status, output, errors } = await shell.manifest(...line(silent), "--timeout", "45s");
    expect([status, output]).toEqual([125, ""]);
    expect(errors).toBe('Error: Cannot finish in "45s": the time is up, a longer --timeout gives more\n');
    expect((await shell.manifest(...line(silent), "--timeout=0")).errors).toContain('invalid argument "0" for "--timeout" flag');
  });

  describe(`${verb} on a registry with a certificate of its own authority`, () => {
    test("wants to trust it: --cert-dir, or --tls-verify=false (GHSA-65gg-3w2w-hr4h)", async () => {
      const registry = await startRegistry({ tls: { cert: serverIdentity.certificate, key: serverIdentity.key } });
      try {
        const shell = await openShell();
        await write(shell, "/certs/ca.crt", authority);
        await shell.must("create", "app");
        const seed = () => {
          const { manifest } = seedImage(registry, "app", "amd64");
          seedIndex(registry, "app", "1", [{ ...manifest, platform: { architecture: "amd64", os: "linux" } }]);
        };
        seed();
        expect(await shell.manifest(...line(registry))).toMatchObject({ status: 125, output: "" });
        expect(registry.requests).toEqual([]);
        expect(await shell.manifest(...line(registry), "--cert-dir", "/certs")).toMatchObject({ status: 0, errors: "" });
        seed();
        expect(await shell.manifest(...line(registry), "--tls-verify=false")).toMatchObject({ status: 0, errors: "" });
        expect((await shell.manifest(...line(registry), "--cert-dir", "/nowhere")).status).toBe(125);
      } finally {
        await registry.stop();
      }
    });
  });
}

describe("--creds", () => {
  let [from, to]: (TestRegistry | undefined)[] = [];
  const seen = (registry: TestRegistry | undefined) => new Set(registry?.requests.flatMap(({ headers }) => headers.authorization ?? []));
  beforeEach(async () => {
    from = await startRegistry({ auth: "basic", username: "other" });
    to = await startRegistry({ auth: "basic" });
    seedImage(from, "app", "amd64");
  });
  afterEach(async () => {
    await from?.stop();
    await to?.stop();
  });

  for (const line of [
    ["push", "-q", "app", "docker://TO/app:1"],
    ["create", "docker://TO/app:1", "docker://FROM/app:amd64"],
  ]) {
    test(`are for the registry that ${line[0]} writes to, the auth file has those of the others`, async () => {
      const shell = await openShell();
      const hosts = (text: string) => text.replace("FROM", from?.host ?? "").replace("TO", to?.host ?? "");
      await write(shell, "/home/me/.config/containers/auth.json", auths(from?.host ?? "", "other:secret"));
      await shell.must("create", "--tls-verify=false", "app", hosts("docker://FROM/app:amd64"));
      expect(await shell.manifest(...line.map(hosts), "--tls-verify=false", "--creds", "user:secret")).toMatchObject({ status: 0, errors: "" });
      expect(seen(from)).toEqual(new Set([`Basic ${btoa("other:secret")}`]));
      expect(seen(to)).toEqual(new Set([`Basic ${btoa("user:secret")}`]));
    });
  }

  test("are for the subject of a local list beside those of its images", async () => {
    const third = await startRegistry({ auth: "basic", username: "other" });
    try {
      seedImage(third, "app", "amd64");
      const shell = await openShell();
      const flags = ["--tls-verify=false", "--creds", "other:secret", "--subject", `docker://${from?.host}/app:amd64`];
      await shell.must("create", ...flags, "app", `docker://${third.host}/app:amd64`);
      expect([seen(from), seen(third)]).toEqual([new Set([`Basic ${btoa("other:secret")}`]), new Set([`Basic ${btoa("other:secret")}`])]);
    } finally {
      await third.stop();
    }
  });

  test("are for the images where the list is a local one, and for every registry where none is named", async () => {
    const shell = await openShell();
    const flags = ["--tls-verify=false", "--creds", "other:secret"];
    await shell.must("create", ...flags, "app", `docker://${from?.host}/app:amd64`);
    await shell.must("push", "-q", ...flags, "app", "oci:/out:1");
    expect(seen(from)).toEqual(new Set([`Basic ${btoa("other:secret")}`]));
  });
});

describe("the cache", () => {
  const manifests = (registry: TestRegistry) =>
    registry.requests.flatMap(({ method, path }) => (path.includes("/blobs/uploads") ? [] : [`${method} ${path.split("/").at(-2)}`]));

  test("spares later commands what earlier ones have read: a tag is asked for with HEAD, content not at all", async () => {
    const registry = await startRegistry({ auth: "basic" });
    try {
      const shell = await openShell();
      seedImage(registry, "app", "1");
      const run = async (list: string, ...flags: readonly string[]) => {
        registry.clear();
        await shell.must("create", "--tls-verify=false", ...flags, list, `docker://${registry.host}/app:1`);
        return manifests(registry);
      };
      expect(await run("one", "--creds", "user:secret")).toEqual(["GET manifests", "GET manifests", "GET blobs"]);
      expect(await run("two", "--creds", "user:secret")).toEqual(["HEAD manifests", "HEAD manifests"]);
      expect(await run("three", "--creds", "user:secret", "--no-cache")).toEqual(["GET manifests", "GET manifests", "GET blobs"]);
      seedImage(registry, "app", "1", { seed: "another" });
      expect(await run("four", "--creds", "user:secret")).toEqual(["HEAD manifests", "HEAD manifests", "GET manifests", "GET blobs"]);
    } finally {
      await registry.stop();
    }
  });

  test("shows nobody what others have read", async () => {
    const registry = await startRegistry({ auth: "basic" });
    try {
      const shell = await openShell();
      const { manifest } = seedImage(registry, "app", "1");
      const line = ["inspect", "--tls-verify=false", `docker://${registry.host}/app@${manifest.digest}`];
      await shell.must(...line, "--creds", "user:secret");
      registry.clear();
      await shell.must(...line, "--creds", "user:secret");
      expect(registry.requests).toEqual([]);
      expect((await shell.manifest(...line)).status).toBe(125);
      expect((await shell.manifest(...line, "--creds", "user:wrong")).status).toBe(125);
      expect((await shell.manifest("exists", ...line.slice(1), "--creds", "user:secret")).status).toBe(0);
      expect(registry.requests.at(-1)?.method).toBe("HEAD");
    } finally {
      await registry.stop();
    }
  });
});

describe("an auth file", () => {
  test("is looked at only when a registry is: a stale one breaks no local work", async () => {
    const { must } = await openShell({ variables: { REGISTRY_AUTH_FILE: "/nonexistent", DOCKER_CONFIG: "/nowhere" } });
    await must("create", "--authfile", "/nonexistent", "app", "oci:/src:amd64");
    await must("add", "--authfile", "/nonexistent", "app", "oci:/src:arm64");
    await must("annotate", "--authfile", "/nonexistent", "--annotation", "a=1", "app", "linux/amd64");
    await must("inspect", "--authfile", "/nonexistent", "app");
    await must("push", "-q", "--authfile", "/nonexistent", "app", "oci:/out:1");
    await must("remove", "--authfile", "/nonexistent", "app", "linux/amd64");
    await must("exists", "--authfile", "/nonexistent", "app");
    await must("rm", "--authfile", "/nonexistent", "app");
  });

  test("named by REGISTRY_AUTH_FILE is used by every verb", async () => {
    const registry = await startRegistry({ auth: "basic" });
    try {
      const shell = await openShell({ variables: { REGISTRY_AUTH_FILE: "/auth.json" } });
      await write(shell, "/auth.json", auths(registry.host, "user:secret"));
      const location = `docker://${registry.host}/app:1`;
      for (const line of [["create"], ["add", "oci:/src:amd64"], ["annotate", "--annotation=a=1"], ["inspect"], ["exists"], ["rm"]]) {
        const [verb = "", ...rest] = line;
        expect(await shell.manifest(verb, "--tls-verify=false", location, ...rest)).toMatchObject({ status: 0, errors: "" });
      }
    } finally {
      await registry.stop();
    }
  });
});

describe("credentials", () => {
  test("reach no message, and no other registry", async () => {
    const [one, other] = await Promise.all([startRegistry({ auth: "basic" }), startRegistry()]);
    try {
      const shell = await openShell();
      await write(shell, "/auth.json", auths(one.host, "user:secret"));
      const { errors, output } = await shell.manifest(
        "--log-level",
        "debug",
        "create",
        "--tls-verify=false",
        "--creds",
        "user:wrongsecret",
        `docker://${one.host}/app:1`,
      );
      expect(errors + output).not.toContain("wrongsecret");
      await shell.must("create", "--tls-verify=false", "--authfile", "/auth.json", `docker://${one.host}/app:1`, "oci:/src:amd64");
      await shell.must("push", "-q", "--tls-verify=false", "--authfile", "/auth.json", `docker://${one.host}/app:1`, `docker://${other.host}/app:1`);
      expect(other.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });
});
