import { expect } from "bun:test";
import { newDocument, publishFile } from "../../../src/core/content/mod.ts";
import { mediaTypes, parseLocation } from "../../../src/core/spec/mod.ts";
import { openTransports } from "../../../src/core/transport/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { memoryRandom } from "../../../src/host/memory.ts";
import { testClock } from "../../helper/clock.ts";
import { indexAt, readAt } from "../../helper/lists.ts";
import { type Check, json, result } from "./effect.ts";
import { digestOf, openShell, textOf, withRegistry } from "./shell.ts";

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
  "remove-signatures": async ({ must, manifest: run, host }) => {
    await must("create", "dir:/in");
    await publishFile(host.files, "/in/signature-1", new TextEncoder().encode("x"), host);
    expect((await run("push", "-q", "dir:/in", "oci:/out:1")).errors).toContain("keeps no signatures");
    expect((await run("push", "--dry-run", "dir:/in", "dir:/out")).errors).toMatch(/Would write 1 signature of sha256:[0-9a-f]{64} to dir:\/out\n/);
    await must("push", "-q", "--remove-signatures", "dir:/in", "oci:/out:1");
  },
  json: json(["push", "-q", "--json", "app", "oci:/one:1", "oci:/two:1"], {
    ...result,
    entries: [expect.stringMatching(/^sha256:/)],
    destinations: ["oci:/one:1", "oci:/two:1"],
  }),
};

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
