import { describe, expect, test } from "bun:test";
import { indexAt } from "../../helper/lists.ts";
import { digestOf, digestsIn, openShell, textOf, withRegistry } from "./shell.ts";

describe("manifest add", () => {
  test("prints ID: DIGEST, a line for each image of the call", async () => {
    const { must, amd64, arm64, attestation } = await openShell();
    const [id] = await must("create", "foo");
    expect(await must("add", "foo", "oci:/src:amd64")).toEqual([`${id}: ${digestOf(amd64)}`]);
    expect(await must("add", "--all", "foo", "oci:/src:multi", "oci:/src:arm64")).toEqual([`${id}: ${digestOf(amd64)}`, `${id}: ${digestOf(arm64)}`]);
    expect(attestation.descriptor.size).toBeGreaterThan(0);
  });

  test("wants a list and an image, and the list must be there", async () => {
    const { must, fail } = await openShell();
    expect(await fail("add", "foo")).toBe(
      "Error: requires at least 2 arg(s), only received 1: ocidex manifest add LIST IMAGE… or ocidex manifest add --artifact LIST FILE…",
    );
    expect(await fail("add", "foo", "oci:/src:amd64")).toBe("Error: foo: image not known");
    await must("create", "foo");
    expect(await fail("add", "foo", "oci:/src:none")).toContain('"oci:/src:none"');
    expect(await fail("add", "foo", "")).toBe('Error: Cannot read image "": the name is empty');
  });

  test("keeps commas and = in a value of --annotation, and refuses one without =", async () => {
    const { must, fail, inspect } = await openShell();
    await must("create", "foo");
    expect(await fail("add", "--annotation", "hoge", "foo", "oci:/src:amd64")).toContain('no "=" found');
    await must("add", "--annotation", "hoge=fuga", "--annotation", "key=val,withcomma", "foo", "oci:/src:amd64");
    expect((await inspect("foo")).manifests[0]?.annotations).toEqual({ hoge: "fuga", key: "val,withcomma" });
  });

  test("keeps the name of a layer's platform out of it: --platform selects or asserts, --os, --arch and --variant override an image", async () => {
    const { must, inspect } = await openShell();
    await must("create", "foo");
    await must("add", "--os=linux", "--arch=arm", "--variant=v7", "foo", "oci:/src:amd64");
    expect((await inspect("foo")).manifests[0]?.platform).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
  });

  test("IMAGE=PLATFORM and @FILE read nothing", async () => {
    const { host, must, inspect } = await openShell();
    await must("create", "foo");
    await host.files.remove("/src/blobs");
    await must("add", "foo", "oci:/src:amd64=linux/arm/v6");
    const digest = `sha256:${"b".repeat(64)}`;
    await (await host.files.create("/d.json")).write(
      new TextEncoder().encode(JSON.stringify({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 9 })),
    );
    await must("add", "foo", "@/d.json");
    const index = await inspect("foo");
    expect(index.manifests[0]?.platform).toEqual({ architecture: "arm", os: "linux", variant: "v6" });
    expect(index.manifests[1]).toEqual({ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 9 });
  });

  test("@- is standard input", async () => {
    const digest = `sha256:${"b".repeat(64)}`;
    const { must } = await openShell({ input: JSON.stringify({ mediaType: "application/x", digest, size: 9 }) });
    const [id] = await must("create", "foo");
    expect(await must("add", "foo", "@-")).toEqual([`${id}: ${digest}`]);
  });
});

describe("manifest annotate", () => {
  async function open() {
    const shell = await openShell();
    const [id = ""] = await shell.must("create", "--all", "foo", "oci:/src:multi");
    return { ...shell, id };
  }

  test("prints ID: DIGEST for an entry and the ID for the index", async () => {
    const { must, id, arm64, amd64 } = await open();
    expect(await must("annotate", "--annotation", "hello=world", "foo", digestOf(arm64))).toEqual([`${id}: ${digestOf(arm64)}`]);
    expect(await must("annotate", "--annotation", "a=1", "foo", "linux/arm64", digestOf(amd64).slice(7, 13))).toEqual([
      `${id}: ${digestOf(arm64)}`,
      `${id}: ${digestOf(amd64)}`,
    ]);
    expect(await must("annotate", "--index", "--annotation", "red=blue", "foo")).toEqual([id]);
    expect(await must("annotate", "--annotation", "red=green", "foo")).toEqual([id]);
  });

  for (const flag of ["os", "arch", "variant", "os-version", "features", "os-features"]) {
    test(`--index is not compatible with --${flag}`, async () => {
      const { fail } = await open();
      expect(await fail("annotate", "--index", `--${flag}`, "x", "foo")).toBe(`Error: --index is not compatible with --${flag}`);
      expect(await fail("annotate", `--${flag}`, "x", "foo")).toContain(`--${flag} needs an ENTRY`);
    });
  }

  test("--index and --subject take no entry", async () => {
    const { fail } = await open();
    for (const flags of [["--index"], ["--subject", "oci:/src:amd64"]]) {
      expect(await fail("annotate", ...flags, "foo", "linux/amd64")).toBe(
        'Error: did not expect image or artifact name "linux/amd64" when modifying the entire index',
      );
    }
  });

  test("--subject implies --index", async () => {
    const { must, id, inspect, amd64 } = await open();
    expect(await must("annotate", "--subject", "oci:/src:amd64", "--annotation", "a=1", "foo")).toEqual([id]);
    const { subject, annotations } = await inspect("foo");
    expect([subject?.digest, annotations]).toEqual([digestOf(amd64), { a: "1" }]);
  });

  test("sets annotations by level, several levels joined by commas", async () => {
    const { must, inspect } = await open();
    await must(
      "annotate",
      "--annotation=index:i=1,2",
      "--annotation=manifest-descriptor[linux/arm64]:e=x:y",
      "--annotation=manifest-descriptor:all=1",
      "--annotation=index,manifest-descriptor[linux/amd64]:both=1",
      "--annotation=plain=1",
      "foo",
    );
    const { annotations, manifests } = await inspect("foo");
    expect(annotations).toEqual({ both: "1", i: "1,2", plain: "1" });
    expect(manifests.map((entry) => entry.annotations)).toEqual([
      { all: "1", both: "1", from: "source" },
      { all: "1", e: "x:y" },
      { "vnd.docker.reference.digest": expect.any(String), "vnd.docker.reference.type": "attestation-manifest" },
    ]);
  });

  test("rewrites the manifests of images for the level manifest:, and prints the new digests", async () => {
    const { must, manifest, host, inspect, id } = await open();
    const before = digestsIn(await inspect("foo"));
    const { status, errors } = await manifest("annotate", "--annotation", "manifest[linux/amd64]:a=1", "foo");
    expect([status, errors]).toEqual([0, expect.stringContaining("their statements still name the old ones")]);
    const after = digestsIn(await inspect("foo"));
    expect(after.map((digest, at) => digest === before[at])).toEqual([false, true, true]);
    await must("push", "-q", "foo", "oci:/out:1");
    expect(JSON.parse(await textOf(host, `/out/blobs/sha256/${after[0]?.slice(7)}`)).annotations).toEqual({ a: "1" });
    const [line] = await must("add", "--annotation", "manifest[linux/riscv64]:b=2", "foo", "oci:/src:riscv64");
    expect(line).toBe(`${id}: ${digestsIn(await inspect("foo")).at(-1)}`);
    await must("create", "--annotation", "manifest:c=3", "bar", "oci:/src:amd64");
    expect(digestsIn(await inspect("bar"))).not.toContain(before[0]);
  });

  test("keeps __proto__ and 10 as keys, and sorts keys as bytes", async () => {
    const { must } = await open();
    await must(
      "annotate",
      "--annotation=__proto__=1",
      "--annotation=10=2",
      "--annotation=9=3",
      "--annotation=😀=4",
      "--annotation=\uffee=5",
      "--annotation=constructor=6",
      "foo",
    );
    const raw = (await must("inspect", "-o", "raw", "foo")).join("");
    expect(raw).toContain('"annotations":{"10":"2","9":"3","__proto__":"1","constructor":"6","\uffee":"5","😀":"4"}');
  });

  test("refuses an empty key and takes an empty value", async () => {
    const { must, fail, inspect } = await open();
    expect(await fail("annotate", "--annotation", "=x", "foo")).toContain("the key is empty");
    await must("annotate", "--annotation", "a=", "foo");
    expect((await inspect("foo")).annotations).toEqual({ a: "" });
  });

  test("gives the whole document of podman's test", async () => {
    const { must, amd64 } = await openShell();
    await must("create", "--annotation", "up=down", "foo", "oci:/src:amd64");
    await must("annotate", "--annotation", "hello=world,withcomma", "--arch", "bar", "foo", digestOf(amd64));
    await must("annotate", "--index", "--annotation", "top=bottom", "foo");
    expect(JSON.parse((await must("inspect", "foo")).join(""))).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: digestOf(amd64),
          size: amd64.bytes.length,
          annotations: { hello: "world,withcomma" },
          platform: { architecture: "bar", os: "linux" },
        },
      ],
      annotations: { top: "bottom", up: "down" },
    });
  });

  test("warns of a key in org.opencontainers. that the specification does not have", async () => {
    const { manifest } = await open();
    const { status, errors } = await manifest("annotate", "--annotation", "org.opencontainers.image.licence=MIT", "foo");
    expect([status, errors]).toEqual([
      0,
      'Warning: the annotation "org.opencontainers.image.licence" is none that the specification has in its namespace org.opencontainers.\n',
    ]);
  });

  test("unknown ENTRY is an error that names the entries there are, several matches list them", async () => {
    const { must, fail, amd64, arm64 } = await open();
    const error = await fail("annotate", "--annotation", "a=1", "foo", "linux/s390x");
    for (const image of [amd64, arm64]) expect(error).toContain(digestOf(image));
    await must("annotate", "--arch", "amd64", "--unset", "variant", "foo", "linux/arm64");
    expect(await fail("annotate", "--annotation", "a=1", "foo", "linux/amd64")).toContain("it could be");
  });
});

describe("manifest remove", () => {
  test("prints ID: DIGEST for each entry; the others stay", async () => {
    const { must, inspect, amd64, arm64, attestation } = await openShell();
    const [id] = await must("create", "--all", "foo", "oci:/src:multi");
    expect(await must("remove", "foo", "linux/arm64", digestOf(attestation))).toEqual([`${id}: ${digestOf(arm64)}`, `${id}: ${digestOf(attestation)}`]);
    expect(digestsIn(await inspect("foo"))).toEqual([digestOf(amd64)]);
  });

  test("of an unknown entry is an error", async () => {
    const { must, fail } = await openShell();
    await must("create", "foo", "oci:/src:amd64");
    expect(await fail("remove", "foo", `sha256:${"0".repeat(64)}`)).toContain("no digest, platform or name is like it");
    expect(await fail("remove", "foo")).toBe("Error: requires at least 2 arg(s), only received 1: ocidex manifest remove LIST ENTRY…");
  });
});

describe("a list in a registry", () => {
  test("is created, added to, annotated, removed from, inspected, pushed and removed there", async () => {
    await withRegistry({ etag: true }, async (registry) => {
      const { host, must, manifest, arm64 } = await openShell();
      const at = `docker://${registry.host}/me/app:1`;
      const verb = (name: string, ...rest: readonly string[]) => must(name, "--tls-verify=false", ...rest);
      const [created] = await verb("create", at, "oci:/src:amd64");
      expect(created).toBe(registry.repository("me/app").tags.get("1") ?? "");
      const [added] = await verb("add", at, "oci:/src:arm64");
      const [annotated] = await verb("annotate", "--annotation", "org.opencontainers.image.description=An app", at);
      expect(annotated).toBe(registry.repository("me/app").tags.get("1") ?? "");
      expect(added).toMatch(new RegExp(`^sha256:[0-9a-f]{64}: ${digestOf(arm64)}$`));
      await verb("remove", at, "linux/amd64");
      const shown = JSON.parse((await verb("inspect", at)).join(""));
      expect(shown).toMatchObject({ annotations: { "org.opencontainers.image.description": "An app" }, manifests: [{ digest: digestOf(arm64) }] });
      await verb("push", "-q", at, "oci:/copy:1");
      expect((await indexAt(host, "oci:/copy:1")).manifests).toHaveLength(1);
      expect((await manifest("exists", "--tls-verify=false", at)).status).toBe(0);
      expect(await verb("rm", at)).toEqual([`untagged: ${at}`]);
      expect(registry.repository("me/app").tags.size).toBe(0);
      expect(registry.repository("me/app").manifests.size).toBeGreaterThan(0);
      expect((await manifest("exists", "--tls-verify=false", at)).status).toBe(1);
    });
  });

  test("whose registry refuses to delete tags stays, and the error says so", async () => {
    await withRegistry({ deleteTags: false }, async (registry) => {
      const { must, fail } = await openShell();
      await must("create", "--tls-verify=false", `docker://${registry.host}/app:1`);
      expect(await fail("rm", "--tls-verify=false", `docker://${registry.host}/app:1`)).toContain("the registry refuses to delete tags");
      expect(await fail("rm", "--tls-verify=false", `docker://${registry.host}/app@sha256:${"0".repeat(64)}`)).toContain("only tags are removed");
    });
  });
});
