import { describe, expect, test } from "bun:test";
import { ocidex } from "../../../src/cli/ocidex.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { failureOf, indexAt, readAt } from "../../helper/lists.ts";
import { digestOf, openShell, textOf, withRegistry } from "./shell.ts";

async function open(...images: readonly string[]) {
  const shell = await openShell();
  const [id = ""] = await shell.must("create", "foo", ...(images.length === 0 ? ["oci:/src:amd64", "oci:/src:arm64"] : images));
  return { ...shell, id };
}

describe("manifest push", () => {
  test("prints ID: DIGEST on standard output and buildah's progress on standard error", async () => {
    const { manifest, host, id, amd64, arm64 } = await open();
    const { status, output, errors } = await manifest("push", "foo", "oci:/out:1");
    const { descriptor } = await readAt(host, "oci:/out:1");
    expect([status, output]).toEqual([0, `${id}: ${descriptor.digest}\n`]);
    for (const line of [
      "Copying 2 images generated from 2 images in list",
      `Copying image ${digestOf(amd64)} (1/2)`,
      `Copying image ${digestOf(arm64)} (2/2)`,
      "Writing manifest to image destination",
      "Writing manifest list to image destination",
    ]) {
      expect(errors.split("\n")).toContain(line);
    }
    expect(errors).toMatch(/^Copying blob sha256:[0-9a-f]{64}$/m);
    expect(errors).toMatch(/^Copying config sha256:[0-9a-f]{64}$/m);
    expect(errors.trimEnd().split("\n").at(-1)).toBe("Writing manifest list to image destination");
  });

  test("-q is silent on standard error", async () => {
    const { manifest } = await open();
    expect((await manifest("push", "-q", "--all", "foo", "dir:/out")).errors).toBe("");
    expect((await manifest("push", "foo", "-q", "dir:/out")).errors).toBe("");
  });

  test("shows a failure also when quiet, and warnings", async () => {
    const { manifest, must } = await open("oci:/src:amd64", "oci:/src:docker");
    expect((await manifest("push", "-q", "foo", "dir:/out")).errors).toMatch(/^Warning: the list mixes 1 docker and 1 OCI images/);
    await must("create", "bar");
    expect((await manifest("push", "-q", "bar", "tarball:x")).errors).toMatch(/^Error: /);
  });

  test("to several DEST prints a line for each, with --json one object", async () => {
    const { must, id } = await open();
    const lines = await must("push", "-q", "foo", "oci:/one:1", "oci:/two:1");
    expect(lines).toHaveLength(2);
    expect(new Set(lines).size).toBe(1);
    const json = await must("push", "-q", "--json", "foo", "oci:/one:1", "oci:/two:1");
    expect(json).toHaveLength(1);
    expect(Object.keys(JSON.parse(json[0] ?? ""))).toEqual(["id", "names", "digest", "size", "mediaType", "images", "entries", "destinations", "targets"]);
    expect(lines[0]).toBe(`${id}: ${JSON.parse(json[0] ?? "").digest}`);
  });

  test("with --tag and --json names every tag of every DEST", async () => {
    const { must } = await open();
    const [line = ""] = await must("push", "-q", "--json", "--tag", "latest", "--tag", "1", "foo", "oci:/one:1", "oci:/two:2");
    expect(JSON.parse(line).targets).toEqual([
      { destination: "oci:/one:1", names: ["oci:/one:1", "oci:/one:latest"] },
      { destination: "oci:/two:2", names: ["oci:/two:2", "oci:/two:latest", "oci:/two:1"] },
    ]);
  });

  test("to a DEST without a transport goes to that registry, with --tag under more tags", async () => {
    await withRegistry({}, async (registry) => {
      const { must } = await open();
      await must("push", "-q", "--tls-verify=false", "--tag", "latest", "foo", `${registry.host}/me/app:1`);
      const { tags } = registry.repository("me/app");
      expect([...tags.keys()].sort()).toEqual(["1", "latest"]);
      expect(new Set(tags.values()).size).toBe(1);
    });
  });

  test("of one argument pushes to docker://LIST", async () => {
    await withRegistry({}, async (registry) => {
      const { must } = await openShell();
      const name = `${registry.host}/base`;
      await must("create", name, "oci:/src:amd64");
      await must("push", "-q", "--tls-verify=false", "--all", name);
      expect([...registry.repository("base").tags.keys()]).toEqual(["latest"]);
    });
  });

  test("of an empty list works", async () => {
    await withRegistry({}, async (registry) => {
      const { must, manifest } = await openShell();
      await must("create", `${registry.host}/empty`);
      const { status, errors } = await manifest("push", "--tls-verify=false", `${registry.host}/empty`);
      expect([status, errors]).toEqual([0, expect.stringContaining("Writing manifest list to image destination")]);
    });
  });

  test("that fails exits with 125, writes no digest file, tags nothing and keeps the list", async () => {
    await withRegistry({ fault: ({ method, path }) => (method === "PUT" && path.includes("/manifests/sha256") ? 403 : undefined) }, async (registry) => {
      const { host, manifest } = await open();
      const { status, output } = await manifest("push", "--rm", "--digestfile", "/digest", "--tls-verify=false", "foo", `${registry.host}/app:1`);
      expect([status, output]).toEqual([125, ""]);
      expect(await host.files.status("/digest")).toBeUndefined();
      expect(registry.repository("app").tags.size).toBe(0);
      expect(registry.openUploads()).toBe(0);
      expect((await manifest("exists", "foo")).status).toBe(0);
    });
  });

  test("writes the digest file after success, without a line end", async () => {
    const { host, must, id } = await open();
    expect(await must("push", "-q", "--digestfile", "/digest", "foo", "oci:/out:1")).toEqual([`${id}: ${await textOf(host, "/digest")}`]);
    expect(await textOf(host, "/digest")).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("--rm removes the list, and a second push does not know it", async () => {
    const { must, fail } = await open();
    await must("push", "-q", "--rm", "foo", "dir:/out");
    expect(await fail("inspect", "foo")).toBe("Error: foo: image not known");
    expect(await fail("push", "-p", "foo", "dir:/out")).toBe("Error: foo: image not known");
  });

  test("--all=false asks for each child with HEAD, and errors before the tag is written", async () => {
    await withRegistry({}, async (registry) => {
      const { must, fail, arm64 } = await open();
      await must("create", "one", "oci:/src:amd64");
      await must("push", "-q", "--tls-verify=false", "one", `${registry.host}/app:one`);
      registry.clear();
      expect(await fail("push", "-q", "--all=false", "--tls-verify=false", "foo", `${registry.host}/app:1`)).toContain(
        `the destination lacks image ${digestOf(arm64)} (linux/arm64/v8)`,
      );
      expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
      expect(registry.repository("app").tags.has("1")).toBe(false);
    });
  });

  test("without --format keeps bytes and digests; with it converts, and lists new digests", async () => {
    const { host, manifest, must, docker } = await open("oci:/src:docker");
    await must("push", "-q", "foo", "dir:/out");
    expect((await indexAt(host, "dir:/out")).manifests[0]?.digest).toBe(docker.descriptor.digest);
    const { errors } = await manifest("push", "-q", "--format", "oci", "foo", "dir:/converted");
    const [entry] = (await indexAt(host, "dir:/converted")).manifests;
    expect(errors).toBe(`Warning: the push as oci gives images new digests: ${digestOf(docker)} becomes ${entry?.digest}\n`);
  });

  test("of an unknown list, of a list at a location without DEST, and to a bad DEST are errors", async () => {
    const { fail, must } = await open();
    expect(await fail("push", "badsrcvalue", "baddestvalue")).toBe("Error: badsrcvalue: image not known");
    await must("create", "oci:/place:1");
    expect(await fail("push", "oci:/place:1")).toContain("needs a destination");
    expect(await fail("push", "foo", "")).toContain("the destination is empty");
    expect(await fail("push", "foo", "docker://UPPER/x y")).toContain("Cannot read image name");
    expect(await fail("push")).toBe("Error: requires at least 1 arg(s), only received 0: ocidex manifest push LIST [DEST…]");
  });

  test("ends on an interruption with 130 and leaves no trace", async () => {
    const { host } = await open();
    const controller = new AbortController();
    const files = {
      ...host.files,
      read: (path: string, options?: object) => {
        controller.abort();
        return host.files.read(path, options);
      },
    };
    expect(await runProgram(["manifest", "push", "-q", "foo", "oci:/out:1"], { host: { ...host, files }, root: ocidex, signal: controller.signal })).toBe(130);
    expect((await failureOf(readAt(host, "oci:/out:1"))).message).toContain("/out");
    expect(await host.files.status("/out")).toBeUndefined();
  });

  test("to a dead port says that it tries again, and fails", async () => {
    const { manifest } = await open();
    const { status, errors } = await manifest("push", "--retry=1", "--retry-delay=1ms", "--tls-verify=false", "foo", "127.0.0.1:1/app");
    expect(status).toBe(125);
    expect(errors).toMatch(/^Warning: |Failed, retrying in 0\.0s \.\.\. \(1\/1\)\. Error: /m);
    expect(errors).toContain("127.0.0.1:1");
  });
});
