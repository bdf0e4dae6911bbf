import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { authority, serverIdentity } from "../helper/tls.ts";
import { asRoot, type Containers, openContainers, pushSamples, sampleLayout } from "./containers.ts";
import { must, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";

const scratch = new Scratch();
let containers: Containers;
let registry: RunningRegistry;
let mirror: RunningRegistry;

/** Settings come from what a test says, never from who runs it. */
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
  mkdirSync(scratch.join("empty"));
  const layout = scratch.join("samples");
  await sampleLayout(layout);
  containers = openContainers(scratch);
  registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
  mirror = await startRegistry({ version: 2, folder: scratch.join("mirror") });
  pushSamples(containers, { layout, repository: `${registry.host}/only/registry`, kind: "OCI" });
  pushSamples(containers, { layout, repository: `${mirror.host}/copy/only/mirror`, kind: "docker" });
  pushSamples(containers, { layout, repository: `${registry.host}/both`, kind: "OCI" });
  pushSamples(containers, { layout, repository: `${mirror.host}/copy/both`, kind: "docker" });
});
afterAll(async () => {
  await Promise.all([registry, mirror].map((server) => server?.[Symbol.asyncDispose]()));
  must([...asRoot, "rm", "-rf", scratch.join("pull")]);
  containers?.[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

let files = 0;

/** Writes a registries.conf; `REGISTRY` and `MIRROR` in it are the servers. */
function settle(text: string): string {
  const path = scratch.join(`registries-${files++}.conf`);
  writeFileSync(path, text.replaceAll("REGISTRY", registry.host).replaceAll("MIRROR", mirror.host));
  return path;
}

const alone = () => ["--registries-conf-dir", scratch.join("empty")];

function ocidex(program: readonly string[], conf: string, ...args: readonly string[]): Ran {
  return run([...program, "--registries-conf", conf, ...alone(), "manifest", ...args], { env });
}

/** Reads a manifest with skopeo and with every program of ours: the same bytes, or all of them fail. */
function readAll(conf: string, name: string): string | undefined {
  const location = `docker://${name.replace("REGISTRY", registry.host)}`;
  const theirs = run(["skopeo", "--registries-conf", conf, "inspect", "--raw", location], { env: { ...env, CONTAINERS_REGISTRIES_CONF: conf } });
  for (const program of Object.values(programs)) {
    const ours = ocidex(program, conf, "inspect", "--output", "raw", location);
    expect([name, ours.status === 0, ours.stderr.split("\n").length]).toEqual([name, theirs.status === 0, ours.status === 0 ? 1 : 2]);
    if (theirs.status === 0) expect(ours.stdout).toBe(theirs.stdout);
  }
  return theirs.status === 0 ? theirs.stdout : undefined;
}

const kindOf = (manifest: string | undefined) => manifest && (JSON.parse(manifest).mediaType.includes("docker") ? "the mirror's" : "the registry's");

const insecure = '[[registry]]\nlocation = "REGISTRY"\ninsecure = true\n';
const mirrored = `${insecure}[[registry.mirror]]\nlocation = "MIRROR/copy"\ninsecure = true\n`;

describe("the same registries.conf means the same to skopeo and to ocidex:", () => {
  it("an insecure registry, and one that is not", () => {
    expect(kindOf(readAll(settle(insecure), "REGISTRY/both:amd64"))).toBe("the registry's");
    expect(readAll(settle(""), "REGISTRY/both:amd64")).toBeUndefined();
  });

  it("a mirror that has the image, one that has it alone, and one that does not have it", () => {
    const conf = settle(mirrored);
    expect(kindOf(readAll(conf, "REGISTRY/both:amd64"))).toBe("the mirror's");
    expect(kindOf(readAll(conf, "REGISTRY/only/mirror:arm64"))).toBe("the mirror's");
    expect(kindOf(readAll(conf, "REGISTRY/only/registry:arm64"))).toBe("the registry's");
    expect(readAll(conf, "REGISTRY/nowhere:1")).toBeUndefined();
  });

  it("a mirror for digests, and one for tags", () => {
    const digest = must(["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", `docker://${mirror.host}/copy/both:amd64`]).trim();
    for (const more of ["pull-from-mirror", "mirror-by-digest-only"]) {
      const conf = settle(
        more === "pull-from-mirror" ? `${mirrored}pull-from-mirror = "digest-only"\n` : mirrored.replace("insecure", "mirror-by-digest-only = true\ninsecure"),
      );
      expect([kindOf(readAll(conf, "REGISTRY/both:amd64")), kindOf(readAll(conf, `REGISTRY/both@${digest}`))]).toEqual(["the registry's", "the mirror's"]);
    }
    const tags = settle(`${mirrored}pull-from-mirror = "tag-only"\n`);
    expect([kindOf(readAll(tags, "REGISTRY/both:amd64")), readAll(tags, `REGISTRY/both@${digest}`)]).toEqual(["the mirror's", undefined]);
  });

  it("a mirror that is gone", () => {
    expect(kindOf(readAll(settle(mirrored.replace("MIRROR", "127.0.0.1:1")), "REGISTRY/both:amd64"))).toBe("the registry's");
  });

  it("a blocked registry, a blocked part of one, and mirrors of a blocked one", () => {
    expect(readAll(settle(`${insecure}blocked = true\n`), "REGISTRY/both:amd64")).toBeUndefined();
    const part = settle(`${insecure}[[registry]]\nlocation = "REGISTRY/only"\nblocked = true\n`);
    expect([kindOf(readAll(part, "REGISTRY/both:amd64")), readAll(part, "REGISTRY/only/registry:amd64")]).toEqual(["the registry's", undefined]);
    const cutOff = settle(mirrored.replace("insecure", "blocked = true\ninsecure"));
    expect([kindOf(readAll(cutOff, "REGISTRY/both:amd64")), readAll(cutOff, "REGISTRY/only/registry:amd64")]).toEqual(["the mirror's", undefined]);
  });

  it("a name that leads elsewhere, by the longest prefix, and below a wildcard", () => {
    const conf = settle(
      `${insecure}[[registry]]\nprefix = "app.test"\nlocation = "MIRROR/copy"\ninsecure = true\n[[registry]]\nprefix = "app.test/here"\nlocation = "REGISTRY/only"\ninsecure = true\n[[registry]]\nprefix = "*.wild.test"\nlocation = "REGISTRY"\ninsecure = true\n`,
    );
    expect(kindOf(readAll(conf, "app.test/both:amd64"))).toBe("the mirror's");
    expect(kindOf(readAll(conf, "app.test/here/registry:amd64"))).toBe("the registry's");
    expect(kindOf(readAll(conf, "a.b.wild.test/both:amd64"))).toBe("the registry's");
    expect(readAll(conf, "app.test/hereabouts/registry:amd64")).toBeUndefined();
  });

  it("a file that is broken, and one that contradicts itself", () => {
    expect(readAll(settle("[[registry]\n"), "REGISTRY/both:amd64")).toBeUndefined();
    expect(readAll(settle(`${insecure}[[registry]]\nprefix = "x.test"\nlocation = "REGISTRY"\n`), "REGISTRY/both:amd64")).toBeUndefined();
  });
});

describe("a short name", () => {
  const searching = (mode: string) =>
    `unqualified-search-registries = ["MIRROR", "REGISTRY"]\nshort-name-mode = "${mode}"\n${insecure}[[registry]]\nlocation = "MIRROR"\ninsecure = true\n[aliases]\n"alias" = "REGISTRY/both"\n`;
  const pull = (conf: string, name: string, ...flags: readonly string[]): Ran =>
    run(
      [
        ...asRoot,
        "buildah",
        "--root",
        scratch.join("pull", "root"),
        "--runroot",
        scratch.join("pull", "run"),
        "--storage-driver",
        "vfs",
        "--registries-conf",
        conf,
        ...alone(),
        ...flags,
        "pull",
        "--quiet",
        name,
      ],
      {
        env: { TMPDIR: scratch.join("empty"), HOME: env.HOME ?? "" },
      },
    );

  it("means the same to buildah: an alias, the first registry that has it, and nothing where nobody can be asked", () => {
    for (const [mode, name, works] of [
      // First of all: what buildah has pulled it does not look up again.
      ["enforcing", "both:amd64", false],
      ["enforcing", "alias:amd64", true],
      ["permissive", "both:amd64", true],
      ["disabled", "both:arm64", true],
      ["permissive", "nowhere:1", false],
    ] as const) {
      const conf = settle(searching(mode));
      expect([mode, name, pull(conf, name).status === 0]).toEqual([mode, name, works]);
      const ours = ocidex(programs.executable, conf, "create", "--replace", "list", name);
      expect([mode, name, ours.status === 0]).toEqual([mode, name, works]);
    }
  });

  for (const [kind, program] of Object.entries(programs)) {
    it(`is asked for on a terminal by the ${kind}, and what was chosen is noted where buildah notes it`, () => {
      const conf = settle(searching("enforcing"));
      const choices = scratch.join(`choices of the ${kind}.conf`);
      const words = [
        ...program,
        "--registries-conf",
        conf,
        ...alone(),
        "--short-name-alias-conf",
        choices,
        "manifest",
        "create",
        "--replace",
        "list",
        "both:amd64",
      ];
      const line = words.map((word) => `'${word}'`).join(" ");
      const { stdout, status } = spawnSync("script", ["-qec", line, "/dev/null"], { env: { ...process.env, ...env }, input: "2\n", encoding: "utf8" });
      expect(stdout).toContain(
        `"both:amd64" is a short name. Which image is meant?\r\n  1) ${mirror.host}/both:amd64\r\n  2) ${registry.host}/both:amd64\r\nNumber [1]: `,
      );
      expect(status).toBe(0);
      expect(must(["cat", choices])).toContain(`both = "${registry.host}/both"`);
      const again = ocidex(program, conf, "create", "--replace", "other", "both:amd64", "--short-name-alias-conf", choices);
      expect(again).toMatchObject({ status: 0, stderr: "" });
    });
  }

  it("that was chosen for ocidex is what buildah takes too", () => {
    const conf = settle(searching("enforcing"));
    const choices = scratch.join("choices.conf");
    writeFileSync(choices, `[aliases]\n"only/registry" = "${registry.host}/only/registry"\n`);
    for (const flags of [[], ["--short-name-alias-conf", choices]]) {
      const works = flags.length > 0;
      expect([works, pull(conf, "only/registry:arm64", ...flags).status === 0]).toEqual([works, works]);
      expect([works, ocidex(programs.executable, conf, "create", "--replace", "list", "only/registry:arm64", ...flags).status === 0]).toEqual([works, works]);
    }
  });
});

describe("certs.d", () => {
  it("makes a registry trusted, as it does for skopeo", async () => {
    const [certificate, key] = [scratch.join("server.pem"), scratch.join("server.key")];
    writeFileSync(certificate, serverIdentity.certificate);
    writeFileSync(key, serverIdentity.key);
    await using secure = await startRegistry({ version: 2, folder: scratch.join("secure"), tls: { certificate, key } });
    const target = `docker://${secure.host}/app:1`;
    const push = (program: readonly string[]) => run([...program, "manifest", "push", "--quiet", "--retry", "0", "empty", target], { env });
    must([...programs.executable, "manifest", "create", "empty"], { env });
    for (const program of Object.values(programs))
      expect(push(program)).toMatchObject({ status: 125, stderr: expect.stringMatching(/certificate is not trusted/) });
    mkdirSync(scratch.join("home", "containers", "certs.d", secure.host), { recursive: true });
    writeFileSync(scratch.join("home", "containers", "certs.d", secure.host, "ca.crt"), authority);
    for (const program of Object.values(programs)) expect(push(program)).toMatchObject({ status: 0, stderr: "" });
    // skopeo of Debian 12 looks below HOME and in no other directory of the user.
    mkdirSync(scratch.join("home", ".config"));
    must(["ln", "-s", scratch.join("home", "containers"), scratch.join("home", ".config", "containers")]);
    expect(run(["skopeo", "inspect", "--raw", target], { env }).status).toBe(0);
  });
});
