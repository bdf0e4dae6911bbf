import { afterAll, beforeAll, beforeEach, describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { runOnTerminal } from "../helper/terminal.ts";
import { must, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
const insecure = "--tls-verify=false";
const user = "tester";
const password = "CANARY:s3cret with/signs é";
const kinds = ["executable", "npm bundle"] as const;
const runtime = scratch.join("run");
const file = scratch.join("run", "containers", "auth.json");

const env: Readonly<Record<string, string>> = {
  HOME: scratch.join("home"),
  XDG_RUNTIME_DIR: runtime,
  XDG_CONFIG_HOME: scratch.join("home"),
  DOCKER_CONFIG: "",
  REGISTRY_AUTH_FILE: "",
  PATH: `${scratch.join("bin")}:${process.env.PATH}`,
};

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry({ version: 2, folder: scratch.join("registry"), login: { user, password } });
  for (const folder of ["home", "bin"]) mkdirSync(scratch.join(folder));
});
beforeEach(() => {
  rmSync(runtime, { recursive: true, force: true });
  mkdirSync(runtime, { mode: 0o700 });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

/** Runs a peer that keeps logins too, if it is installed: skopeo and buildah of the system. */
const peers = ["skopeo", "buildah"].filter((name) => spawnSync(name, ["--version"]).status === 0);

describe.each(kinds)("ocidex login of the %s", (kind) => {
  const program = programs[kind];
  const login = (...args: readonly string[]): Ran =>
    run([...program, "login", "--log-level", "debug", insecure, "--username", user, "--password-stdin", ...args], { env, input: `${password}\n` });

  it("writes what skopeo and buildah read, and reads and forgets what they write", () => {
    expect(peers).toContain("skopeo");
    const { stderr, ...result } = login(registry.host);
    expect(result).toEqual({ status: 0, stdout: "Login Succeeded!\n" });
    expect(stderr).toMatch(/^(?:GET http:\S+\/v2\/: \d+\n)+$/);
    expect([statSync(file).mode & 0o777, statSync(scratch.join("run", "containers")).mode & 0o777]).toEqual([0o600, 0o700]);
    for (const peer of peers) expect(must([peer, "login", "--get-login", registry.host], { env })).toBe(`${user}\n`);
    // skopeo asks the registry with what it finds.
    expect(must(["skopeo", "login", insecure, registry.host], { env })).toContain("Existing credentials are valid");
    for (const peer of peers) {
      must([peer, "logout", registry.host], { env });
      expect(run([...program, "login", "--get-login", registry.host], { env }).status).toBe(125);
      must([peer, "login", insecure, "--username", user, "--password-stdin", registry.host], { env, input: password });
      const theirs = readFileSync(file, "utf8");
      expect(must([...program, "login", "--get-login", registry.host], { env })).toBe(`${user}\n`);
      expect(login(registry.host).status).toBe(0);
      expect(readFileSync(file, "utf8")).toBe(theirs);
    }
    expect(must([...program, "logout", registry.host], { env })).toBe(`Removed login credentials for ${registry.host}\n`);
    for (const peer of peers) expect(run([peer, "login", "--get-login", registry.host], { env }).status).not.toBe(0);
  });

  it("writes where skopeo and buildah look if DOCKER_CONFIG is set", () => {
    const docker = { ...env, DOCKER_CONFIG: scratch.join("docker", kind) };
    must([...program, "login", insecure, "-u", user, "--password-stdin", registry.host], { env: docker, input: password });
    for (const peer of peers) expect(must([peer, "login", "--get-login", registry.host], { env: docker })).toBe(`${user}\n`);
    expect(readdirSync(runtime)).toEqual([]);
  });

  it("keeps nothing that the registry refuses, and shows no secret", () => {
    const { status, stdout, stderr } = run([...program, "login", "--log-level", "debug", insecure, "-u", user, "--password-stdin", registry.host], {
      env,
      input: "CANARY-wrong",
    });
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toContain(`Error: Cannot log in to "${registry.host}": invalid username/password\n`);
    expect(stderr).not.toContain("CANARY");
    expect(readdirSync(runtime)).toEqual([]);
  });

  it("loses no login of twelve processes at the same time", async () => {
    const parts = Array.from({ length: 12 }, (_, at) => `${registry.host}/part${at}`);
    const command = (part: string) => [...program, "login", insecure, "-u", user, "--password-stdin", part];
    const all = await Promise.all(
      parts.map((part) => start(["sh", "-c", 'printf %s "$SECRET" | "$@"', "sh", ...command(part)], { env: { ...env, SECRET: password } }).ended),
    );
    expect(all.map(({ status, stderr }) => ({ status, stderr }))).toEqual(parts.map(() => ({ status: 0, stderr: "" })));
    expect(Object.keys(JSON.parse(readFileSync(file, "utf8")).auths).sort()).toEqual([...parts].sort());
    expect(readdirSync(scratch.join("run", "containers"))).toEqual(["auth.json"]);
  });

  it("gives the login to a helper, and every verb asks it once", () => {
    const kept = scratch.join("kept");
    const script = `#!/bin/sh\necho "$1" >> ${scratch.join("calls")}\ncase $1 in store) cat > ${kept} ;; get) cat ${kept} ;; erase) rm ${kept} ;; esac\n`;
    writeFileSync(scratch.join("bin", "docker-credential-real"), script, { mode: 0o755 });
    rmSync(scratch.join("calls"), { force: true });
    mkdirSync(scratch.join("run", "containers"));
    writeFileSync(file, JSON.stringify({ credsStore: "real" }));
    expect(login("--verbose", registry.host).stdout).toBe("Used:  credential helper: real\nLogin Succeeded!\n");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ credsStore: "real", auths: { [registry.host]: {} } });
    must([...program, "manifest", "create", insecure, `docker://${registry.host}/helped:${kind.replace(" ", "-")}`], { env });
    expect(must([...program, "logout", registry.host], { env })).toBe(`Removed login credentials for ${registry.host}\n`);
    expect(readFileSync(scratch.join("calls"), "utf8")).toBe("store\nget\nerase\n");
  });

  it("asks on a terminal and shows nothing of the password", async () => {
    const command = [...program, "login", insecure, registry.host];
    const { shown, status } = await runOnTerminal(
      command,
      [
        ["Username: ", `${user}\n`],
        ["Password: ", `${password}\r`],
      ],
      env,
    );
    expect({ shown, status }).toEqual({ shown: `Username: ${user}\nPassword: \nLogin Succeeded!\n`, status: 0 });
  });

  it("gives the terminal back after Ctrl-C", async () => {
    const command = [...program, "login", insecure, "-u", user, registry.host];
    const { shown } = await runOnTerminal(["sh", "-c", '"$@"; echo "status $?"; stty -a', "sh", ...command], [["Password: ", "CANARY\x03"]], env);
    expect(shown).toContain("Password: \nError: interrupted\nstatus 130\n");
    expect(shown).not.toContain("CANARY");
    expect(shown).toMatch(/ icanon .*(?<!-)\becho /s);
    expect(readdirSync(runtime)).toEqual([]);
  });
});
