import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { startRegistry, type TestRegistry } from "../helper/registry.ts";
import { openCutter } from "./cutter.ts";
import { startFaultyProxy } from "./faulty.ts";
import { programs, Scratch, startRegistry as startRealRegistry } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/** Writes a layout whose tag `many` is an index of `count` images: they share a layer, and have one each. */
function writeLayout(folder: string, count: number, { ownLayers = false, layer }: { readonly ownLayers?: boolean; readonly layer?: Buffer } = {}): string {
  mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
  const put = (mediaType: string, content: object | string) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(`${folder}/blobs/sha256/${digest}`, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const shared = put(types.layer, "a layer that all have".repeat(500));
  const manifests = Array.from({ length: count }, (_, at) => {
    const platform = { architecture: "amd64", os: "linux", variant: `v${at}` };
    const config = put(types.config, { ...platform, config: {}, rootfs: { type: "layers", diff_ids: [shared.digest] } });
    const layers = [shared, ...(ownLayers ? [put(types.layer, layer ?? `the layer of image ${at}`.repeat(5000))] : [])];
    return { ...put(types.manifest, { schemaVersion: 2, mediaType: types.manifest, config, layers }), platform };
  });
  const index = put(types.index, { schemaVersion: 2, mediaType: types.index, manifests });
  writeFileSync(`${folder}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  const named = { ...index, annotations: { "org.opencontainers.image.ref.name": "many" } };
  writeFileSync(`${folder}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  return index.digest;
}

const run = (...args: readonly string[]) =>
  start([...programs.executable, "manifest", ...args], { env: { OCIDEX_ROOT: scratch.join("lists"), XDG_CACHE_HOME: scratch.join("cache") } });

describe("an index of 1000 images through a network that breaks", () => {
  const layout = scratch.join("thousand");
  let digest = "";
  beforeAll(() => {
    digest = writeLayout(layout, 1000);
  });

  const push = async (chances: Parameters<typeof startFaultyProxy>[1]) => {
    await using registry = disposable(await startRegistry());
    await using proxy = await startFaultyProxy(registry.host, chances, 7);
    const flags = ["--quiet", "--tls-verify=false", "--retry=10", "--retry-delay=10ms", "--timeout=90s"];
    const { status, stdout, stderr, wall } = await run("push", ...flags, `oci:${layout}:many`, `docker://${proxy.host}/app:1`).ended;
    expect([status, status === 0 ? "" : stderr.split("\n").at(-2)]).toEqual([0, ""]);
    expect(stdout).toBe(`${digest}: ${digest}\n`);
    const { tags, manifests, blobs } = registry.repository("app");
    expect([tags.get("1"), manifests.size, blobs.size]).toEqual([digest, 1001, 1001]);
    return { requests: proxy.requests(), faults: proxy.faults(), seconds: wall / 1000 };
  };

  it("arrives whole, with the digest it was made with, in under 90 s", async () => {
    const calm = await push({ failure: 0, reset: 0, cut: 0 });
    const rough = await push({ failure: 0.1, reset: 0.02, cut: 0.05 });
    const extra = rough.requests - calm.requests;
    console.log(
      `1000 images: ${calm.requests} requests in ${calm.seconds.toFixed(1)} s without faults; with ${rough.faults} faults ${extra} more (${((100 * extra) / calm.requests).toFixed(0)} %) in ${rough.seconds.toFixed(1)} s`,
    );
    expect(calm.faults).toBe(0);
    expect(rough.faults).toBeGreaterThan(500);
    expect(rough.seconds).toBeLessThan(90);
  }, 200_000);
});

describe("a push that is killed", () => {
  it("sends nothing again that the registry has, when it is repeated", async () => {
    const layout = scratch.join("killed");
    const digest = writeLayout(layout, 60, { ownLayers: true });
    let writes = 0;
    let kill = (): void => {};
    await using registry = disposable(
      await startRegistry({
        fault: ({ method }) => {
          if (method === "PUT" && ++writes === 70) kill();
          return undefined;
        },
      }),
    );
    const push = () => run("push", "--quiet", "--tls-verify=false", `oci:${layout}:many`, `docker://${registry.host}/app:1`);
    const first = push();
    kill = () => first.kill("SIGKILL");
    expect((await first.ended).status).not.toBe(0);
    const { blobs, tags } = registry.repository("app");
    const arrived = new Set(blobs.keys());
    expect([arrived.size > 20, arrived.size < 121, tags.size]).toEqual([true, true, 0]);
    registry.clear();
    const again = await push().ended;
    expect([again.status, again.stdout]).toEqual([0, `${digest}: ${digest}\n`]);
    const sent = registry.requests.flatMap(({ method, path, size }) =>
      method === "PUT" && path.includes("/uploads/") ? [{ digest: digestIn(path), size }] : [],
    );
    expect(sent.filter((blob) => arrived.has(blob.digest))).toEqual([]);
    const bytes = sent.reduce((sum, { size }) => sum + size, 0);
    const total = [...blobs.values()].reduce((sum, { length }) => sum + length, 0);
    const before = [...arrived].reduce((sum, name) => sum + (blobs.get(name)?.length ?? 0), 0);
    expect(bytes).toBe(total - before);
  }, 60_000);
});

describe("a large layer whose connection breaks on its way to a real registry", () => {
  const size = 24 << 20;
  const layout = scratch.join("large");
  beforeAll(() => void writeLayout(layout, 1, { ownLayers: true, layer: randomBytes(size) }));

  for (const version of [2, 3] as const) {
    it(version === 2 ? "begins again at distribution 2.8, which forgets it" : "goes on where distribution 3 has it", async () => {
      await using registry = await startRealRegistry({ version, folder: scratch.join(`registry-${version}`) });
      await using cutter = await openCutter(registry.host, 16 << 20);
      const { status, stderr } = await run("push", "--quiet", "--tls-verify=false", "--retry-delay=10ms", `oci:${layout}:many`, `docker://${cutter.host}/app:1`)
        .ended;
      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      const sent = cutter.sent() / size;
      console.log(`distribution ${version}: ${(100 * sent).toFixed(0)} % of the layer's bytes were sent`);
      if (version === 2) expect(sent).toBeGreaterThan(1.5);
      else expect(sent).toBeLessThan(1.5);
    }, 60_000);
  }
});

describe("--timeout", () => {
  it("keeps no program waiting that has done its work", async () => {
    const layout = scratch.join("one");
    writeLayout(layout, 1);
    const { status, wall } = await run("inspect", "--timeout=1h", `oci:${layout}:many`).ended;
    expect(status).toBe(0);
    expect(wall).toBeLessThan(20_000);
  });

  it("ends a program that waits for a registry that never answers", async () => {
    await using registry = disposable(await startRegistry({ latency: 600_000 }));
    const { status, stderr } = await run("exists", "--timeout=300ms", "--tls-verify=false", `docker://${registry.host}/app:1`).ended;
    expect([status, stderr]).toEqual([125, 'Error: Cannot finish in "0.3s": the time is up, a longer --timeout gives more\n']);
  }, 20_000);
});

const digestIn = (path: string): string => new URL(path, "http://registry").searchParams.get("digest") ?? "";

function disposable(registry: TestRegistry): TestRegistry & AsyncDisposable {
  return { ...registry, [Symbol.asyncDispose]: () => registry.stop() };
}
