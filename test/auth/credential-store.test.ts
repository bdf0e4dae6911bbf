import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CredentialHost, type CredentialOptions, readCredentials } from "../../src/core/auth/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { nothing, useHelpers } from "../helper/credential-helper.ts";

let host: Host;
let root = "";
let count = 0;
beforeAll(async () => {
  host = await currentHost();
  root = mkdtempSync(join(tmpdir(), "auth-"));
});
afterAll(() => rmSync(root, { recursive: true }));

interface Setting {
  readonly files?: Readonly<Record<string, unknown>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly options?: CredentialOptions;
}

/** Puts files into a new home directory; `~` in variables stands for it. */
function storeOf({ files: contents = {}, variables = {}, options = {} }: Setting) {
  const home = join(root, `home${count++}`);
  mkdirSync(home);
  for (const [path, value] of Object.entries(contents)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), typeof value === "string" ? value : JSON.stringify(value));
  }
  const inside = (text: string) => text.replace("~", home);
  const { files, run } = host;
  const own: CredentialHost = {
    files,
    run,
    environment: {
      get: (name) => (variables[name] === undefined ? undefined : inside(variables[name])),
      home,
      os: "linux",
      architecture: "amd64",
      runtime: "test",
    },
  };
  return readCredentials(own, options.authFile === undefined ? options : { ...options, authFile: inside(options.authFile) });
}

const auth = (user: string, password = "p") => ({ auth: btoa(`${user}:${password}`) });
const get = async (setting: Setting, domain = "ghcr.io", repository = "me/app") => (await storeOf(setting).get(domain, repository))?.username;
const failure = async (setting: Setting, domain = "ghcr.io") =>
  storeOf(setting)
    .get(domain, "me/app")
    .then(
      () => ({ code: "", message: "" }),
      (error: { code: string; message: string }) => error,
    );

describe("readCredentials()", () => {
  test("takes --creds for every registry, colons in the password kept", async () => {
    const store = storeOf({ options: { creds: "me:a:b" }, files: { ".docker/config.json": { auths: { "ghcr.io": auth("other") } } } });
    expect(await store.get("ghcr.io", "x")).toEqual({ username: "me", password: "a:b" });
  });
  test("takes --creds for the domains they are for, and the auth files for others", async () => {
    const options = { creds: "me:secret", domains: ["ghcr.io"] };
    const store = storeOf({ options, files: { ".docker/config.json": { auths: { "ghcr.io": auth("other"), "quay.io": auth("other") } } } });
    expect((await store.get("ghcr.io", "a/b"))?.username).toBe("me");
    expect((await store.get("quay.io", "a/b"))?.username).toBe("other");
    expect(await store.get("docker.io", "a/b")).toBeUndefined();
  });

  test("refuses --creds without a colon and does not show them", () => {
    expect(() => storeOf({ options: { creds: "CANARY" } })).toThrow("expected USERNAME:PASSWORD");
    try {
      storeOf({ options: { creds: "CANARY" } });
    } catch (error) {
      expect(String(error)).not.toContain("CANARY");
    }
  });
  test("finds nothing where there is no file", async () => expect(await get({})).toBe(undefined));
  test("reads nothing before something is asked for", () => expect(() => storeOf({ options: { authFile: "~/missing.json" } })).not.toThrow());

  const one = (user: string) => ({ auths: { "ghcr.io": auth(user) } });
  const all = {
    "run/containers/auth.json": one("run"),
    ".config/containers/auth.json": one("config"),
    "d/config.json": one("docker-config"),
    ".docker/config.json": one("docker"),
  };
  const variables = { XDG_RUNTIME_DIR: "~/run", DOCKER_CONFIG: "~/d" };
  test("takes the first file that has an answer: runtime directory, configuration, DOCKER_CONFIG, docker", async () => {
    const order = Object.keys(all);
    for (let at = 0; at < order.length; at++) {
      const left = Object.fromEntries(Object.entries(all).slice(at));
      expect(await get({ files: left, variables })).toBe(["run", "config", "docker-config", "docker"][at]);
    }
  });
  test("passes over a file without an entry for the registry", async () => {
    expect(await get({ files: { ...all, "run/containers/auth.json": { auths: { "quay.io": auth("x") } } }, variables })).toBe("config");
  });
  test("takes XDG_CONFIG_HOME for the configuration", async () => {
    expect(await get({ files: { "c/containers/auth.json": one("c") }, variables: { XDG_CONFIG_HOME: "~/c" } })).toBe("c");
  });
  test("takes a DOCKER_CONFIG directory without file as empty", async () => expect(await get({ variables: { DOCKER_CONFIG: "~/none" } })).toBe(undefined));
  test("reads only the file of --authfile", async () => {
    expect(await get({ files: { ...all, "mine.json": { auths: {} } }, variables, options: { authFile: "~/mine.json" } })).toBe(undefined);
    expect(
      await get({
        files: { ...all, "mine.json": one("mine") },
        variables: { ...variables, REGISTRY_AUTH_FILE: "~/d/config.json" },
        options: { authFile: "~/mine.json" },
      }),
    ).toBe("mine");
  });
  test("reads only the file of REGISTRY_AUTH_FILE", async () => {
    expect(await get({ files: { ...all, "env.json": one("env") }, variables: { ...variables, REGISTRY_AUTH_FILE: "~/env.json" } })).toBe("env");
  });
  test("refuses an auth file that is named and not there", async () => {
    const error = await failure({ options: { authFile: "~/missing.json" } });
    expect(error.code).toBe("NOT_FOUND");
    expect(error.message).toMatch(/^Cannot use auth file ".*missing\.json": no such file$/);
  });
  test("names the file that is malformed", async () => {
    expect((await failure({ files: { ".docker/config.json": "{nope" } })).message).toMatch(
      /^Cannot read auth file ".*\.docker[\\/]+config\.json": it is not valid JSON$/,
    );
    expect((await failure({ files: { ".docker/config.json": { auths: { "ghcr.io": { auth: 7 } } } } })).code).toBe("INVALID");
  });
  test("takes an empty file as empty", async () => expect(await get({ files: { ".docker/config.json": "" } })).toBe(undefined));
  test("refuses a broken auth member without showing it", async () => {
    const error = await failure({ files: { ".docker/config.json": { auths: { "ghcr.io": { auth: "!CANARY!" } } } } });
    expect(error.message).toContain('"auth" of "ghcr.io" is not base64');
    expect(error.message).not.toContain("CANARY");
    expect((await failure({ files: { ".docker/config.json": { auths: { "ghcr.io": { auth: btoa("nocolon") } } } } })).message).toContain("holds no colon");
  });
  test("takes off the NULs old docker versions pad with", async () => {
    const store = storeOf({ files: { ".docker/config.json": { auths: { "ghcr.io": { auth: btoa("u:p\0\0") } } } } });
    expect(await store.get("ghcr.io", "x")).toEqual({ username: "u", password: "p" });
  });
});

describe("CredentialStore.get()", () => {
  const auths = { "ghcr.io": auth("host"), "ghcr.io/me": auth("namespace"), "ghcr.io/me/app": auth("repository"), "ghcr.io/meow": auth("wrong") };
  const files = { ".docker/config.json": { auths } };
  test("takes the longest key, whole components only", async () => {
    expect(await get({ files }, "ghcr.io", "me/app")).toBe("repository");
    expect(await get({ files }, "ghcr.io", "me/other")).toBe("namespace");
    expect(await get({ files }, "ghcr.io", "me")).toBe("namespace");
    expect(await get({ files }, "ghcr.io", "you/app")).toBe("host");
  });
  test("never takes another host's entry", async () => {
    for (const domain of ["ghcr.io.evil.test", "evil.ghcr.io", "ghcr.io:5000", "ghcr.i", "quay.io"]) expect(await get({ files }, domain)).toBe(undefined);
  });
  for (const key of ["https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io", "docker.io", "https://registry-1.docker.io/v2/"]) {
    test(`finds Docker Hub under ${key}`, async () =>
      expect(await get({ files: { ".docker/config.json": { auths: { [key]: auth("hub") } } } }, "docker.io", "library/x")).toBe("hub"));
  }
  test("finds a namespace of Docker Hub", async () => {
    expect(
      await get(
        { files: { ".docker/config.json": { auths: { "docker.io/me": auth("me"), "https://index.docker.io/v1/": auth("hub") } } } },
        "docker.io",
        "me/app",
      ),
    ).toBe("me");
  });
  test("takes keys that are URLs", async () =>
    expect(await get({ files: { ".docker/config.json": { auths: { "https://ghcr.io/v2/": auth("url") } } } })).toBe("url"));
  test("gives an identity token", async () => {
    const store = storeOf({ files: { ".docker/config.json": { auths: { "ghcr.io": { auth: btoa("<token>:"), identitytoken: "refresh" } } } } });
    expect(await store.get("ghcr.io", "x")).toEqual({ username: "<token>", password: "", identityToken: "refresh" });
  });
  test("takes username and password given apart", async () =>
    expect(await get({ files: { ".docker/config.json": { auths: { "ghcr.io": { username: "u", password: "p" } } } } })).toBe("u"));

  describe("with helpers", () => {
    const helper = useHelpers();
    const keep = (name: string, server: string, user: string) =>
      helper.write(name, `[ "$input" = "${server}" ] && echo '{"Username":"${user}","Secret":"p"}' || { echo "${nothing}"; exit 1; }`);
    const docker = (file: object) => ({ files: { ".docker/config.json": file } });

    test("asks the one of the registry before the one for all, and that before the file (CVE-2021-41092)", async () => {
      keep("own", "ghcr.io", "own");
      keep("all", "ghcr.io", "all");
      const auths = { "ghcr.io": auth("file"), "ghcr.io/me": auth("namespace") };
      expect(await get(docker({ credHelpers: { "ghcr.io": "own" }, credsStore: "all", auths }))).toBe("own");
      expect(await get(docker({ credHelpers: { "quay.io": "own" }, credsStore: "all", auths }))).toBe("all");
      expect(await get(docker({ credHelpers: { "quay.io": "own" }, auths }))).toBe("namespace");
      expect(await get(docker({ credHelpers: { "ghcr.io": "" }, credsStore: "all", auths }))).toBe("namespace");
    });
    test("takes an entry beside a store that has nothing, and none beside an own helper that has nothing", async () => {
      keep("empty", "elsewhere", "x");
      const auths = { "ghcr.io": auth("file") };
      expect(await get(docker({ credsStore: "empty", auths }))).toBe("file");
      expect(await get(docker({ credHelpers: { "ghcr.io": "empty" }, auths }))).toBe(undefined);
      const both = { ".config/containers/auth.json": { credHelpers: { "ghcr.io": "empty" } }, ".docker/config.json": { auths } };
      expect(await get({ files: both })).toBe("file");
    });
    test("asks the store by the name that a login left in the file, else by docker's", async () => {
      keep("marked", "https://ghcr.io", "marked");
      expect(await get(docker({ credsStore: "marked", auths: { "https://ghcr.io": {} } }))).toBe("marked");
      keep("plain", "ghcr.io", "plain");
      expect(await get(docker({ credsStore: "plain" }))).toBe("plain");
      keep("hub", "https://index.docker.io/v1/", "hub");
      expect(await get(docker({ credsStore: "hub" }), "docker.io")).toBe("hub");
    });
    for (const key of ["docker.io", "index.docker.io", "https://index.docker.io/v1/"]) {
      test(`asks the helper of Docker Hub by its name in the file, ${key}`, async () => {
        keep("hub", key, "hub");
        expect(await get(docker({ credHelpers: { [key]: "hub" } }), "docker.io")).toBe("hub");
      });
    }
    test("never takes a broken one for nobody: the next file is not asked", async () => {
      helper.write("broken", "exit 1");
      const files = { ".config/containers/auth.json": { credsStore: "broken" }, ".docker/config.json": { auths: { "ghcr.io": auth("file") } } };
      const error = await failure({ files });
      expect(error.code).toBe("DENIED");
      expect(error.message).toContain('"docker-credential-broken"');
      expect(error.message).toContain("containers/auth.json");
    });
    test("asks those that are for every registry in their order, and the files in their turn", async () => {
      keep("one", "ghcr.io", "one");
      keep("empty", "elsewhere", "x");
      const files = { ".docker/config.json": { auths: { "ghcr.io": auth("file") } } };
      const keptBy = (...names: readonly string[]) => ({ files, options: { keepers: async () => names.map((name) => ({ name, file: "/registries.conf" })) } });
      expect(await get(keptBy())).toBe("file");
      expect(await get(keptBy("containers-auth.json", "one"))).toBe("file");
      expect(await get(keptBy("one", "containers-auth.json"))).toBe("one");
      expect(await get(keptBy("empty", "containers-auth.json"))).toBe("file");
      expect(await get(keptBy("empty"))).toBe(undefined);
      helper.write("broken", "exit 1");
      const error = await failure(keptBy("broken", "containers-auth.json"));
      expect([error.code, error.message.includes('"docker-credential-broken" named in "/registries.conf"')]).toEqual(["DENIED", true]);
    });
    test("asks a helper once for all repositories of a registry, also at the same time", async () => {
      keep("once", "ghcr.io", "me");
      const store = storeOf(docker({ credsStore: "once" }));
      await Promise.all(["a", "b", "a"].map((name) => store.get("ghcr.io", name)));
      await store.get("ghcr.io", "c");
      expect(helper.calls()).toEqual(["get ghcr.io"]);
    });
    test("asks none where an earlier file has an answer, and none for --creds", async () => {
      helper.write("broken", "exit 1");
      const files = { ".config/containers/auth.json": { auths: { "ghcr.io": auth("first") } }, ".docker/config.json": { credsStore: "broken" } };
      expect(await get({ files })).toBe("first");
      expect(await get({ files, options: { creds: "me:p" } })).toBe("me");
      expect(helper.calls()).toEqual([]);
    });
  });

  test("is not confused by the names of Object.prototype", async () => {
    for (const domain of ["constructor", "__proto__", "toString"]) expect(await get({ files }, domain)).toBe(undefined);
  });
});
