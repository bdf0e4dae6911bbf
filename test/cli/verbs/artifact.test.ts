import { describe, expect, test } from "bun:test";
import { putFiles } from "../../helper/files.ts";
import { digestOf, openShell, withRegistry } from "./shell.ts";

async function open() {
  const shell = await openShell();
  await putFiles(shell.host, { "/dist/sbom.json": "{}", "/note.txt": "hello", "/dir/x": "1" });
  const [id = ""] = await shell.must("create", "app", "oci:/src:amd64");
  return { ...shell, id };
}

describe("manifest add --artifact", () => {
  test("prints ID: DIGEST, one line for all files", async () => {
    const { must, inspect, id } = await open();
    const lines = await must("add", "--artifact", "app", "/note.txt", "/dist/sbom.json");
    expect(lines).toEqual([`${id}: ${(await inspect("app")).manifests[1]?.digest}`]);
    const [json = ""] = await must("add", "--artifact", "--json", "app", "/note.txt");
    const [, , entry] = (await inspect("app")).manifests;
    expect(JSON.parse(json)).toMatchObject({ id, added: [entry?.digest], entries: [entry?.digest] });
  });

  test("takes the flags of entries", async () => {
    const { must, inspect } = await open();
    const flags = ["--os", "linux", "--arch", "arm", "--variant", "v7", "--os-version", "1", "--os-features", "a,b", "--annotation", "red=blue"];
    await must("add", "--artifact", ...flags, "--annotation", "index:i=1", "app", "/note.txt");
    const { annotations, manifests } = await inspect("app");
    expect([annotations, manifests[1]]).toEqual([
      { i: "1" },
      expect.objectContaining({
        annotations: { red: "blue" },
        platform: { architecture: "arm", os: "linux", variant: "v7", "os.version": "1", "os.features": ["a", "b"] },
      }),
    ]);
  });

  test("is needed by the flags that describe one, in buildah's words", async () => {
    const { fail } = await open();
    expect(await fail("add", "--artifact-type", "a/b", "app", "/note.txt")).toBe("Error: --artifact-type requires --artifact");
    expect(await fail("add", "--artifact-config", "x", "--artifact-type=", "app", "/note.txt")).toBe(
      "Error: --artifact-type/--artifact-config require --artifact",
    );
    expect(await fail("add", "--artifact=false", "--artifact-exclude-titles", "app", "/note.txt")).toBe("Error: --artifact-exclude-titles requires --artifact");
  });

  test("wants KEY=VALUE as --artifact-annotation, a file, and no flag that chooses images", async () => {
    const { fail } = await open();
    expect(await fail("add", "--artifact", "--artifact-annotation", "left", "app", "/note.txt")).toContain('no "=" found');
    expect(await fail("add", "--artifact", "--artifact-annotation", "=right", "app", "/note.txt")).toContain("the key is empty");
    expect(await fail("add", "--artifact", "app")).toContain("requires at least 2 arg(s), only received 1");
    expect(await fail("add", "--artifact", "app", "/dir")).toBe('Error: Cannot add file "/dir": it is a directory, expected a file');
    expect(await fail("add", "--artifact", "app", "/none")).toContain('"/none"');
    expect(await fail("add", "--artifact", "--platform", "linux/amd64", "app", "/note.txt")).toContain("--artifact may not be used with --platform");
    for (const flag of ["--all", "--no-attestations"])
      expect(await fail("add", "--artifact", flag, "app", "/note.txt")).toContain(`--artifact may not be used with ${flag}`);
  });

  test("shows a hostile name without its control characters", async () => {
    const { host, must, fail, manifest } = await open();
    const path = "/evil \u001b[2J\u202e.txt";
    expect(await fail("add", "--artifact", "app", path)).toContain("evil \\x1b[2J\\u{202e}.txt");
    await putFiles(host, { [path]: "x" });
    await must("add", "--artifact", "app", path);
    for (const form of ["table", "tree"]) {
      const { output } = await manifest("inspect", "-o", form, "app");
      expect(output).toContain("evil \\x1b[2J\\u{202e}.txt");
      expect(output).not.toContain("\u001b");
    }
  });

  test("is found by annotate and remove by its file", async () => {
    const { must, inspect, id, amd64 } = await open();
    const [line = ""] = await must("add", "--artifact", "app", "/dist/sbom.json");
    expect(await must("annotate", "--annotation", "red=blue", "app", "dist/sbom.json")).toEqual([line]);
    expect((await inspect("app")).manifests[1]?.annotations).toEqual({ red: "blue" });
    expect(await must("remove", "app", "sbom.json")).toEqual([line]);
    expect((await inspect("app")).manifests.map(({ digest }) => digest)).toEqual([digestOf(amd64)]);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  test("puts the artifact into a registry at once, with --creds of its own", async () => {
    await withRegistry({ auth: "basic", username: "me", password: "secret" }, async (registry) => {
      const { must } = await open();
      const access = ["--tls-verify=false", "--creds", "me:secret"];
      const list = `docker://${registry.host}/app:1`;
      await must("create", ...access, list);
      const [line = ""] = await must("add", "--artifact", ...access, list, "/note.txt");
      expect(line).toMatch(/^sha256:[0-9a-f]{64}: sha256:[0-9a-f]{64}$/);
      expect(await must("remove", ...access, list, "note.txt")).toEqual([expect.stringMatching(new RegExp(`: ${line.slice(-71)}$`))]);
    });
  });

  test("gives --creds to the registry of a subject, of a local list", async () => {
    await withRegistry({ auth: "basic", username: "me", password: "secret" }, async (registry) => {
      const { must, fail } = await open();
      const access = ["--tls-verify=false", "--creds", "me:secret"];
      await must("create", ...access, `docker://${registry.host}/app:1`);
      await must("add", "--artifact", ...access, "--artifact-subject", `${registry.host}/app:1`, "app", "/note.txt");
      expect(await fail("add", "--artifact", "--tls-verify=false", "--artifact-subject", `${registry.host}/app:1`, "app", "/note.txt")).toContain(
        registry.host,
      );
    });
  });
});
