import { describe, expect, test } from "bun:test";
import { treeOf } from "../../helper/lists.ts";
import { openShell } from "./shell.ts";

describe("manifest rm", () => {
  test("prints untagged: NAME for every list, then the IDs; the images stay", async () => {
    const { host, must } = await openShell();
    const [foo = ""] = await must("create", "foo", "oci:/src:amd64");
    const [bar = ""] = await must("create", "bar:2");
    const before = await treeOf(host, "/src");
    expect(await must("rm", "foo", "bar:2")).toEqual(["untagged: localhost/foo:latest", "untagged: localhost/bar:2", foo, bar]);
    expect(await treeOf(host, "/src")).toEqual(before);
  });

  test("removes a list by its ID", async () => {
    const { must, manifest } = await openShell();
    const [id = ""] = await must("create", "foo");
    expect(await must("rm", id)).toEqual(["untagged: localhost/foo:latest", id]);
    expect((await manifest("exists", id)).status).toBe(1);
  });

  test("of a list that is not there is an error, several are named together, and the others go", async () => {
    const { must, manifest, fail } = await openShell();
    expect(await fail("rm", "foo1")).toBe("Error: foo1: image not known");
    const [id] = await must("create", "foo");
    const { status, output, errors } = await manifest("rm", "a", "foo", "b");
    expect(status).toBe(125);
    expect(output).toBe(`untagged: localhost/foo:latest\n${id}\n`);
    expect(errors).toBe("Error: 2 errors occurred: a: image not known; b: image not known\n");
  });

  test("--ignore lets missing lists pass, with no output", async () => {
    const { must, fail } = await openShell();
    const [id = ""] = await must("create", "foo");
    expect(await must("rm", "--ignore", "none")).toEqual([]);
    expect(await must("rm", "-i", "none", "foo")).toEqual(["untagged: localhost/foo:latest", id]);
    expect(await fail("rm", "--ignore", "tarball:x")).toContain("tarball: makes a new image");
  });

  test("at a location removes the name only", async () => {
    const { host, must, manifest } = await openShell();
    await must("create", "oci:/place:1", "oci:/src:amd64");
    const blobs = await host.files.list("/place/blobs/sha256");
    expect(await must("rm", "oci:/place:1")).toEqual(["untagged: oci:/place:1"]);
    expect((await manifest("exists", "oci:/place:1")).status).toBe(1);
    expect(await host.files.list("/place/blobs/sha256")).toEqual(blobs);
  });

  test("wants a list", async () => {
    const { fail } = await openShell();
    expect(await fail("rm")).toBe("Error: requires at least 1 arg(s), only received 0: ocidex manifest rm LIST…");
  });
});

describe("manifest exists", () => {
  test("ends with 0 for yes and 1 for no, silently, and with 125 where it cannot tell", async () => {
    const { must, manifest } = await openShell({ fetch: async () => new Response(null, { status: 403 }) });
    const [id = ""] = await must("create", "foo");
    for (const list of ["foo", "localhost/foo:latest", id]) expect(await manifest("exists", list)).toEqual({ status: 0, output: "", errors: "" });
    for (const list of ["foo2", "oci:/nowhere:1", "oci:/src:none", "UPPER"])
      expect(await manifest("exists", list)).toEqual({ status: 1, output: "", errors: "" });
    expect(await manifest("exists", "oci:/src:multi")).toEqual({ status: 0, output: "", errors: "" });
    const denied = await manifest("exists", "docker://registry.example.com/app:1");
    expect([denied.status, denied.errors]).toEqual([125, expect.stringMatching(/^Error: .*403/)]);
    expect((await manifest("exists")).errors).toBe("Error: accepts 1 arg(s), received 0: ocidex manifest exists LIST\n");
  });
});

describe("manifest list", () => {
  test("prints a table of the local lists, by name", async () => {
    const { must } = await openShell();
    expect(await must("list")).toEqual(["NAME  ID  ENTRIES  TYPE  KEPT  MODIFIED"]);
    const [web = ""] = await must("create", "--format", "v2s2", "web");
    const [app = ""] = await must("create", "app", "oci:/src:amd64");
    const [, ...rows] = (await must("ls")).map((line) => line.split(/ {2,}/).slice(0, 4));
    expect(rows).toEqual([
      ["localhost/app:latest", app.slice(0, 12), "1", "oci"],
      ["localhost/web:latest", web.slice(0, 12), "0", "v2s2"],
    ]);
  });

  test("shows how much the store keeps for a list, which rm frees", async () => {
    const { host, must, inspect } = await openShell();
    await must("create", "app", "oci:/src:amd64");
    await must("create", "--annotation", `manifest:long=${"x".repeat(3000)}`, "kept", "oci:/src:amd64");
    const [entry] = (await inspect("kept")).manifests;
    const rows = (await must("ls")).map((line) => line.split(/ {2,}/));
    expect(rows.map((row) => row[4])).toEqual(["KEPT", "0 B", `${((entry?.size ?? 0) / 1024).toFixed(1)} KiB`]);
    const listed: readonly { readonly kept: number }[] = JSON.parse((await must("ls", "--json"))[0] ?? "");
    expect(listed.map(({ kept }) => kept)).toEqual([0, entry?.size ?? 0]);
    const content = "/home/me/.local/share/ocidex/content";
    expect(await treeOf(host, content)).toHaveLength(1);
    await must("rm", "kept");
    expect(await treeOf(host, content)).toEqual([]);
  });

  test("warns when what a list kept cannot be freed, as some record is damaged", async () => {
    const { host, must, manifest } = await openShell();
    await must("create", "--annotation", "manifest:a=b", "kept", "oci:/src:amd64");
    const [id = ""] = await must("create", "web");
    const [path = ""] = (await treeOf(host, "/home/me/.local/share/ocidex")).filter((each) => each.includes(id));
    await host.files.remove(path);
    await (await host.files.create(path)).write(new TextEncoder().encode("{}"));
    const { status, output, errors } = await manifest("rm", "kept");
    expect([status, output.startsWith("untagged: localhost/kept:latest\n")]).toEqual([0, true]);
    expect(errors).toMatch(/^Warning: content that no list refers to any more stays in the store: Cannot read record ".*": .*\n$/i);
  });

  test("shows a list without a name", async () => {
    const { must } = await openShell();
    const [old = ""] = await must("create", "app");
    await must("create", "--replace", "app");
    expect((await must("ls")).filter((line) => line.startsWith("<none>") && line.includes(old.slice(0, 12)))).toHaveLength(1);
    expect(JSON.parse((await must("list", "--json"))[0] ?? "")).toHaveLength(2);
  });

  test("shows the lists that can be read, and says which cannot", async () => {
    const { host, must, manifest } = await openShell();
    await must("create", "app");
    const [id = ""] = await must("create", "web");
    const [path = ""] = (await treeOf(host, "/home/me/.local/share/ocidex")).filter((each) => each.includes(id));
    await host.files.remove(path);
    await (await host.files.create(path)).write(new TextEncoder().encode("{}"));
    const { status, output, errors } = await manifest("ls");
    expect([status, output.includes("localhost/app:latest")]).toEqual([125, true]);
    expect(errors).toMatch(/^Error: .*\n$/);
    expect(errors).toContain(id);
    expect((await manifest("exists", "web")).status).toBe(125);
  });
});

describe("the local lists", () => {
  test("lie in --root DIR, in the folder ocidex of it", async () => {
    const { host, run, manifest } = await openShell();
    for (const argv of [
      ["--root", "/r", "manifest", "create", "foo"],
      ["manifest", "--root=/r", "create", "bar"],
      ["manifest", "create", "baz", "--root", "/r"],
    ]) {
      expect((await run(...argv)).status).toBe(0);
    }
    expect((await treeOf(host, "/r")).every((path) => path.startsWith("/r/ocidex/"))).toBe(true);
    expect((await manifest("ls", "--root", "/r", "--json")).output.match(/"id"/g)).toHaveLength(3);
    expect((await manifest("exists", "foo")).status).toBe(1);
  });

  test("are none in a place that can hold none: an error in a sentence, not an empty table", async () => {
    const options = { files: { "/o": "text" } };
    for (const [shell, argv, file] of [
      [await openShell({ ...options, variables: { OCIDEX_ROOT: "/o" } }), [], "/o"],
      [await openShell(options), ["--root", "/o"], "/o"],
    ] as const) {
      for (const verb of [["list"], ["list", "--json"], ["inspect", "app"], ["exists", "app"], ["create", "app"], ["rm", "app"]])
        expect(await shell.fail(...verb, ...argv)).toBe(`Error: Cannot use the local lists: "${file}" is no directory`);
    }
  });

  for (const [variables, directory] of [
    [{ OCIDEX_ROOT: "/o", XDG_DATA_HOME: "/x" }, "/o"],
    [{ XDG_DATA_HOME: "/x" }, "/x/ocidex"],
    [{}, "/home/me/.local/share/ocidex"],
  ] as const) {
    test(`lie in ${directory} with ${JSON.stringify(variables)}`, async () => {
      const { host, must } = await openShell({ variables });
      await must("create", "foo");
      expect((await treeOf(host, directory)).length).toBeGreaterThan(0);
    });
  }
});

describe("standard error", () => {
  test("stays empty in create, add, annotate, remove, inspect, rm unless there is something to warn of", async () => {
    const { must } = await openShell();
    await must("create", "foo", "oci:/src:amd64");
    await must("create", "oci:/place:1", "oci:/src:amd64");
    for (const list of ["foo", "oci:/place:1"]) {
      await must("add", list, "oci:/src:arm64");
      await must("annotate", "--annotation", "a=1", list, "linux/arm64");
      await must("annotate", "--annotation", "a=1", list);
      await must("inspect", list);
      await must("remove", list, "linux/arm64");
      await must("rm", list);
    }
  });

  test("gets no warning with --log-level error, and causes with debug", async () => {
    const { must, run } = await openShell();
    await must("create", "foo");
    expect((await run("--log-level", "error", "manifest", "annotate", "--format", "v2s2", "--annotation", "a=1", "foo")).errors).toBe("");
    await must("create", "web", "oci:/src:amd64");
    const warn = await run("manifest", "annotate", "--annotation", "x=1", "web", "oci:/src:none");
    const debug = await run("--log-level=debug", "manifest", "annotate", "--annotation", "x=1", "web", "oci:/src:none");
    expect(warn.errors.split("\n")).toHaveLength(2);
    expect(debug.errors.startsWith(`${warn.errors}  because: `)).toBe(true);
  });

  test("gets a notice for --signature-policy, and the refusal of --sign-by names cosign", async () => {
    const { must, manifest } = await openShell();
    await must("create", "foo");
    expect(await manifest("push", "-q", "--signature-policy", "/p.json", "foo", "oci:/out:1")).toMatchObject({
      status: 0,
      errors: expect.stringContaining("no signature policy is enforced"),
    });
    expect(await manifest("push", "--sign-by", "me", "foo", "oci:/out:1")).toMatchObject({
      status: 125,
      errors: expect.stringContaining("cosign sign --recursive"),
    });
  });

  test("has nothing to say of buildah's global flags that mean nothing here", async () => {
    const { must } = await openShell();
    const flags = [
      "--runroot=/r",
      "--storage-driver",
      "vfs",
      "--storage-opt=a=b",
      "--imagestore=/i",
      "--transient-store",
      "--cgroup-manager=x",
      "--userns-uid-map=0:0:1",
      "--userns-gid-map=0:0:1",
      "--registries-conf-dir=/d",
      "--short-name-alias-conf=/f",
    ];
    await must(...flags, "create", "foo");
    await must("inspect", ...flags, "foo");
  });
});
