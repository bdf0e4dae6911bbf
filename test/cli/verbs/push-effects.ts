import { expect } from "bun:test";
import { newDocument, publishFile } from "../../../src/core/content/mod.ts";
import type { Host } from "../../../src/core/port/mod.ts";
import { type ImageManifest, type ManifestDocument, mediaTypes, parseLocation } from "../../../src/core/spec/mod.ts";
import { openTransports } from "../../../src/core/transport/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { memoryRandom } from "../../../src/host/memory.ts";
import { testClock } from "../../helper/clock.ts";
import { putLayered, readImageAt, wordsOf } from "../../helper/layers.ts";
import { indexAt, readAt } from "../../helper/lists.ts";
import { type Check, json, result } from "./effect.ts";
import { digestOf, openShell, type Shell, textOf, withRegistry } from "./shell.ts";

/** What every flag of `push` does. */
export const pushEffects: Readonly<Record<string, Check>> = {
  all: async ({ must, fail, manifest: run, host }) => {
    await must("create", "app", "oci:/src:amd64");
    expect(await fail("push", "--all=false", "-q", "app", "oci:/out:1")).toContain("the destination lacks image");
    expect((await run("push", "--all", "app", "oci:/out:1")).errors).toContain("Copying 1 images generated from 1 images in list");
    expect((await run("push", "--all=false", "app", "oci:/out:2")).errors).toContain("Copying 0 images generated from 1 images in list");
    expect((await indexAt(host, "oci:/out:2")).manifests).toHaveLength(1);
  },
  tag: async ({ must, host }) => {
    await must("create", "app");
    await must("push", "-q", "--tag", "2", "--tag=latest", "app", "oci:/out:1");
    for (const tag of ["1", "2", "latest"]) expect((await indexAt(host, `oci:/out:${tag}`)).manifests).toEqual([]);
  },
  format: async ({ must, manifest: run, host }) => {
    await must("create", "app", "oci:/src:docker");
    for (const [format, type] of [
      ["oci", mediaTypes.ociManifest],
      ["v2s2", mediaTypes.dockerManifest],
      ["docker", mediaTypes.dockerManifest],
    ] as const) {
      expect((await run("push", "-q", "-f", format, "app", "dir:/out")).status).toBe(0);
      expect((await indexAt(host, "dir:/out")).manifests[0]?.mediaType).toBe(type);
    }
  },
  rm: async ({ must, manifest: run }) => {
    for (const flag of ["--rm", "--purge", "-p"]) {
      await must("create", "app");
      await must("push", "-q", flag, "app", "oci:/out:1");
      expect((await run("exists", "app")).status).toBe(1);
    }
  },
  platform: async ({ must, fail, manifest: run, host, amd64, arm64 }) => {
    await must("create", "--all", "app", "oci:/src:multi");
    const { output, errors } = await run("push", "-q", "--platform", "linux/arm64", "app", "oci:/out:1");
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual([arm64.descriptor.digest]);
    expect(errors).toContain(`Warning: the push leaves out ${digestOf(amd64)} (linux/amd64), `);
    expect(output).toContain((await readAt(host, "oci:/out:1")).descriptor.digest);
    await must("push", "-q", "--platform=linux/arm64", "--platform", "linux/amd64", "app", "oci:/out:2");
    expect((await indexAt(host, "oci:/out:2")).manifests).toHaveLength(3);
    expect(await fail("push", "--platform", "linux/s390x", "app", "oci:/out:3")).toContain("it has linux/amd64, linux/arm64/v8");
  },
  referrers: async ({ must, host, amd64 }) => {
    const { target } = await openTransports(host).place(parseLocation("oci:/src:signature"));
    const value = { ...amd64.value, subject: amd64.descriptor };
    const document = newDocument(host.hash, value);
    await target.putRoot(document);
    await must("create", "app", "oci:/src:amd64");
    const [line] = await must("push", "-q", "--json", "--referrers", "app", "oci:/out:1");
    expect(JSON.parse(line ?? "").referrers).toEqual([document.descriptor.digest]);
    expect(await textOf(host, "/out/index.json")).toContain(document.descriptor.digest);
    await must("push", "-q", "app", "oci:/other:1");
    expect(await textOf(host, "/other/index.json")).not.toContain(document.descriptor.digest);
  },
  "dry-run": async ({ must, manifest: run, host, amd64 }) => {
    const [id] = await must("create", "app", "oci:/src:amd64");
    const flags = ["--dry-run", "--rm", "--digestfile", "/digest", "--metadata-file", "/metadata", "app", "oci:/out:1"];
    const { output, errors } = await run("push", ...flags);
    const { digest, writes } = JSON.parse((await must("push", "-q", "--json", ...flags))[0] ?? "");
    expect(output).toBe(`${id}: ${digest}\n`);
    expect(errors.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^Would send blob sha256:[0-9a-f]{64} \(.* B\) to oci:\/out:1$/),
      expect.stringMatching(/^Would send blob sha256:/),
      `Would write manifest ${digestOf(amd64)} to oci:/out:1`,
      `Would write manifest list ${digest} as oci:/out:1`,
      "Would write file /digest",
      "Would write file /metadata",
      "Would remove the list app",
    ]);
    expect(writes.map(({ write, destination }: { readonly write: string; readonly destination: string }) => [write, destination])).toEqual(
      ["upload", "upload", "manifest", "name"].map((write) => [write, "oci:/out:1"]),
    );
    for (const path of ["/out", "/digest", "/metadata"]) expect(await host.files.status(path)).toBeUndefined();
    expect(await must("push", "-q", ...flags)).toEqual([`${id}: ${digest}`]);
  },
  "verify-blobs": async () => {
    const { fetch } = await currentHost();
    await withRegistry({}, async (registry) => {
      const shell = await openShell({ fetch });
      const push = (...flags: readonly string[]) => shell.must("push", "-q", "--tls-verify=false", ...flags, "app", `${registry.host}/app:1`);
      await shell.must("create", "app", "oci:/src:amd64");
      await push();
      const { blobs } = registry.repository("app");
      const before = [...blobs.keys()].sort();
      const [lost = ""] = before;
      blobs.delete(lost);
      await push();
      expect([...blobs.keys()]).not.toContain(lost);
      await push("--verify-blobs");
      expect([...blobs.keys()].sort()).toEqual(before);
    });
  },
  "metadata-file": async ({ must, host }) => {
    const [id] = await must("create", "app");
    const [line] = await must("push", "-q", "--metadata-file", "/metadata", "app", "oci:/out:1");
    expect(line).toBe(`${id}: ${JSON.parse(await textOf(host, "/metadata"))["containerimage.digest"]}`);
  },
  wait: async ({ must, fail }) => {
    await must("create", "app");
    expect(await must("push", "-q", "--wait", "app", "oci:/out:1")).toHaveLength(1);
    const { fetch } = await currentHost();
    for (const [flag, total] of [
      ["--wait", 60_000],
      ["--wait=3s", 3000],
    ] as const)
      await withRegistry({ fault: ({ method }) => (method === "PUT" ? undefined : 404) }, async (registry) => {
        const clock = testClock();
        const shell = await openShell({ clock, fetch });
        await shell.must("create", "app");
        const failure = await shell.fail("push", "-q", "--tls-verify=false", flag, "app", `${registry.host}/app:1`);
        expect(failure).toContain(`after the push: it cannot be found after ${total / 1000} s`);
        const waited = clock.waits.reduce((sum, wait) => sum + wait, 0);
        // What was just written is asked for again at once as well.
        expect(waited).toBeGreaterThan(total - 1);
        expect(waited).toBeLessThan(total + 10_000);
      });
    expect(await fail("push", "--wait=soon", "app", "oci:/out:1")).toContain('invalid argument "soon" for "--wait" flag');
  },
  digestfile: async ({ must, host }) => {
    const [id] = await must("create", "app");
    const [line] = await must("push", "-q", "--digestfile", "/digest", "app", "oci:/out:1");
    expect(line).toBe(`${id}: ${await textOf(host, "/digest")}`);
  },
  quiet: async ({ must, manifest: run }) => {
    await must("create", "app", "oci:/src:amd64");
    expect((await run("push", "app", "oci:/out:1")).errors).toContain("Writing manifest list to image destination");
    for (const flag of ["--quiet", "-q"]) expect((await run("push", flag, "app", "oci:/other:1")).errors).toBe("");
  },
  retry: async () => {
    for (const tries of [0, 2]) {
      const { shell, asked } = await unreachable();
      expect((await shell.manifest("push", "--retry", String(tries), "app", "docker://registry.example.com/app")).status).toBe(125);
      expect(asked.length).toBe(tries + 1);
    }
  },
  "retry-delay": async () => {
    const waits = async (delay: string) => {
      const { shell, waits } = await unreachable();
      const { errors } = await shell.manifest("push", "--retry", "2", "--retry-delay", delay, "app", "docker://registry.example.com/app");
      expect(errors).toMatch(/Failed, retrying in .* \.\.\. \(1\/2\)\. Error: /);
      return waits;
    };
    const [short, long] = [await waits("10ms"), await waits("10s")];
    expect(short.length).toBe(2);
    expect(long).toEqual(short.map((wait) => wait * 1000));
  },
  concurrency: async () => {
    for (const bound of [1, 3]) {
      const { shell, most } = await busy();
      await shell.manifest("push", "-q", "--concurrency", String(bound), "app", "docker://registry.example.com/app");
      expect(most()).toBe(bound);
    }
    const { shell } = await busy();
    expect(await shell.fail("push", "--concurrency", "0", "app")).toContain("expected 1 or more");
  },
  "remove-signatures": async ({ must, manifest: run, host, amd64 }) => {
    await must("create", "dir:/in");
    await publishFile(host.files, "/in/signature-1", new TextEncoder().encode("x"), host);
    expect((await run("push", "-q", "dir:/in", "oci:/out:1")).errors).toContain("keeps no signatures");
    expect((await run("push", "--dry-run", "dir:/in", "dir:/out")).errors).toMatch(/Would write 1 signature of sha256:[0-9a-f]{64} to dir:\/out\n/);
    await must("push", "-q", "--remove-signatures", "dir:/in", "oci:/out:1");
    const signature = await referTo(host, amd64, { annotations: { of: "me" }, artifactType: "application/vnd.cncf.notary.signature" });
    const attestation = await referTo(host, amd64, { artifactType: "application/vnd.in-toto+json" });
    await must("create", "app", "oci:/src:amd64");
    const referrers = async (...flags: readonly string[]) =>
      JSON.parse((await must("push", "-q", "--json", "--referrers", ...flags, "app", "oci:/out:1"))[0] ?? "").referrers;
    expect(new Set(await referrers())).toEqual(new Set([digestOf(signature), digestOf(attestation)]));
    expect(await referrers("--remove-signatures")).toEqual([digestOf(attestation)]);
    expect(await must("push", "-q", "--remove-signatures", "app", "oci:/other:1")).toHaveLength(1);
  },
  "compression-format": async ({ host, must, manifest: run, fail }) => {
    for (const format of ["gzip", "zstd"]) {
      const { output, errors } = await pushLayered(host, { must, run }, ["--compression-format", format]);
      expect(errors).toContain(`Compressing blob sha256:`);
      expect(errors).toContain(`Warning: the push with ${format} layers gives images new digests: sha256:`);
      expect(output).toContain((await readAt(host, "oci:/out:1")).descriptor.digest);
      expect(await layerTypes(host)).toEqual([[format, format]]);
    }
    expect(await fail("push", "--compression-format", "zstd:chunked", "app", "oci:/out:2")).toContain('Cannot compress as "zstd:chunked"');
    expect(await fail("push", "--compression-format=xz", "app", "oci:/out:2")).toContain('Cannot use compression "xz" from --compression-format');
  },
  "compression-level": async ({ host, must, manifest: run, fail }) => {
    const sizes: number[] = [];
    for (const level of ["1", "9"]) {
      await pushLayered(host, { must, run }, ["--compression-format=gzip", `--compression-level=${level}`]);
      sizes.push((await layersAt(host))[0]?.[0]?.size ?? 0);
    }
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
    await pushLayered(host, { must, run }, ["--compression-level", "9"]);
    expect((await layersAt(host))[0]?.[0]?.size).toBe(sizes[1]);
    expect(await fail("push", "--compression-level", "50", "app", "oci:/out:2")).toBe("Error: Cannot compress layers with gzip at level 50: expected 1 to 9");
  },
  "force-compression": async ({ host, must, manifest: run, fail }) => {
    for (const [flags, types] of [
      [[], ["zstd", "zstd"]],
      [["--force-compression"], ["zstd", "zstd"]],
      [["--force-compression=false"], ["zstd", "gzip"]],
    ] as const) {
      await pushLayered(host, { must, run }, ["--compression-format=zstd", ...flags]);
      expect(await layerTypes(host)).toEqual([types]);
    }
    expect(await fail("push", "--force-compression", "app", "oci:/out:2")).toContain("no format is given");
  },
  "add-compression": async ({ host, must, manifest: run, fail }) => {
    const { errors } = await pushLayered(host, { must, run }, ["--add-compression", "zstd", "--add-compression=gzip"]);
    expect(errors).toContain("Warning: the push adds images: sha256:");
    expect(errors).toContain("Copying 3 images generated from 1 images in list");
    expect(await layerTypes(host)).toEqual([
      ["tar", "gzip"],
      ["gzip", "gzip"],
      ["zstd", "zstd"],
    ]);
    const marks = (await indexAt(host, "oci:/out:1")).manifests.map(({ annotations }) => annotations);
    expect(marks).toEqual([undefined, undefined, { "io.github.containers.compression.zstd": "true" }]);
    expect(await fail("push", "--add-compression=bzip2", "app", "oci:/out:2")).toContain('Cannot use compression "bzip2" from --add-compression');
  },
  json: json(["push", "-q", "--json", "app", "oci:/one:1", "oci:/two:1"], {
    ...result,
    entries: [expect.stringMatching(/^sha256:/)],
    destinations: ["oci:/one:1", "oci:/two:1"],
  }),
};

/** Pushes a list of an image with a plain layer and one with gzip. */
async function pushLayered(host: Host, { must, run }: { readonly must: Shell["must"]; readonly run: Shell["manifest"] }, flags: readonly string[]) {
  await putLayered(host, "oci:/src:layered", { layers: [{ text: wordsOf(2000) }, { text: "two", compression: "gzip" }] });
  await must("create", "--replace", "app", "oci:/src:layered");
  const ran = await run("push", ...flags, "app", "oci:/out:1");
  expect(ran.status).toBe(0);
  return ran;
}

async function layersAt(host: Host) {
  return await Promise.all((await indexAt(host, "oci:/out:1")).manifests.map(async (entry) => (await readImageAt(host, "oci:/out:1", entry)).layers));
}

async function layerTypes(host: Host): Promise<readonly (readonly string[])[]> {
  return (await layersAt(host)).map((layers) => layers.map(({ mediaType }) => mediaType.split(/[.+]/).at(-1) ?? ""));
}

/** Puts a manifest beside an image that refers to it. */
async function referTo(host: Host, image: ManifestDocument, more: Partial<ImageManifest>): Promise<ManifestDocument> {
  if (!("layers" in image.value)) throw new Error("it is no image");
  const { target } = await openTransports(host).place(parseLocation(`oci:/src:${String(more.artifactType).replaceAll(/\W/g, "-")}`));
  const document = newDocument(host.hash, { ...image.value, ...more, subject: image.descriptor });
  await target.putRoot(document);
  return document;
}

/** A shell with a list, where a registry takes nothing, and a clock that only counts waits. */
async function unreachable() {
  const asked: string[] = [];
  const clock = testClock();
  const { waits } = clock;
  const fetch = async (url: string, init: RequestInit = {}) => {
    if (init.method === "PUT") asked.push(url);
    // After a PUT that may have been done the registry is asked whether it has been.
    return new Response(null, { status: init.method === "PUT" ? 503 : 404 });
  };
  const shell = await openShell({ fetch, clock, random: { ...memoryRandom(), number: () => 0.5 } });
  await shell.must("create", "app");
  waits.length = 0;
  return { shell, asked, waits };
}

/** A shell with a list of images, and a registry that notes how many requests it has at once. */
async function busy() {
  let [now, most] = [0, 0];
  const fetch = async () => {
    most = Math.max(most, ++now);
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
    now--;
    return new Response(null, { status: 403 });
  };
  const shell = await openShell({ fetch });
  await shell.must("create", "app", "oci:/src:amd64", "oci:/src:arm64", "oci:/src:riscv64", "oci:/src:docker");
  return { shell, most: () => most };
}
