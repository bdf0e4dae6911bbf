import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type SeededImage, seedImage, seedIndex, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { openShell, type Shell } from "./shell.ts";

/** A command line for every verb that reaches a registry; it works when the registry lets it. */
const lines: Readonly<Record<string, (host: string) => readonly string[]>> = {
  create: (host) => ["create", `docker://${host}/app:new`],
  add: (host) => ["add", `docker://${host}/app:1`, "oci:/src:arm64"],
  annotate: (host) => ["annotate", "--annotation", "a=1", `docker://${host}/app:1`],
  remove: (host) => ["remove", `docker://${host}/app:1`, "linux/amd64"],
  inspect: (host) => ["inspect", `docker://${host}/app:1`],
  push: (host) => ["push", "-q", "app", `${host}/app:pushed`],
  exists: (host) => ["exists", `docker://${host}/app:1`],
  rm: (host) => ["rm", `docker://${host}/app:1`],
};

let registry: TestRegistry;
let image: SeededImage;
beforeEach(async () => {
  registry = await startRegistry();
  image = seedImage(registry, "app", "amd64");
  seedIndex(registry, "app", "1", [{ ...image.manifest, platform: { architecture: "amd64", os: "linux" } }]);
});
afterEach(() => registry.stop());

/** Opens a shell on a machine with these files; `HOST` in them is the registry. */
async function open(files: Readonly<Record<string, string>>, answers: readonly string[] = []): Promise<Shell> {
  const entries = Object.entries(files).map(([path, text]) => [path, text.replaceAll("HOST", registry.host)]);
  const shell = await openShell({ files: Object.fromEntries(entries), answers });
  await shell.must("create", "app");
  return shell;
}

const insecure = '[[registry]]\nlocation = "HOST"\ninsecure = true\n';
const blocked = '[[registry]]\nlocation = "HOST"\nblocked = true\n';
const system = "/etc/containers/registries.conf";

describe("registries.conf", () => {
  for (const [verb, line] of Object.entries(lines)) {
    test(`lets ${verb} use an insecure registry, unless --tls-verify=true is typed`, async () => {
      const shell = await open({ [system]: insecure });
      const refused = await shell.manifest(...line(registry.host), "--tls-verify=true");
      expect([refused.status, registry.requests.length]).toEqual([125, 0]);
      expect(await shell.manifest(...line(registry.host))).toMatchObject({ status: 0, errors: "" });
    });

    test(`keeps ${verb} from a blocked registry, whatever --tls-verify says`, async () => {
      const shell = await open({ [system]: blocked });
      const { status, output, errors } = await shell.manifest(...line(registry.host), "--tls-verify=false");
      expect({ status, output }).toEqual({ status: 125, output: "" });
      expect(errors).toBe(`Error: Cannot use "${registry.host}/app": the registry "${registry.host}" is blocked in "${system}"\n`);
      expect(registry.connections()).toBe(0);
    });
  }

  test("is the file of --registries-conf, before and behind the verb, which must be there", async () => {
    const shell = await open({ "/own.conf": insecure, [system]: blocked });
    const line = ["inspect", `docker://${registry.host}/app:1`];
    expect(await shell.manifest(...line, "--registries-conf", "/own.conf")).toMatchObject({ status: 0, errors: "" });
    expect(await shell.run("--registries-conf=/own.conf", "manifest", ...line)).toMatchObject({ status: 0, errors: "" });
    expect(await shell.fail(...line, "--registries-conf", "/none.conf")).toBe('Error: Cannot use registries configuration "/none.conf": no such file');
    await shell.must("inspect", "app", "--registries-conf", "/none.conf");
  });

  test("is followed by the files in --registries-conf-dir", async () => {
    const shell = await open({ "/own.d/1.conf": insecure, "/etc/containers/registries.conf.d/1.conf": blocked });
    const line = ["inspect", `docker://${registry.host}/app:1`];
    expect(await shell.fail(...line)).toContain("is blocked in");
    expect(await shell.manifest(...line, "--registries-conf-dir", "/own.d")).toMatchObject({ status: 0, errors: "" });
  });

  test("that is broken is one line with file and line", async () => {
    const shell = await open({ [system]: "[[registry]]\nlocation = 5\n" });
    expect(await shell.fail("inspect", `docker://${registry.host}/app:1`)).toBe(
      `Error: Cannot use registries configuration "${system}", line 2: location must be string, not 5`,
    );
  });

  test("has mirrors that are asked without a word, and credentials that were typed do not go there", async () => {
    const mirror = await startRegistry({ auth: "basic" });
    try {
      const shell = await open({ [system]: `${insecure}[[registry.mirror]]\nlocation = "${mirror.host}"\ninsecure = true\n` });
      expect(await shell.manifest("add", "--creds", "user:secret", "app", `docker://${registry.host}/app:amd64`)).toMatchObject({ status: 0, errors: "" });
      expect(mirror.requests.map(({ headers, status }) => [headers.authorization, status])).toEqual([[undefined, 401]]);
    } finally {
      await mirror.stop();
    }
  });
});

describe("a short name", () => {
  const searching = `unqualified-search-registries = ["HOST", "127.0.0.1:1"]\n${insecure}`;
  const source = async (shell: Shell) => (await shell.inspect("app")).manifests.map(({ digest }) => digest);

  test("is looked up in aliases and in the registries to search", async () => {
    const shell = await open({ [system]: `${searching}[aliases]\ntool = "HOST/app"\n` });
    await shell.must("add", "app", "tool:amd64");
    expect(await source(shell)).toEqual([image.manifest.digest]);
    await shell.must("add", "app", "app:amd64=linux/amd64");
  });

  test("is asked for on a terminal, and the choice noted in the file of --short-name-alias-conf", async () => {
    const shell = await open({ [system]: searching }, ["1"]);
    const { status, errors } = await shell.manifest("add", "app", "app:amd64", "--short-name-alias-conf", "/choices.conf");
    expect([status, errors]).toEqual([0, ""]);
    expect(shell.host.errors()).toContain('"app:amd64" is a short name. Which image is meant?');
    expect(new TextDecoder().decode(await shell.host.files.readFile("/choices.conf", 1000))).toContain(`app = "${registry.host}/app"`);
    await shell.must("add", "app", "app:amd64", "--short-name-alias-conf=/choices.conf");
  });

  test("gets the credentials that were typed, wherever it leads", async () => {
    const own = await startRegistry({ auth: "basic" });
    try {
      seedImage(own, "app", "1");
      const shell = await open({ [system]: `[[registry]]\nlocation = "${own.host}"\ninsecure = true\n[aliases]\ntool = "${own.host}/app"\n` });
      await shell.must("add", "--creds", "user:secret", "app", "tool:1");
      expect(own.requests.at(-1)?.headers.authorization).toBe(`Basic ${btoa("user:secret")}`);
    } finally {
      await own.stop();
    }
  });

  test("is an error without settings, which says how to name the image", async () => {
    const shell = await open({});
    expect(await shell.fail("add", "app", "busybox")).toContain("expected docker://docker.io/library/busybox or another location");
  });
});

describe("the help", () => {
  test("tells of the settings", async () => {
    const { run } = await openShell();
    const { output } = await run("manifest", "create", "--help");
    for (const flag of ["--registries-conf FILE", "--registries-conf-dir DIR", "--short-name-alias-conf FILE", "certs.d"]) expect(output).toContain(flag);
  });
});
