import { expect } from "bun:test";
import { mediaTypes } from "../../../src/core/spec/mod.ts";
import { testClock } from "../../helper/clock.ts";
import { indexAt } from "../../helper/lists.ts";
import { type Check, json, result } from "./effect.ts";
import { openShell, textOf } from "./shell.ts";

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
  "remove-signatures": async ({ must }) => {
    await must("create", "app");
    expect(await must("push", "-q", "--remove-signatures", "app", "oci:/out:1")).toHaveLength(1);
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
  const shell = await openShell({ fetch, clock, random: { bytes: (length) => new Uint8Array(length).fill(waits.length + 7), number: () => 0.5 } });
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
