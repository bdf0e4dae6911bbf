import { afterEach, describe, expect, test } from "bun:test";
import type { MemoryHostOptions } from "../../../src/host/memory.ts";
import { testClock } from "../../helper/clock.ts";
import { seedImage, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { serve, serveSockets, type TestServer } from "../../helper/server.ts";
import { serverIdentity } from "../../helper/tls.ts";
import { answers, canary, challenging, found, giveToken, json, tokenAnswers } from "./canary.ts";
import { openShell, type Shell, textOf } from "./shell.ts";

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function startServer(...[listener, options]: Parameters<typeof serve>): Promise<TestServer> {
  const server = await serve(listener, options);
  running.push(server);
  return server;
}

async function startTestRegistry(options: Parameters<typeof startRegistry>[0]): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  running.push({ close: () => registry.stop() });
  return registry;
}

/** Opens a shell in which waiting takes no time. */
async function openQuick(options: MemoryHostOptions = {}): Promise<Shell> {
  const shell = await openShell({ clock: testClock(), ...options });
  await shell.must("create", "local", "oci:/src:amd64");
  return shell;
}

/** Command lines that reach a registry in every way there is. */
const lines: Readonly<Record<string, (host: string) => readonly string[]>> = {
  inspect: (host) => ["inspect", `docker://${host}/app:1`],
  create: (host) => ["create", "made", `docker://${host}/app:1`],
  annotate: (host) => ["annotate", "--annotation", "a=1", `docker://${host}/app:1`],
  push: (host) => ["push", "local", `docker://${host}/app:2`],
  exists: (host) => ["exists", `docker://${host}/app:1`],
  rm: (host) => ["rm", `docker://${host}/app:1`],
};

const insecure = ["--log-level", "debug", "--tls-verify=false"] as const;

/**
 * Runs every line and returns what was said; nobody may fail in a way the program does not know. The document that inspect
 * prints is left out: it is the registry's, and shown as it is.
 */
async function runAll(shell: Shell, host: string, flags: readonly string[]): Promise<string> {
  let said = "";
  for (const [verb, line] of Object.entries(lines)) {
    const { status, output, errors } = await shell.manifest(...line(host), ...insecure, ...flags);
    expect([verb, [0, 1, 125].includes(status), errors]).toEqual([verb, true, expect.not.stringMatching(/defect|^\s+at /m)]);
    said += verb === "inspect" && status === 0 ? errors : `${output}${errors}`;
  }
  return said;
}

/** Runs `ocidex …` and returns what was said. */
async function said(shell: Shell, ...argv: readonly string[]): Promise<string> {
  const { status, output, errors } = await shell.run(...argv);
  expect([argv[0], [0, 125].includes(status), errors]).toEqual([argv[0], true, expect.not.stringMatching(/defect|^\s+at /m)]);
  return `${output}${errors}`;
}

const files = {
  password: (host: string) => ({ "/auth.json": JSON.stringify({ auths: { [host]: { auth: btoa(`user:${canary.file}`) } } }) }),
  identity: (host: string) => ({ "/auth.json": JSON.stringify({ auths: { [host]: { auth: btoa("<token>:"), identitytoken: canary.identity } } }) }),
};

/** Returns everything that lies in a directory. */
async function cached(host: Shell["host"], path: string): Promise<string> {
  if ((await host.files.status(path))?.kind !== "directory") return `${path}\n${await textOf(host, path)}`;
  const below = await host.files.list(path);
  return (await Promise.all(below.map((name) => cached(host, host.files.join(path, name))))).join("\n");
}

/** How the program may come by its credentials. */
const logins: Readonly<Record<string, (host: string) => { readonly flags: readonly string[]; readonly files?: Readonly<Record<string, string>> }>> = {
  "--creds": () => ({ flags: ["--creds", `user:${canary.creds}`] }),
  "an auth file": (host) => ({ flags: ["--authfile", "/auth.json"], files: files.password(host) }),
  "an identity token": (host) => ({ flags: ["--authfile", "/auth.json"], files: files.identity(host) }),
};

describe("no secret is shown at --log-level debug (CVE-2021-45449, CVE-2024-6104, oras-go#1271, oras-go#1272, rust-oci-client#254, rust-oci-client#260, moby#52971, distribution-spec#523, ggcr#816, ggcr#1947)", () => {
  test("when everything works", async () => {
    for (const auth of ["basic", "bearer"] as const) {
      const registry = await startTestRegistry({
        auth,
        password: canary.creds,
        identityToken: canary.identity,
        locationQuery: `?_state=${canary.query}`,
      });
      seedImage(registry, "app", "1");
      const shell = await openQuick({ files: files.identity(registry.host) });
      expect(found(await runAll(shell, registry.host, ["--creds", `user:${canary.creds}`]))).toEqual([]);
      const { status, output } = await shell.manifest("inspect", ...insecure, "--creds", `user:${canary.creds}`, `docker://${registry.host}/app:2`);
      expect([status, found(output)]).toEqual([0, []]);
      expect(found(await cached(shell.host, "/home/me/.cache"))).toEqual([]);
      if (auth === "bearer") expect(found(await runAll(shell, registry.host, ["--authfile", "/auth.json"]))).toEqual([]);
    }
  });

  for (const [how, login] of Object.entries(logins)) {
    for (const [name, answer] of Object.entries(answers)) {
      test(`of ${how}, when the registry answers with ${name}`, async () => {
        for (const scheme of how === "an identity token" ? (["bearer"] as const) : (["basic", "bearer"] as const)) {
          const { host } = await startServer(challenging(scheme, answer));
          const { flags, files = {} } = login(host);
          expect(found(await runAll(await openQuick({ files }), host, flags))).toEqual([]);
        }
      });
    }

    for (const [name, answer] of Object.entries(tokenAnswers)) {
      test(`of ${how}, when the token service answers with ${name}`, async () => {
        const { host } = await startServer(challenging("bearer", answers["403 in text"] ?? giveToken, answer));
        const { flags, files = {} } = login(host);
        expect(found(await runAll(await openQuick({ files }), host, flags))).toEqual([]);
      });
    }
  }

  for (const challenge of [
    `Bearer realm="http://user:${canary.query}@127.0.0.1/token"`,
    `Bearer realm="http://[${canary.query}"`,
    `Bearer realm="ftp://127.0.0.1/?sig=${canary.query}"`,
    `Bearer realm="http://127.0.0.1:1/token?sig=${canary.query}"`,
    `Bearer realm="http://${canary.query}.invalid\\u0000/token"`,
    `Bearer ${canary.query}`,
    `Basic realm="${canary.query}`,
    canary.query,
    `Bearer error="${canary.query}",realm="/token?${canary.query}"`,
  ]) {
    test(`when the challenge is ${challenge.replaceAll(canary.query, "QUERY")}`, async () => {
      const { host } = await startServer((_, response) => void response.writeHead(401, { "www-authenticate": challenge }).end());
      expect(found(await runAll(await openQuick(), host, ["--creds", `user:${canary.creds}`]))).toEqual([]);
    });
  }

  test("when a connection is broken, without TLS or in it", async () => {
    const garbage = await serveSockets((socket) => void socket.on("error", () => {}).end("garbage\r\n\r\n"));
    const mute = await serveSockets((socket) => void socket.on("error", () => {}).destroy());
    running.push(garbage, mute);
    const { host } = await startServer((_, response) => void response.end(), { identity: serverIdentity });
    const shell = await openQuick();
    for (const broken of [garbage.host, mute.host, host]) {
      for (const flags of [[], ["--tls-verify=true"]]) {
        expect(found(await runAll(shell, broken, ["--creds", `user:${canary.creds}`, ...flags]))).toEqual([]);
      }
    }
  });

  test("when a redirect leads to what does not speak HTTP", async () => {
    const garbage = await serveSockets((socket) => void socket.on("error", () => {}).end("garbage\r\n\r\n"));
    running.push(garbage);
    const location = `${garbage.origin}/blob?sig=${canary.query}`;
    const { host } = await startServer((_, response) => void response.writeHead(307, { location }).end());
    expect(found(await runAll(await openQuick(), host, ["--creds", `user:${canary.creds}`]))).toEqual([]);
  });

  for (const [name, answer] of [...Object.entries(answers), ["a token", giveToken] as const]) {
    test(`of a login, when the registry answers with ${name}`, async () => {
      for (const scheme of ["basic", "bearer"] as const) {
        const { host } = await startServer(challenging(scheme, answer));
        const shell = await openQuick({ input: `${canary.creds}\n` });
        for (const flags of [["--password-stdin"], ["--password", canary.creds], ["--password", canary.creds, "--verbose"]]) {
          expect(found(await said(shell, "login", ...insecure, "--username", "user", ...flags, host))).toEqual([]);
        }
        expect(found(await said(shell, "login", "--log-level=debug", "--get-login", host))).toEqual([]);
        expect(found(await said(shell, "logout", "--log-level=debug", host))).toEqual([]);
      }
    });
  }

  test("of a credential helper, whatever it does", async () => {
    const { host } = await startServer(challenging("basic", answers["403 in text"] ?? giveToken));
    const { file } = canary;
    const files = { "/auth.json": json({ credHelpers: { [host]: "mine" }, credsStore: "other" }) };
    const results: readonly (readonly [status: number, output: string, errors: string])[] = [
      [0, json({ ServerURL: host, Username: "user", Secret: file }), ""],
      [0, json({ ServerURL: host, Username: "<token>", Secret: file }), ""],
      [0, json({ Username: "user", Secret: [file] }), ""],
      [0, `{"Username":"user","Secret":${file}}`, file],
      [0, file, ""],
      [1, file, file],
      [1, "credentials not found in native keychain", file],
      [137, "", file],
    ];
    for (const [status, output, errors] of results) {
      let asked = 0;
      const run = async () => {
        asked++;
        return { status, output: new TextEncoder().encode(output), errors: new TextEncoder().encode(errors) };
      };
      const shell = await openQuick({ files, run });
      expect([output, found(await runAll(shell, host, ["--authfile", "/auth.json"]))]).toEqual([output, []]);
      expect(asked).toBeGreaterThan(0);
      const login = ["login", ...insecure, "--username", "user", "--password", file, "--authfile", "/auth.json", host];
      expect([output, found(await said(shell, ...login))]).toEqual([output, []]);
      expect([output, found(await said(shell, "logout", "--log-level=debug", "--authfile", "/auth.json", host))]).toEqual([output, []]);
    }
  });

  test("of a proxy", async () => {
    const refusing = await startServer((request, response) => void response.writeHead(407).end(json(request.headers)));
    refusing.onConnect((request, socket) => void socket.end(`HTTP/1.1 407 No\r\n\r\n${json(request.headers)}`));
    const garbage = await serveSockets((socket) => void socket.on("error", () => {}).end("garbage\r\n\r\n"));
    running.push(garbage);
    for (const proxy of [
      `http://user:${canary.proxy}@${refusing.host}`,
      `http://user:${canary.proxy}@${garbage.host}`,
      `http://user:${canary.proxy}@127.0.0.1:1`,
      `http://user:${canary.proxy}@127.0.0.1:99999`,
      `https://user:${canary.proxy}@${refusing.host}`,
      `socks5://user:${canary.proxy}@127.0.0.1:1`,
      `user:${canary.proxy}@${refusing.host}`,
      `http://user:${canary.proxy}@`,
      `http://us er:${canary.proxy}@127.0.0.1:1`,
      canary.proxy,
    ]) {
      const shell = await openQuick({ variables: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy } });
      expect([proxy, found(await runAll(shell, "registry.invalid", ["--creds", `user:${canary.creds}`]))]).toEqual([proxy, []]);
    }
  });

  test("of an auth file that cannot be read", async () => {
    const { host } = await startServer((_, response) => void response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end());
    const { file } = canary;
    for (const text of [
      `{"auths":{"${host}":{"auth":${file}}}}`,
      `{"auths":{"${host}":{"auth":"${file}`,
      json({ auths: { [host]: { auth: `${file}!` } } }),
      json({ auths: { [host]: { auth: btoa(file) } } }),
      json({ auths: { [host]: { auth: [file] } } }),
      json({ auths: { [host]: file } }),
      json({ auths: file }),
      json({ auths: { [host]: { username: "user", password: [file] } } }),
      `{"auths":{"${host}":{"username":"user","password":${canary.number}}}}`,
      json({ auths: { [host]: { identitytoken: { a: file } } } }),
      json({ credHelpers: { [host]: { secret: file } } }),
      json({ credsStore: [file] }),
      json(file),
      file,
    ]) {
      const shell = await openQuick({ files: { "/auth.json": text } });
      const told = await runAll(shell, host, ["--authfile", "/auth.json"]);
      expect(told).toContain("/auth.json");
      expect([text, found(told)]).toEqual([text, []]);
    }
  });

  test("of flags that are wrong", async () => {
    const shell = await openQuick();
    const { creds } = canary;
    for (const flags of [
      ["--creds", creds],
      ["--creds", `:${creds}`],
      ["--creds", `user:${creds}`, "--retry", "x"],
      ["--creds", `user:${creds}`, "--nonsense"],
      [`--creds=user:${creds}`, "--insecure"],
    ]) {
      const { status, output, errors } = await shell.manifest("push", "local", "docker://127.0.0.1:1/app", "--log-level=debug", "--tls-verify=false", ...flags);
      expect([status, found(output + errors)]).toEqual([125, []]);
    }
  });
});

describe("credentials of a registry", () => {
  const conf = (main: TestRegistry, mirror: TestRegistry): string =>
    `[[registry]]\nlocation = "${main.host}"\ninsecure = true\n[[registry.mirror]]\nlocation = "${mirror.host}"\ninsecure = true\n`;
  const seen = ({ requests }: TestRegistry): ReadonlySet<string> => new Set(requests.flatMap(({ headers }) => headers.authorization ?? []));
  const login = (name: string, secret: string): string => btoa(`${name}:${secret}`);

  test("go to none of its mirrors, and those of a mirror not to it", async () => {
    const main = await startTestRegistry({ auth: "basic", password: canary.creds });
    const mirror = await startTestRegistry({ auth: "basic", username: "mirror", password: canary.file });
    seedImage(main, "app", "1");
    const auths = { [main.host]: { auth: login("user", canary.creds) }, [mirror.host]: { auth: login("mirror", canary.file) } };
    const shell = await openQuick({ files: { "/registries.conf": conf(main, mirror), "/auth.json": json({ auths }) } });
    for (const flags of [
      ["--creds", `user:${canary.creds}`],
      ["--authfile", "/auth.json"],
    ]) {
      const { status, output, errors } = await shell.manifest(
        "inspect",
        "--log-level=debug",
        "--registries-conf",
        "/registries.conf",
        ...flags,
        `docker://${main.host}/app:1`,
      );
      expect([status, errors]).toEqual([0, expect.not.stringContaining("defect")]);
      expect(found(output + errors)).toEqual([]);
      expect(mirror.requests.length).toBeGreaterThan(0);
      expect(seen(main)).toEqual(new Set([`Basic ${login("user", canary.creds)}`]));
      expect(seen(mirror)).toEqual(new Set(flags[0] === "--creds" ? [] : [`Basic ${login("mirror", canary.file)}`]));
      mirror.clear();
    }
  });
});
