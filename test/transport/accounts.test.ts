import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { explain, isOciError, type OciError } from "../../src/core/base/mod.ts";
import type { Environment, Event, Host } from "../../src/core/port/mod.ts";
import { type AccountOptions, openAccounts } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { useHelpers } from "../helper/credential-helper.ts";
import { type RegistryOptions, startRegistry, type TestRegistry } from "../helper/registry.ts";
import { temporaryDirectory } from "../helper/temporary.ts";

const me = { username: "user", password: "secret" };
const auth = btoa("user:secret");
const running: TestRegistry[] = [];
let host: Host;
let [root, home] = ["", ""];
let count = 0;
let close = async (): Promise<void> => {};
beforeAll(async () => {
  host = await currentHost();
  const made = await temporaryDirectory();
  [root, close] = [made.directory, made.close];
});
beforeEach(() => {
  home = join(root, `home${count++}`);
  mkdirSync(home);
});
afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop();
});
afterAll(() => close());

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry({ auth: "basic", ...options });
  running.push(registry);
  return registry;
}

const events: Event[] = [];
/** The logins of a user whose home is empty at first; `~` stands for it. */
function open(options: AccountOptions = {}, variables: Readonly<Record<string, string>> = { XDG_RUNTIME_DIR: "~/run" }) {
  const inside = (text: string) => text.replace("~", home);
  const environment: Environment = {
    ...host.environment,
    get: (name) => (variables[name] === undefined ? undefined : inside(variables[name])),
    home,
    os: "linux",
  };
  const files = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, typeof value === "string" ? inside(value) : value]));
  events.length = 0;
  return openAccounts({ ...host, environment }, { verifyTls: false, report: (event) => event.type === "warning" && events.push(event), ...files });
}

const path = (name = "run/containers/auth.json") => join(home, name);
const read = (name?: string) => JSON.parse(readFileSync(path(name), "utf8"));
function write(content: unknown, name?: string): void {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), typeof content === "string" ? content : JSON.stringify(content));
}

async function failure(action: Promise<unknown>): Promise<OciError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isOciError(error)) return error;
  throw new Error(`no OciError: ${error}`);
}

describe("openAccounts() login()", () => {
  test("keeps what the registry accepts, for the user alone", async () => {
    const { host: registry } = await start();
    expect(await open().login(registry, me)).toEqual({ key: registry, kept: path() });
    expect(read()).toEqual({ auths: { [registry]: { auth } } });
    expect([statSync(path()).mode & 0o777, statSync(dirname(path())).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readdirSync(dirname(path()))).toEqual(["auth.json"]);
    expect(await open().find(registry)).toEqual(me);
  });

  test("writes to the file that is named, else to REGISTRY_AUTH_FILE, else where it is read first", async () => {
    const { host: registry } = await start();
    const variables = { XDG_RUNTIME_DIR: "~/run", REGISTRY_AUTH_FILE: "~/env.json" };
    expect((await open({ authFile: "~/a/b/mine.json" }, variables).login(registry, me)).kept).toBe(path("a/b/mine.json"));
    expect((await open({}, variables).login(registry, me)).kept).toBe(path("env.json"));
    expect((await open().login(registry, me)).kept).toBe(path());
    expect((await open({ dockerFile: "~/.docker/config.json" }).login(registry, me)).kept).toBe(path(".docker/config.json"));
    expect((await failure(Promise.resolve().then(() => open({ authFile: "~/a", dockerFile: "~/b" })))).code).toBe("INVALID");
  });

  test("writes to docker's file if DOCKER_CONFIG is set, as buildah does, and warns where a file that is read before has another login", async () => {
    const { host: registry } = await start();
    const variables = { XDG_RUNTIME_DIR: "~/run", DOCKER_CONFIG: "~/docker" };
    expect((await open({}, variables).login(registry, me)).kept).toBe(path("docker/config.json"));
    expect(await open({}, variables).find(registry)).toEqual(me);
    expect(events).toEqual([]);
    write({ auths: { [registry]: { auth } } });
    await open({}, variables).login(registry, me);
    expect(events).toEqual([
      {
        type: "warning",
        message: `the login for "${registry}" in "${path("docker/config.json")}" does not count: "${path()}" is read before and has another one`,
      },
    ]);
    expect(await open({}, variables).logout(registry)).toBe(true);
    expect(await open({}, variables).logout(registry)).toBe(false);
  });

  test("keeps nothing that the registry refuses, and shows no secret", async () => {
    for (const kind of ["basic", "bearer"] as const) {
      const { host: registry } = await start({ auth: kind });
      const error = await failure(open().login(registry, { username: "user", password: "CANARY" }));
      expect([error.code, error.message]).toEqual(["DENIED", `Cannot log in to "${registry}": invalid username/password`]);
      expect(explain(error).join()).not.toMatch(/CANARY|dXNlcjpDQU5BUlk/);
      expect(existsSync(path())).toBe(false);
    }
  });

  test("asks with a token where the registry wants one", async () => {
    const registry = await start({ auth: "bearer" });
    await open().login(registry.host, me);
    expect(registry.requests.map(({ path: at, status }) => [at, status])).toEqual([
      ["/v2/", 401],
      ["/v2/", 200],
    ]);
    expect(registry.tokenRequests).toHaveLength(1);
  });

  test("warns where the registry asks for no login", async () => {
    const { host: registry } = await start({ auth: "none" });
    await open().login(registry, me);
    expect(events).toEqual([{ type: "warning", message: `"${registry}" asks for no login, so nobody knows whether this one is right` }]);
  });

  test("asks again when the registry is down for a moment, and passes on what else it says", async () => {
    let down = 2;
    const { host: registry } = await start({ fault: () => (down-- > 0 ? 503 : undefined) });
    await open({ retryDelay: 1 }).login(registry, me);
    for (const [status, code] of [
      [403, "DENIED"],
      [404, "NOT_FOUND"],
      [501, "REGISTRY"],
    ] as const) {
      const { host: other } = await start({ fault: () => status });
      const error = await failure(open().login(other, me));
      expect([error.code, error.message]).toEqual([code, `Cannot log in to "${other}": the registry answered ${status} UNKNOWN (unknown)`]);
    }
  });

  test("wants https unless told otherwise", async () => {
    const { host: registry, requests } = await start();
    expect((await failure(open({ verifyTls: true }).login(registry, me))).message).toContain("--tls-verify=false");
    expect(requests).toEqual([]);
  });

  test("asks no registry that registries.conf blocks, and takes one for insecure that it names so", async () => {
    const registry = await start();
    const settle = (setting: string) => write(`[[registry]]\nlocation = "${registry.host}"\n${setting} = true\n`, "registries.conf");
    const login = () => openAccounts(host, { registriesConf: path("registries.conf"), authFile: path("auth.json") }).login(registry.host, me);
    settle("blocked");
    expect((await failure(login())).code).toBe("DENIED");
    expect(registry.requests).toEqual([]);
    settle("insecure");
    expect((await login()).key).toBe(registry.host);
  });

  test("refuses what cannot be kept", async () => {
    for (const credentials of [
      { username: "", password: "CANARY" },
      { username: "CANARY:x", password: "p" },
      { username: "u", password: "" },
      { username: "", password: "", identityToken: "CANARY" },
    ]) {
      const error = await failure(open().login("127.0.0.1:1", credentials));
      expect([error.code, error.message.includes("CANARY")]).toEqual(["INVALID", false]);
    }
  });

  test("keeps everything that others wrote, and makes a file for others private", async () => {
    const { host: registry } = await start();
    write('{"psFormat":"x","auths":{"quay.io":{"auth":"eDp5"}},"n":12345678901234567890}');
    chmodSync(path(), 0o644);
    await open().login(registry, me);
    expect(readFileSync(path(), "utf8")).toBe(
      `{\n\t"psFormat": "x",\n\t"auths": {\n\t\t"quay.io": {\n\t\t\t"auth": "eDp5"\n\t\t},\n\t\t"${registry}": {\n\t\t\t"auth": "${auth}"\n\t\t}\n\t},\n\t"n": 12345678901234567890\n}`,
    );
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test("never replaces a file that is damaged, nor follows a link", async () => {
    const { host: registry } = await start();
    write("{half");
    expect((await failure(open().login(registry, me))).message).toContain("is not valid JSON");
    expect(readFileSync(path(), "utf8")).toBe("{half");
    write({ auths: {} }, "elsewhere.json");
    symlinkSync(path("elsewhere.json"), path("link.json"));
    expect((await failure(open({ authFile: "~/link.json" }).login(registry, me))).message).toContain("links are not followed");
    expect(read("elsewhere.json")).toEqual({ auths: {} });
  });

  test("loses no login of many at the same time", async () => {
    const { host: registry } = await start();
    const parts = Array.from({ length: 24 }, (_, at) => `${registry}/part${at}`);
    await Promise.all(parts.map((part) => open().login(part, me)));
    expect(Object.keys(read().auths).sort()).toEqual([...parts].sort());
  });

  test("keeps a login for a part of a registry, which the longest key wins", async () => {
    const { host: registry } = await start();
    await open().login(`${registry}/me`, me);
    expect([await open().find(`${registry}/me/app`), await open().find(registry)]).toEqual([me, undefined]);
    const error = await failure(open({ dockerFile: "~/config.json" }).login(`${registry}/me`, me));
    expect(error.code).toBe("UNSUPPORTED");
  });

  test("says how to keep a login elsewhere when the directory cannot be made", async () => {
    const { host: registry } = await start();
    write("", "file");
    const error = await failure(open({ authFile: "~/file/auth.json" }).login(registry, me));
    expect(error.message).toContain("; --authfile or REGISTRY_AUTH_FILE keeps the login elsewhere");
  });
});

describe("openAccounts() with helpers", () => {
  const helper = useHelpers();

  test("gives a login to the helper of the registry, which keeps it, and forgets it there", async () => {
    helper.keychain("own");
    const { host: registry } = await start();
    const file = { credHelpers: { [registry]: "own" }, auths: { "quay.io": { auth } } };
    write(file);
    expect((await open().login(registry, me)).kept).toBe("credential helper: own");
    expect(read()).toEqual(file);
    expect(await open().find(registry)).toEqual(me);
    expect([await open().logout(registry), await open().logout(registry)]).toEqual([true, false]);
    expect(helper.calls().map((call) => call.split(" ")[0])).toEqual(["store", "get", "erase", "erase"]);
  });

  test("gives every other login to the store, and marks it in the file as docker does", async () => {
    helper.keychain("all");
    const { host: registry } = await start();
    write({ credsStore: "all", auths: { [registry]: { auth: "b2xkOm9sZA==", email: "me@x" } } }, "config.json");
    expect((await open({ dockerFile: "~/config.json" }).login(registry, me)).kept).toBe("credential helper: all");
    expect(read("config.json")).toEqual({ credsStore: "all", auths: { [registry]: { email: "me@x" } } });
    expect(await open({ authFile: "~/config.json" }).logout(registry)).toBe(true);
    expect(read("config.json")).toEqual({ credsStore: "all", auths: {} });
    expect(await open({ authFile: "~/config.json" }).find(registry)).toBe(undefined);
  });

  test("keeps nothing for a part of a registry in a helper, and nothing where the helper fails", async () => {
    helper.write("broken", "echo CANARY; exit 1");
    const { host: registry } = await start();
    const file = { credsStore: "broken", auths: {} };
    write(file);
    expect((await failure(open().login(`${registry}/me`, me))).code).toBe("UNSUPPORTED");
    const error = await failure(open().login(registry, me));
    expect([error.code, explain(error).join().includes("CANARY")]).toEqual(["DENIED", false]);
    expect(read()).toEqual(file);
  });

  test("logoutAll() forgets what the helpers of the file keep too, and leaves their names", async () => {
    helper.keychain("all");
    helper.keychain("own");
    const first = await start();
    const second = await start();
    write({ credsStore: "all", credHelpers: { [second.host]: "own" }, auths: { "quay.io/me": { auth } } });
    await open().login(first.host, me);
    await open().login(second.host, me);
    await open().logoutAll();
    expect(read()).toEqual({ credsStore: "all", credHelpers: { [second.host]: "own" }, auths: {} });
    expect(await open().find(first.host)).toBe(undefined);
    expect(await open().find(second.host)).toBe(undefined);
  });
});

describe("openAccounts() logout()", () => {
  test("forgets one login and tells whether there was one", async () => {
    write({ auths: { "ghcr.io": { auth }, "ghcr.io/me": { auth }, "quay.io": { auth } } });
    expect([await open().logout("ghcr.io"), await open().logout("ghcr.io")]).toEqual([true, false]);
    expect(Object.keys(read().auths)).toEqual(["ghcr.io/me", "quay.io"]);
    expect(await open().logout("ghcr.io/me")).toBe(true);
    expect(Object.keys(read().auths)).toEqual(["quay.io"]);
  });

  test("forgets Docker Hub under all its names", async () => {
    write({ auths: { "https://index.docker.io/v1/": { auth }, "docker.io": { auth }, "docker.io/me": { auth } } });
    expect(await open().logout("docker.io")).toBe(true);
    expect(Object.keys(read().auths)).toEqual(["docker.io/me"]);
  });

  test("changes no file other than the one logins are written to, and makes none", async () => {
    write({ auths: { "ghcr.io": { auth } } }, ".docker/config.json");
    expect(await open().logout("ghcr.io")).toBe(false);
    await open().logoutAll();
    expect(existsSync(dirname(path()))).toBe(false);
    expect(await open().find("ghcr.io")).toEqual(me);
  });

  test("is an error for a named file that is not there", async () => {
    expect((await failure(open({ authFile: "~/none.json" }).logout("ghcr.io"))).code).toBe("NOT_FOUND");
    expect(await open({ authFile: "~/none.json" }).find("ghcr.io")).toBe(undefined);
  });
});
