import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { startRegistry as startTestRegistry } from "../helper/registry.ts";
import { authority, clientIdentity, serverIdentity } from "../helper/tls.ts";
import { asRoot, digestOf, openContainers, sampleLayout } from "./containers.ts";
import { must, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
const layout = scratch.join("samples");
const insecure = "--tls-verify=false";
const user = "tester";
const password = "s3cret:with/signs";
const kinds = ["executable", "npm bundle"] as const;
type Program = (typeof kinds)[number];

/** Credentials and certificates come from what a test says, never from who runs it. */
const env: Readonly<Record<string, string>> = {
  OCIDEX_ROOT: scratch.join("store"),
  HOME: scratch.join("home"),
  XDG_RUNTIME_DIR: scratch.join("home"),
  XDG_CONFIG_HOME: scratch.join("home"),
  XDG_CACHE_HOME: scratch.join("home"),
  DOCKER_CONFIG: scratch.join("home"),
};

beforeAll(async () => {
  mkdirSync(scratch.join("home"));
  await sampleLayout(layout);
  must([...programs.executable, "manifest", "create", "app", `oci:${layout}:amd64`, `oci:${layout}:arm64`], { env });
});
afterAll(() => scratch[Symbol.dispose]());

function command(program: Program, ...args: readonly string[]): readonly string[] {
  return [...programs[program], "manifest", ...args];
}

function push(program: Program, args: readonly string[], more: Readonly<Record<string, string>> = {}): Ran {
  return run(command(program, "push", "--quiet", "--retry", "0", ...args), { env: { ...env, ...more } });
}

/** One line that says what is wrong, and no secret. */
function expectRefused({ status, stdout, stderr }: Ran, pattern: RegExp): void {
  expect(status).toBe(125);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^Error: [^\n]+\n$/);
  expect(stderr).toMatch(pattern);
  expect(stderr).not.toContain(password);
}

describe("a registry with a password", () => {
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ version: 2, folder: scratch.join("htpasswd"), login: { user, password } });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  for (const program of kinds) {
    it(`refuses the ${program} without credentials, and with wrong ones`, () => {
      const target = `docker://${registry.host}/refused:1`;
      expectRefused(push(program, [insecure, "app", target]), /401|credentials|unauthorized/i);
      expectRefused(push(program, [insecure, "--creds", `${user}:wrong`, "app", target]), /401|credentials|unauthorized/i);
      expect(existsSync(scratch.join("htpasswd", "data", "docker/registry/v2/repositories/refused"))).toBe(false);
    });

    it(`takes a list from the ${program} with --creds, and gives it back`, () => {
      const target = `docker://${registry.host}/creds/${program.replace(" ", "-")}:1`;
      const { status, stdout, stderr } = push(program, [insecure, "--creds", `${user}:${password}`, "app", target]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const raw = must(command(program, "inspect", "--output", "raw", insecure, "--creds", `${user}:${password}`, target), { env });
      expect(stdout).toEndWith(`: ${digestOf(new TextEncoder().encode(raw))}\n`);
    });

    it(`takes a list from the ${program} with the file that skopeo login wrote`, () => {
      const file = scratch.join(`auth-${program.replace(" ", "-")}.json`);
      must(["skopeo", "login", insecure, "--authfile", file, "--username", user, "--password-stdin", registry.host], { env, input: password });
      const target = `docker://${registry.host}/authfile/${program.replace(" ", "-")}`;
      expect(push(program, [insecure, "--authfile", file, "app", `${target}:1`])).toMatchObject({ status: 0, stderr: "" });
      expect(push(program, [insecure, "app", `${target}:2`], { REGISTRY_AUTH_FILE: file })).toMatchObject({ status: 0, stderr: "" });
      const [one, two] = [1, 2].map((tag) => must(["skopeo", "inspect", "--raw", insecure, "--authfile", file, `${target}:${tag}`]));
      expect(one).toBe(two ?? "");
    });
  }
});

describe("a registry with a token server", () => {
  for (const program of kinds) {
    it(`gives the ${program} one token for what it does`, async () => {
      const server = await startTestRegistry({ auth: "bearer", username: user, password });
      try {
        const target = `docker://${server.host}/token/app`;
        const pushing = start(command(program, "push", "--quiet", insecure, "--creds", `${user}:${password}`, "app", `${target}:1`), { env });
        const { status, stdout, stderr } = await pushing.ended;
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        expect(server.tokenRequests).toHaveLength(1);
        const stored = server.repository("token/app");
        expect(stdout).toEndWith(`: ${stored.tags.get("1")}\n`);
        expect(stored.manifests.size).toBe(3);
        server.clear();
        const refused = await start(command(program, "push", "--quiet", "--retry", "0", insecure, "--creds", `${user}:wrong`, "app", `${target}:2`), { env })
          .ended;
        expectRefused(refused, /401|credentials|unauthorized/i);
        expect(stored.tags.has("2")).toBe(false);
      } finally {
        await server.stop();
      }
    });
  }
});

describe("a registry whose certificate the world does not know", () => {
  const [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"].map((name) => scratch.join(name)) as [string, string, string];
  let registry: RunningRegistry;
  const target = (program: Program, tag: string): string => `docker://${registry.host}/tls/${program.replace(" ", "-")}:${tag}`;
  beforeAll(async () => {
    writeFileSync(ca, authority);
    writeFileSync(certificate, serverIdentity.certificate);
    writeFileSync(key, serverIdentity.key);
    registry = await startRegistry({ version: 2, folder: scratch.join("tls"), tls: { certificate, key } });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  for (const program of kinds) {
    it(`is refused by the ${program}`, () => {
      expectRefused(push(program, ["app", target(program, "refused")]), /certificate/i);
    });

    it(`is taken by the ${program} with --tls-verify=false, with --cert-dir, and with SSL_CERT_FILE`, () => {
      expect(push(program, [insecure, "app", target(program, "unverified")])).toMatchObject({ status: 0, stderr: "" });
      const directory = scratch.join(`certs-${program}`);
      mkdirSync(directory);
      writeFileSync(`${directory}/ca.crt`, authority);
      expect(push(program, ["--cert-dir", directory, "app", target(program, "directory")])).toMatchObject({ status: 0, stderr: "" });
      const bundle = scratch.join("bundle.pem");
      writeFileSync(bundle, `${readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8")}\n${authority}`);
      expect(push(program, ["app", target(program, "bundle")], { SSL_CERT_FILE: bundle })).toMatchObject({ status: 0, stderr: "" });
    });
  }

  it("is taken by both programs once its authority is in the system's store, and refused when it is gone again", () => {
    const installed = "/usr/local/share/ca-certificates/ocidex-test-authority.crt";
    const update = (): string => must([...asRoot, "update-ca-certificates"]);
    must([...asRoot, "cp", ca, installed]);
    try {
      update();
      for (const program of kinds) expect(push(program, ["app", target(program, "system")])).toMatchObject({ status: 0, stderr: "" });
      using containers = openContainers(scratch);
      expect(digestOf(containers.raw(target("executable", "system")))).toBe(digestOf(containers.raw(target("npm bundle", "unverified"))));
    } finally {
      must([...asRoot, "rm", "-f", installed]);
      update();
    }
    expectRefused(push("executable", ["app", target("executable", "gone")]), /certificate/i);
  });
});

for (const version of [2, 3] as const) {
  describe(`distribution ${version} with a password, over TLS, that lets in who has a certificate`, () => {
    let registry: RunningRegistry;
    const directory = scratch.join(`certs-client-${version}`);
    const bare = scratch.join(`certs-bare-${version}`);
    const login = `${user}:${password}`;
    beforeAll(async () => {
      const [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"].map((name) => scratch.join(`mutual-${version}-${name}`)) as [
        string,
        string,
        string,
      ];
      writeFileSync(ca, authority);
      writeFileSync(certificate, serverIdentity.certificate);
      writeFileSync(key, serverIdentity.key);
      for (const path of [directory, bare]) {
        mkdirSync(path);
        writeFileSync(`${path}/ca.crt`, authority);
      }
      writeFileSync(`${directory}/client.cert`, clientIdentity.certificate);
      writeFileSync(`${directory}/client.key`, clientIdentity.key);
      registry = await startRegistry({ version, folder: scratch.join(`mutual-${version}`), login: { user, password }, tls: { certificate, key, clients: ca } });
    });
    afterAll(() => registry[Symbol.asyncDispose]());

    for (const program of kinds) {
      it(`takes a list from the ${program} and gives it back`, () => {
        const target = `docker://${registry.host}/mutual/${program.replace(" ", "-")}:1`;
        const access = ["--cert-dir", directory, "--creds", login];
        const { status, stdout, stderr } = push(program, [...access, "app", target]);
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        const raw = must(command(program, "inspect", "--output", "raw", ...access, target), { env });
        expect(stdout).toEndWith(`: ${digestOf(new TextEncoder().encode(raw))}\n`);
        expect(must(["skopeo", "inspect", "--raw", "--cert-dir", directory, "--creds", login, target])).toBe(raw);
      });

      it(`refuses the ${program} without the certificate, and with it but without the password`, () => {
        const target = `docker://${registry.host}/mutual/refused:1`;
        expectRefused(push(program, ["--cert-dir", bare, "--creds", login, "app", target]), /certificate|TLS|handshake|alert|closed|reset/i);
        expectRefused(push(program, ["--cert-dir", directory, "app", target]), /401|credentials|unauthorized/i);
      });
    }
  });
}
