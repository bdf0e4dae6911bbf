import { describe, expect, test } from "bun:test";
import type { Host } from "../../../src/core/port/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import type { MemoryHostOptions } from "../../../src/host/memory.ts";
import { testClock } from "../../helper/clock.ts";
import { useHelpers } from "../../helper/credential-helper.ts";
import type { RegistryOptions, TestRegistry } from "../../helper/registry.ts";
import { authority, serverIdentity } from "../../helper/tls.ts";
import type { Run } from "../run.ts";
import { openShell, textOf, withRegistry } from "./shell.ts";

const password = "CANARY-5ecret";
const insecure = "--tls-verify=false";
const file = "/run/user/1000/containers/auth.json";
const auths = (host: string, secret = password) => JSON.stringify({ auths: { [host]: { auth: btoa(`me:${secret}`) } } });

interface Setting {
  readonly registry: TestRegistry;
  readonly host: Host;
  /** Runs `ocidex …`, most talkative, makes sure that it shows no secret, and leaves out the requests it shows. */
  run(...argv: readonly string[]): Promise<Run>;
}

/** Does something on a machine with a registry that knows one user. */
async function on(options: MemoryHostOptions & { readonly registry?: RegistryOptions }, task: (setting: Setting) => Promise<void>): Promise<void> {
  await withRegistry({ auth: "basic", username: "me", password, ...options.registry }, async (registry) => {
    const { run } = await currentHost();
    const shell = await openShell({ run, variables: { XDG_RUNTIME_DIR: "/run/user/1000" }, ...options });
    const silent = async (...argv: readonly string[]): Promise<Run> => {
      const ran = await shell.run("--log-level", "debug", ...argv);
      for (const secret of [password, btoa(`me:${password}`), "CANARY"]) expect(ran.output + ran.errors).not.toContain(secret);
      return { ...ran, errors: ran.errors.replace(/^(?:GET|HEAD|POST|PUT) http\S+ \d+\n/gm, "") };
    };
    await task({ registry, host: shell.host, run: silent });
  });
}

async function write(host: Host, path: string, text: string): Promise<void> {
  await host.files.makeDirectory(host.files.dirname(path));
  const writer = await host.files.create(path);
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
}

const succeeded = { status: 0, output: "Login Succeeded!\n", errors: "" };

describe("ocidex login", () => {
  test("gives up a registry that never answers when the time of --timeout is over, and keeps nothing", async () => {
    const clock = testClock();
    const fetch: Host["fetch"] = (_, { signal } = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        clock.advance(20_000);
      });
    await on({ fetch, clock, input: password }, async ({ run, host }) => {
      const { status, errors } = await run("login", "-u", "me", "--password-stdin", "--timeout=20s", "registry.example.com");
      expect([status, errors.split("\n")[0]]).toEqual([125, 'Error: Cannot finish in "20s": the time is up, a longer --timeout gives more']);
      expect(await host.files.status(file)).toBeUndefined();
    });
  });

  for (const auth of ["basic", "bearer"] as const) {
    test(`takes the password from standard input and keeps what the registry accepts (${auth})`, async () => {
      for (const input of [password, `${password}\n`, `${password}\r\n`]) {
        await on({ input, registry: { auth } }, async ({ registry, host, run }) => {
          expect(await run("login", insecure, "-u", "me", "--password-stdin", registry.host)).toEqual(succeeded);
          expect(JSON.parse(await textOf(host, file))).toEqual(JSON.parse(auths(registry.host)));
          expect(await run("login", "--get-login", registry.host)).toEqual({ status: 0, output: "me\n", errors: "" });
          expect((await run("manifest", "create", insecure, `docker://${registry.host}/app:1`)).status).toBe(0);
        });
      }
    });

    test(`keeps nothing that the registry refuses (${auth})`, async () => {
      await on({ input: "CANARY-wrong", registry: { auth } }, async ({ registry, host, run }) => {
        const ran = await run("login", insecure, "-u", "me", "--password-stdin", registry.host);
        expect([ran.status, ran.output]).toEqual([125, ""]);
        expect(ran.errors).toContain(`Error: Cannot log in to "${registry.host}": invalid username/password\n`);
        expect(await host.files.status(file)).toBe(undefined);
      });
    });
  }

  test("takes --password with a warning", async () => {
    await on({}, async ({ registry, run }) => {
      const ran = await run("login", insecure, "-u", "me", "-p", password, "--verbose", registry.host);
      expect([ran.status, ran.output]).toEqual([0, `Used:  ${file}\nLogin Succeeded!\n`]);
      expect(ran.errors).toMatch(/^Warning: --password can be seen by everybody/);
    });
  });

  test("asks on a terminal, for what was not said", async () => {
    await on({ answers: ["me ", password] }, async ({ registry, run }) => expect(await run("login", insecure, registry.host)).toEqual(succeeded));
    await on({ answers: ["", password] }, async ({ registry, host, run }) => {
      await write(host, file, auths(registry.host, "old"));
      expect((await run("login", insecure, registry.host)).output).toBe(
        `Authenticating with existing credentials for ${registry.host}\nExisting credentials are invalid, please enter valid username and password\nLogin Succeeded!\n`,
      );
      expect(JSON.parse(await textOf(host, file))).toEqual(JSON.parse(auths(registry.host)));
    });
    await on({ answers: [password] }, async ({ registry, run }) => expect(await run("login", insecure, "-u", "me", registry.host)).toEqual(succeeded));
    await on({ answers: ["me"] }, async ({ registry, run }) => expect((await run("login", insecure, registry.host)).status).toBe(125));
  });

  test("is content with a login that is good", async () => {
    await on({}, async ({ registry, host, run }) => {
      await write(host, file, auths(registry.host));
      expect(await run("login", insecure, `http://${registry.host}/v2/`)).toEqual({
        status: 0,
        output: `Authenticating with existing credentials for ${registry.host}\nExisting credentials are valid. Already logged in to ${registry.host}\n`,
        errors: "",
      });
    });
  });

  test("does not overwrite an identity token unasked", async () => {
    await on({}, async ({ registry, host, run }) => {
      await write(host, file, JSON.stringify({ auths: { [registry.host]: { identitytoken: "CANARY" } } }));
      expect((await run("login", registry.host)).errors).toBe("Error: currently logged in, auth file contains an Identity token\n");
      expect((await run("login", "--get-login", registry.host)).output).toBe("<token>\n");
    });
  });

  test("says what is missing where nobody can be asked", async () => {
    await on({}, async ({ registry, run }) => {
      expect((await run("login", registry.host)).errors).toBe(
        'Error: Cannot ask for "Username": nobody answers at a terminal, --username says it without one\n',
      );
      expect((await run("login", "-u", "me", registry.host)).errors).toBe(
        'Error: Cannot ask for "Password": nobody answers at a terminal, --password-stdin says it without one\n',
      );
      expect(registry.requests).toEqual([]);
    });
  });

  for (const [line, error] of [
    [[], "please specify a registry to login to"],
    [["a.io", "b.io"], "accepts at most 1 arg(s), received 2: ocidex login REGISTRY[/NAMESPACE]"],
    [["--password-stdin", "a.io"], "must provide --username with --password-stdin"],
    [["-u", "me", "--password-stdin", "a.io"], "the password on standard input is empty"],
    [["--password-stdin", "-p", "CANARY", "a.io"], "--password may not be used with --password-stdin"],
    [["--authfile", "/a", "--compat-auth-file", "/b", "a.io"], "--compat-auth-file may not be used with --authfile"],
    [["--get-login", "a.io"], "not logged into a.io"],
    [["docker"], 'Cannot use registry "docker": "docker" is not a host name, expected HOST[:PORT][/NAMESPACE]'],
    [["a.io/me:1"], 'Cannot use registry "a.io/me:1": it holds a tag or digest, expected HOST[:PORT][/NAMESPACE]'],
  ] as const) {
    test(`refuses ${line.join(" ") || "no arguments"}`, async () => {
      await on({}, async ({ run }) => expect(await run("login", ...line)).toEqual({ status: 125, output: "", errors: `Error: ${error}\n` }));
    });
  }

  test("writes to --authfile and no other, and in docker's way with --compat-auth-file", async () => {
    await on({ input: password }, async ({ registry, host, run }) => {
      const login = ["login", insecure, "-u", "me", "--password-stdin"];
      expect(await run(...login, "--authfile", "/mine/auth.json", `${registry.host}/team`)).toEqual(succeeded);
      expect(Object.keys(JSON.parse(await textOf(host, "/mine/auth.json")).auths)).toEqual([`${registry.host}/team`]);
      expect(await run(...login, "--compat-auth-file", "/home/me/.docker/config.json", registry.host)).toEqual(succeeded);
      expect((await run(...login, "--compat-auth-file", "/home/me/.docker/config.json", `${registry.host}/team`)).status).toBe(125);
      expect(await host.files.status(file)).toBe(undefined);
    });
  });

  test("wants to trust the registry: --cert-dir, or --tls-verify=false, or --insecure", async () => {
    const tls = { cert: serverIdentity.certificate, key: serverIdentity.key };
    await on({ input: password, registry: { tls } }, async ({ registry, host, run }) => {
      await write(host, "/certs/ca.crt", authority);
      const login = (...flags: readonly string[]) => run("login", "-u", "me", "--password-stdin", ...flags, registry.host);
      expect(await login()).toMatchObject({ status: 125, output: "" });
      expect(registry.requests).toEqual([]);
      for (const flag of [["--cert-dir", "/certs"], [insecure], ["--insecure"]]) expect(await login(...flag)).toEqual(succeeded);
    });
  });

  describe("with a helper", () => {
    const helper = useHelpers();
    test("gives it the login, and every verb asks it", async () => {
      helper.keychain("cli");
      await on({ input: password }, async ({ registry, host, run }) => {
        const config = JSON.stringify({ credHelpers: { [registry.host]: "cli" } });
        await write(host, file, config);
        expect(await run("login", insecure, "-u", "me", "--password-stdin", "-v", registry.host)).toEqual({
          ...succeeded,
          output: "Used:  credential helper: cli\nLogin Succeeded!\n",
        });
        expect(await textOf(host, file)).toBe(config);
        expect((await run("manifest", "create", insecure, `docker://${registry.host}/app:1`, "oci:/src:amd64")).status).toBe(0);
        expect(helper.calls().map((call) => call.split(" ")[0])).toEqual(["store", "get"]);
        expect((await run("logout", registry.host)).output).toBe(`Removed login credentials for ${registry.host}\n`);
        expect((await run("manifest", "inspect", insecure, `docker://${registry.host}/app:1`)).status).toBe(125);
      });
    });

    test("that is broken fails the verb, by name, without asking the registry for anybody", async () => {
      helper.write("broken", "echo CANARY; echo CANARY >&2; exit 1");
      await on({ registry: { anonymousPull: true, auth: "bearer" } }, async ({ registry, host, run }) => {
        await write(host, file, JSON.stringify({ credsStore: "broken" }));
        const ran = await run("manifest", "inspect", insecure, `docker://${registry.host}/app:1`);
        expect(ran.status).toBe(125);
        expect(ran.errors).toContain('Error: Cannot ask credential helper "docker-credential-broken"');
        expect(registry.tokenRequests).toEqual([]);
      });
    });
  });
});

describe("ocidex logout", () => {
  const two = JSON.stringify({ auths: { "a.io": { auth: btoa("me:CANARY") }, "b.io": { auth: btoa("me:CANARY") } } });

  test("forgets one registry, then says that there is no login", async () => {
    await on({}, async ({ host, run }) => {
      await write(host, file, two);
      expect(await run("logout", "a.io")).toEqual({ status: 0, output: "Removed login credentials for a.io\n", errors: "" });
      expect(Object.keys(JSON.parse(await textOf(host, file)).auths)).toEqual(["b.io"]);
      expect(await run("logout", "a.io")).toEqual({ status: 125, output: "", errors: "Error: not logged into a.io\n" });
    });
  });

  test("forgets all", async () => {
    await on({}, async ({ host, run }) => {
      await write(host, "/mine.json", two);
      expect(await run("logout", "--all", "--authfile", "/mine.json")).toEqual({
        status: 0,
        output: "Removed login credentials for all registries\n",
        errors: "",
      });
      expect(JSON.parse(await textOf(host, "/mine.json"))).toEqual({ auths: {} });
      expect((await run("logout", "-a")).status).toBe(0);
    });
  });

  test("points to docker for a login that docker keeps, in buildah's words", async () => {
    await on({}, async ({ host, run }) => {
      await write(host, "/home/me/.docker/config.json", two);
      expect(await run("logout", "a.io")).toEqual({
        status: 0,
        output: "Not logged into a.io with current tool. Existing credentials were established via docker login. Please use docker logout instead.\n",
        errors: "",
      });
      expect((await run("logout", "--compat-auth-file", "/home/me/.docker/config.json", "a.io")).output).toBe("Removed login credentials for a.io\n");
    });
  });

  for (const [line, error] of [
    [[], "registry must be given"],
    [["--all", "a.io"], "--all takes no arguments"],
    [["a.io", "b.io"], "accepts at most 1 arg(s), received 2: ocidex logout REGISTRY[/NAMESPACE] or ocidex logout --all"],
    [["--authfile", "/none.json", "a.io"], 'Cannot use auth file "/none.json": no such file'],
  ] as const) {
    test(`refuses ${line.join(" ") || "no arguments"}`, async () => {
      await on({}, async ({ run }) => expect(await run("logout", ...line)).toEqual({ status: 125, output: "", errors: `Error: ${error}\n` }));
    });
  }
});
