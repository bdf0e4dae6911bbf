import { describe, expect, test } from "bun:test";
import { mediaTypes } from "../../../src/core/spec/mod.ts";
import { indexAt } from "../../helper/lists.ts";
import { digestOf, digestsIn, openShell } from "./shell.ts";

const { ociIndex, dockerList } = mediaTypes;

describe("manifest create", () => {
  test("prints the ID, 64 hexadecimal digits, and nothing on standard error", async () => {
    const { manifest } = await openShell();
    const { status, output, errors } = await manifest("create", "foo");
    expect([status, errors]).toEqual([0, ""]);
    expect(output).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test("a second time is an error: that name is already in use", async () => {
    const { must, fail } = await openShell();
    const [id] = await must("create", "foo");
    expect(await fail("create", "foo")).toBe(`Error: image name "localhost/foo:latest" is already associated with image "${id}": that name is already in use`);
  });

  test("--amend prints the same ID and adds annotations and images", async () => {
    const { must, inspect, amd64 } = await openShell();
    const [id = ""] = await must("create", "foo");
    expect(await must("create", "--amend", "--annotation", "red=blue", "foo", "oci:/src:amd64")).toEqual([id]);
    const index = await inspect("foo");
    expect([index.annotations, digestsIn(index)]).toEqual([{ red: "blue" }, [digestOf(amd64)]]);
  });

  test("--amend and --replace are mutually exclusive", async () => {
    const { fail } = await openShell();
    expect(await fail("create", "--amend", "--replace", "foo")).toContain("mutually exclusive");
  });

  test("--replace gives a new ID and an empty list, and the old list stays under its ID", async () => {
    const { must, inspect } = await openShell();
    const [old = ""] = await must("create", "foo", "oci:/src:amd64");
    const [fresh = ""] = await must("create", "--replace", "foo");
    expect(fresh).not.toBe(old);
    expect([(await inspect("foo")).manifests.length, (await inspect(old)).manifests.length]).toEqual([0, 1]);
  });

  test("is all or nothing: when the third image fails, no list is left behind", async () => {
    const { must, fail, manifest } = await openShell();
    await fail("create", "foo", "oci:/src:amd64", "oci:/src:arm64", "oci:/src:none");
    expect((await manifest("exists", "foo")).status).toBe(1);
    await must("create", "foo");
  });

  test("--all takes every entry of a list, without it the instance for the host", async () => {
    const { must, inspect, amd64, attestation } = await openShell();
    await must("create", "foo", "oci:/src:multi");
    expect(digestsIn(await inspect("foo"))).toEqual([amd64, attestation].map(digestOf));
    await must("create", "--all", "bar", "oci:/src:multi");
    expect((await inspect("bar")).manifests).toHaveLength(3);
  });

  test("wants a list, and an image by its location", async () => {
    const { fail } = await openShell();
    expect(await fail("create")).toBe("Error: requires at least 1 arg(s), only received 0: ocidex manifest create LIST [IMAGE…]");
    expect(await fail("create", "foo", "busybox")).toContain("docker://docker.io/library/busybox");
    expect(await fail("create", "FOO")).toContain("the repository name must be lower case");
  });

  test("takes buildah's --override-os and --override-arch", async () => {
    const { must, inspect } = await openShell();
    await must("create", "--override-os", "plan9", "--override-arch=mips", "foo", "oci:/src:amd64");
    expect((await inspect("foo")).manifests[0]?.platform).toEqual({ os: "plan9", architecture: "mips" });
  });

  test("at a location writes the list there and prints its digest", async () => {
    const { host, must } = await openShell();
    const [digest = ""] = await must("create", "--annotation", "a=1", "oci:/place:1", "oci:/src:amd64");
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await indexAt(host, "oci:/place:1")).annotations).toEqual({ a: "1" });
    expect(JSON.parse((await must("create", "--amend", "--json", "oci:/place:1"))[0] ?? "")).toMatchObject({ id: digest, digest, names: ["oci:/place:1"] });
  });

  test("with --json prints one object", async () => {
    const { must, amd64, inspect } = await openShell();
    const [line = ""] = await must("create", "--json", "foo", "oci:/src:amd64");
    const { id, digest, ...rest } = JSON.parse(line);
    const raw = (await must("inspect", "-o", "raw", "foo")).join("\n");
    expect(rest).toEqual({ names: ["localhost/foo:latest"], size: raw.length, mediaType: ociIndex, entries: [digestOf(amd64)] });
    expect((await inspect(id)).manifests).toHaveLength(1);
    expect(digest).toBe(`sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`);
  });
});

describe("the format of a new list", () => {
  const typeOf = async (variables: Readonly<Record<string, string>>, ...flags: readonly string[]) => {
    const { must, inspect } = await openShell({ variables });
    await must("create", ...flags, "foo");
    return (await inspect("foo")).mediaType;
  };

  test("is OCI", async () => {
    expect(await typeOf({})).toBe(ociIndex);
  });

  test("is what --format says, else OCIDEX_FORMAT, else BUILDAH_FORMAT", async () => {
    expect(await typeOf({ BUILDAH_FORMAT: "docker" })).toBe(dockerList);
    expect(await typeOf({ OCIDEX_FORMAT: "v2s2" })).toBe(dockerList);
    expect(await typeOf({ OCIDEX_FORMAT: "oci", BUILDAH_FORMAT: "docker" })).toBe(ociIndex);
    expect(await typeOf({ OCIDEX_FORMAT: "docker", BUILDAH_FORMAT: "oci" })).toBe(dockerList);
    expect(await typeOf({ OCIDEX_FORMAT: "docker" }, "--format", "oci")).toBe(ociIndex);
    expect(await typeOf({ OCIDEX_FORMAT: "nonsense" }, "--format", "v2s2")).toBe(dockerList);
    expect(await typeOf({ OCIDEX_FORMAT: "", BUILDAH_FORMAT: "docker" })).toBe(dockerList);
  });

  for (const [variables, origin] of [
    [{ OCIDEX_FORMAT: "OCI" }, "OCIDEX_FORMAT"],
    [{ BUILDAH_FORMAT: "OCI" }, "BUILDAH_FORMAT"],
  ] as const) {
    test(`that is bad in ${origin} names the good ones and ${origin}`, async () => {
      const { fail } = await openShell({ variables });
      expect(await fail("create", "foo")).toBe(`Error: Cannot use format "OCI" from ${origin}: expected oci, v2s2 or docker`);
    });
  }

  test("that is bad in --format names the good ones and the flag", async () => {
    const { fail } = await openShell();
    for (const line of [
      ["create", "foo"],
      ["add", "foo", "oci:/src:amd64"],
      ["annotate", "foo"],
      ["push", "foo", "dir:/out"],
    ]) {
      const [verb = "", ...rest] = line;
      const error = await fail(verb, "--format", "v1", ...rest);
      expect(error).toMatch(/invalid argument "v1" for "(-f, )?--format" flag: must be one of oci, v2s2, docker/);
    }
  });

  test("from the environment acts only when create makes a new list", async () => {
    const { must, run, inspect, host } = await openShell({ variables: { OCIDEX_FORMAT: "docker" } });
    await must("create", "--format", "oci", "foo", "oci:/src:amd64");
    await must("create", "--amend", "foo");
    await must("add", "foo", "oci:/src:arm64");
    await must("annotate", "--annotation", "a=1", "foo");
    expect((await inspect("foo")).mediaType).toBe(ociIndex);
    await must("push", "-q", "foo", "dir:/out");
    expect((await indexAt(host, "dir:/out")).mediaType).toBe(ociIndex);
    expect((await run("manifest", "create", "--annotation", "a=1", "new")).errors).toContain("becomes an OCI image index");
    expect((await inspect("new")).annotations).toEqual({ a: "1" });
  });

  test("that is bad in the environment keeps nobody from amending a list", async () => {
    const { must } = await openShell({ variables: { OCIDEX_FORMAT: "nonsense" } });
    await must("create", "--format", "oci", "foo");
    await must("create", "--amend", "foo", "oci:/src:amd64");
  });

  test("typed is consent: what goes is listed, and the command succeeds", async () => {
    const { manifest, inspect } = await openShell();
    const { status, errors } = await manifest("create", "--format", "v2s2", "--annotation", "a=1", "foo");
    expect([status, errors]).toEqual([0, `Warning: the list "foo" becomes ${dockerList} as asked for and loses annotation a="1" of the index\n`]);
    expect((await inspect("foo")).mediaType).toBe(dockerList);
  });

  test("changes at an edit that a docker list cannot hold, and standard error says so", async () => {
    const { must, manifest, inspect } = await openShell();
    await must("create", "--format", "docker", "foo", "oci:/src:amd64");
    const { status, errors } = await manifest("annotate", "--annotation", "a=1", "foo", "linux/amd64");
    expect(status).toBe(0);
    expect(errors).toMatch(
      /^Warning: the list "foo" becomes an OCI image index, as a docker manifest list cannot hold annotation a="1" of sha256:[0-9a-f]{64}\n$/,
    );
    expect((await inspect("foo")).mediaType).toBe(ociIndex);
  });

  test("keeps features in the record: named at the edit and at each push that leaves them out, written at push --format v2s2", async () => {
    const { host, must, manifest } = await openShell();
    await must("create", "foo", "oci:/src:amd64");
    expect((await manifest("annotate", "--features", "sse4", "foo", "linux/amd64")).errors).toContain("the list's record keeps it for a push as v2s2");
    for (let times = 0; times < 2; times++) {
      expect((await manifest("push", "-q", "foo", "dir:/out")).errors).toMatch(
        /^Warning: an OCI image index cannot hold features "sse4" of .*; it is left out of this push, --format v2s2 writes it\n$/,
      );
    }
    await manifest("push", "-q", "--format", "v2s2", "foo", "dir:/docker");
    expect((await indexAt(host, "dir:/docker")).manifests[0]?.platform?.features).toEqual(["sse4"]);
  });

  test("at a location has no record: the edit is refused with the list of what would go, unless the format is typed", async () => {
    const { host, must, fail, manifest } = await openShell();
    await must("create", "oci:/place:1", "oci:/src:amd64");
    expect(await fail("annotate", "--features", "sse4", "oci:/place:1", "linux/amd64")).toMatch(
      /an OCI image index cannot hold features "sse4" of sha256:[0-9a-f]{64}, and there is no local record to keep it; --format oci agrees to the loss$/,
    );
    const { status, errors } = await manifest("annotate", "--features", "sse4", "--annotation", "a=1", "--format", "oci", "oci:/place:1", "linux/amd64");
    expect([status, errors]).toEqual([0, expect.stringContaining("loses")]);
    expect((await indexAt(host, "oci:/place:1")).manifests[0]?.annotations).toEqual({ a: "1" });
  });
});
