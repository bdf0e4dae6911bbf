import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { readFileSync, rmSync, statSync } from "node:fs";
import { digestOf, openContainers } from "./containers.ts";
import { programs, type RunningRegistry, Scratch, startRegistry } from "./helper.ts";
import { type Measured, start } from "./process.ts";
import { type Seeded, seedBlob, seedManifest } from "./seed.ts";

const scratch = new Scratch();
const insecure = "--tls-verify=false";
const mebibyte = 2 ** 20;
const size = 2048 * mebibyte;
const limit = 128 * mebibyte;
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

/** Returns a manifest as no encoder writes it: white space, members nobody knows, numbers a double cannot hold, escapes. */
function oddManifest(config: Seeded, layer: Seeded): Uint8Array {
  return new TextEncoder().encode(`
{ "layers":\t[ ${JSON.stringify(layer, null, 7)} ],
  "x-unknown" : {"z": 12345678901234567890.10, "a": 1e400, "e": {}, "list" : [ ] } ,
  "config": { "size": ${config.size}, "digest":"${config.digest}", "mediaType": "${config.mediaType}", "note" : "\\u00fcber\\/" },\r
  "mediaType"   : "${manifestType}", "schemaVersion": 2
}

`);
}

/** Returns an index in the same spirit. */
function oddIndex(manifest: Seeded): Uint8Array {
  const { mediaType, digest } = manifest;
  return new TextEncoder().encode(`{"manifests" : [
\t{"platform" : {"os":"linux", "architecture":"amd64", "x" : null}, "size"  :${manifest.size}, "mediaType":"${mediaType}", "digest":"${digest}", "z-unknown": 1E2}
  ],  "schemaVersion":2,"annotations":{ "b":"2","a":"\\u003c1>" }, "mediaType":"${indexType}", "y-unknown":[1.10, -0] }\n`);
}

describe("an index with odd bytes and a layer of 2 GiB", () => {
  let [from, to]: (RunningRegistry | undefined)[] = [];
  let index: Seeded;
  let manifest: Seeded;
  let layer: Seeded;
  const hosts = (): readonly [string, string] => [from?.host ?? "", to?.host ?? ""];

  beforeAll(async () => {
    from = await startRegistry({ version: 2, folder: scratch.join("from") });
    to = await startRegistry({ version: 3, folder: scratch.join("to") });
    const [host] = hosts();
    layer = await seedBlob(host, "odd", { size }, "application/vnd.oci.image.layer.v1.tar");
    const config = new TextEncoder().encode(`{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["${layer.digest}"]}}`);
    const bytes = oddManifest(await seedBlob(host, "odd", config, "application/vnd.oci.image.config.v1+json"), layer);
    manifest = await seedManifest(host, "odd", undefined, { mediaType: manifestType, bytes });
    index = await seedManifest(host, "odd", "1", { mediaType: indexType, bytes: oddIndex(manifest) });
  });
  afterAll(async () => {
    await from?.[Symbol.asyncDispose]();
    await to?.[Symbol.asyncDispose]();
    scratch[Symbol.dispose]();
  });

  function push(source: string, ...targets: readonly string[]): Promise<Measured> {
    const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache") };
    return start([...programs.executable, "manifest", "push", insecure, source, ...targets], { env, memory: true }).ended;
  }

  function expectPushed({ status, stdout, stderr, peak }: Measured, times = 1): void {
    const line = `${index.digest}: ${index.digest}\n`;
    expect({ status, stdout, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stdout: line.repeat(times), stderr: "" });
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThanOrEqual(limit);
  }

  it("goes from a registry to a layout byte for byte, within 128 MiB", async () => {
    expectPushed(await push(`docker://${hosts()[0]}/odd:1`, `oci:${scratch.join("layout")}:1`));
    for (const { digest } of [index, manifest]) expect(digestOf(readFileSync(scratch.join("layout/blobs/sha256", digest.slice(7))))).toBe(digest);
    expect(statSync(scratch.join("layout/blobs/sha256", layer.digest.slice(7))).size).toBe(size);
  });

  it("goes from a registry to another byte for byte, within 128 MiB", async () => {
    expectPushed(await push(`docker://${hosts()[0]}/odd:1`, `docker://${hosts()[1]}/odd:1`));
    await expectThere("odd");
    rmSync(scratch.join("from"), { recursive: true });
  });

  it("goes from the layout to a registry byte for byte, within 128 MiB", async () => {
    expectPushed(await push(`oci:${scratch.join("layout")}:1`, `docker://${hosts()[1]}/from/layout:1`));
    await expectThere("from/layout");
  });

  it("goes from the layout to a layout and two repositories of a registry at once, within 128 MiB", async () => {
    const registry = ["one", "two"].map((name) => `docker://${hosts()[1]}/several/${name}:1`);
    expectPushed(await push(`oci:${scratch.join("layout")}:1`, `oci:${scratch.join("copy")}:1`, ...registry), 3);
    expect(statSync(scratch.join("copy/blobs/sha256", layer.digest.slice(7))).size).toBe(size);
    for (const name of ["one", "two"]) await expectThere(`several/${name}`);
  });

  async function expectThere(repository: string): Promise<void> {
    using containers = openContainers(scratch);
    const target = `docker://${hosts()[1]}/${repository}`;
    expect(digestOf(containers.raw(`${target}:1`))).toBe(index.digest);
    expect(digestOf(containers.raw(`${target}@${manifest.digest}`))).toBe(manifest.digest);
    const head = await fetch(`http://${hosts()[1]}/v2/${repository}/blobs/${layer.digest}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(size));
  }
});
