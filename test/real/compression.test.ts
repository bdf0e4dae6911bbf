import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createGzip, gzipSync } from "node:zlib";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { putLayered, wordsOf } from "../helper/layers.ts";
import { rawTar } from "../helper/tar.ts";
import { digestOf, openContainers } from "./containers.ts";
import { must, peer, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { type Measured, start } from "./process.ts";

const scratch = new Scratch();
const containers = openContainers(scratch);
const mebibyte = 2 ** 20;
const source = `oci:${scratch.join("source")}`;
const work = scratch.join("work");
const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache"), TMPDIR: work };
const zstdKey = "io.github.containers.compression.zstd";
const registries: { host: string; running: RunningRegistry }[] = [];

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
}

function ocidex(...args: readonly string[]): string {
  return must([...programs.executable, "manifest", ...args], { env });
}

function push(...args: readonly string[]): string {
  return (
    ocidex("push", "--quiet", "--tls-verify=false", ...args)
      .trim()
      .split(": ")[1] ?? ""
  );
}

beforeAll(async () => {
  mkdirSync(work);
  const host = await currentHost();
  const layer = (name: string, seed: number) => new TextDecoder().decode(rawTar({ name, content: wordsOf(200_000, seed) }));
  for (const [at, architecture] of ["amd64", "arm64"].entries())
    await putLayered(host, `${source}:${architecture}`, {
      platform: `linux/${architecture}`,
      layers: [{ text: layer("base", 1) }, { text: layer(architecture, 2 + at), compression: "gzip" }],
    });
  ocidex("create", "app", `${source}:amd64`, `${source}:arm64`);
  for (const version of [2, 3] as const) {
    const running = await startRegistry({ version, folder: scratch.join(`registry-${version}`) });
    registries.push({ host: running.host, running });
  }
});
afterAll(async () => {
  for (const { running } of registries) await running[Symbol.asyncDispose]();
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

/** Copies an image with skopeo, which verifies it, and returns the digests of its layers as the system's tools unpack them, and those its config names. */
function unpackedBySkopeo(location: string, digest: string) {
  const folder = scratch.join("seen", digest.slice(7, 19));
  mkdirSync(scratch.join("seen"), { recursive: true });
  const [name = ""] = location.split("@");
  if (!existsSync(folder)) containers.skopeo("copy", "--quiet", "--src-tls-verify=false", `${name}@${digest}`, `dir:${folder}`);
  const manifest: Manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
  const unpack = ({ mediaType, digest: layer }: Manifest["layers"][number]) => {
    const program = { gzip: "gzip", zstd: "zstd" }[mediaType.split(/[.+]/).at(-1) ?? ""] ?? "cat";
    const flags = program === "cat" ? "" : "-dc";
    return `sha256:${must(["sh", "-c", `${program} ${flags} <"$1" | sha256sum`, "sh", `${folder}/${layer.slice(7)}`]).slice(0, 64)}`;
  };
  const config = JSON.parse(readFileSync(`${folder}/${manifest.config.digest.slice(7)}`, "utf8"));
  return { types: manifest.layers.map(({ mediaType }) => mediaType), plain: manifest.layers.map(unpack), diffIds: config.rootfs.diff_ids };
}

function indexAt(location: string): { readonly digest: string; readonly mediaType: string; readonly manifests: readonly Entry[] } {
  const raw = containers.raw(location);
  return { digest: digestOf(raw), ...JSON.parse(raw.toString()) };
}

describe("a push with a compression format", () => {
  for (const version of [2, 3] as const)
    for (const format of ["gzip", "zstd"] as const)
      it(`(${format}) to distribution ${version} is read by skopeo, every layer being what its config says`, () => {
        const at = `docker://${registries[version - 2]?.host}/${format}`;
        const digest = push("--compression-format", format, "app", `${at}:1`);
        const index = indexAt(`${at}:1`);
        expect([digest, index.manifests.map(({ annotations }) => annotations?.[zstdKey])]).toEqual([
          index.digest,
          ["amd64", "arm64"].map(() => (format === "zstd" ? "true" : undefined)),
        ]);
        for (const { digest: image } of index.manifests) {
          const { types, plain, diffIds } = unpackedBySkopeo(at, image);
          expect(types).toEqual([0, 1].map(() => `application/vnd.oci.image.layer.v1.tar+${format}`));
          expect(plain).toEqual(diffIds);
        }
        const [crane, regctl] = [peer("crane"), peer("regctl")];
        // crane takes every layer for gzip.
        if (crane && format === "gzip") must([crane, "validate", "--insecure", "--remote", `${at.slice(9)}:1`]);
        if (regctl)
          expect(
            JSON.parse(must([regctl, "--host", `reg=${at.slice(9).split("/")[0]},tls=disabled`, "manifest", "get", "--format", "raw-body", `${at.slice(9)}:1`]))
              .manifests,
          ).toHaveLength(2);
      });

  it("has the same bytes everywhere: in a layout, an archive and a directory too, on every run", () => {
    const digests = [`oci:${scratch.join("layout")}:1`, `oci-archive:${scratch.join("archive.tar")}:1`, `dir:${scratch.join("directory")}`].map((target) => {
      const digest = push("--compression-format", "zstd", "--compression-level", "7", "app", target);
      expect(indexAt(target).digest).toBe(digest);
      return digest;
    });
    const dry = JSON.parse(
      ocidex("push", "-q", "--json", "--dry-run", "--compression-format=zstd", "--compression-level=7", "app", `oci:${scratch.join("none")}:1`),
    );
    expect(new Set([...digests, dry.digest]).size).toBe(1);
    expect(existsSync(scratch.join("none"))).toBe(false);
    expect(readdirSync(work)).toEqual([]);
  });

  it("is read by buildah, whose own push names the same digests of layers", () => {
    const at = `docker://${registries[1]?.host}/buildah`;
    push("app", `${at}:plain`);
    push("--compression-format", "zstd", "app", `${at}:1`);
    const ids = [`${at}:plain`, `${at}:1`].map((location) => containers.buildah("pull", "--quiet", "--arch", "amd64", "--tls-verify=false", location).trim());
    expect(ids[0]).toBe(ids[1] ?? "");
    const theirs = `docker://${registries[0]?.host}/theirs`;
    containers.buildah("push", "--quiet", "--tls-verify=false", ids[1] ?? "", `${theirs}:1`);
    const [ours] = indexAt(`${at}:1`).manifests;
    expect(unpackedBySkopeo(theirs, digestOf(containers.raw(`${theirs}:1`))).plain).toEqual(unpackedBySkopeo(at, ours?.digest ?? "").diffIds);
  });

  it("converts to docker's types at once, which skopeo reads", () => {
    const at = `docker://${registries[0]?.host}/docker`;
    push("--compression-format", "gzip", "--format", "v2s2", "app", `${at}:1`);
    const { mediaType, manifests } = indexAt(`${at}:1`);
    expect(mediaType).toBe(mediaTypes.dockerList);
    for (const { digest } of manifests) {
      const { types, plain, diffIds } = unpackedBySkopeo(at, digest);
      expect([types, plain]).toEqual([[mediaTypes.dockerLayerGzip, mediaTypes.dockerLayerGzip], diffIds]);
    }
  });

  it("reads zstd:chunked as skopeo writes it, and says what it loses", () => {
    const at = `oci:${scratch.join("chunked")}`;
    containers.skopeo("copy", "--quiet", "--dest-compress-format", "zstd:chunked", `${source}:amd64`, `${at}:1`);
    const chunked: Manifest = JSON.parse(containers.raw(`${at}:1`).toString());
    expect(chunked.layers[0]?.mediaType).toBe(mediaTypes.ociLayerZstd);
    ocidex("create", "chunked", `${at}:1`);
    const { status, stdout, stderr } = run([...programs.executable, "manifest", "push", "-q", "--compression-format=gzip", "chunked", `${at}:gzip`], { env });
    expect([status, stderr]).toEqual([0, expect.stringContaining("zstd-chunked.manifest-checksum")]);
    const [image] = indexAt(`${at}:gzip`).manifests;
    expect(stdout.trim().endsWith(indexAt(`${at}:gzip`).digest)).toBe(true);
    const folder = scratch.join("chunked-gzip");
    containers.skopeo("copy", "--quiet", "--override-arch", "amd64", "--override-os", "linux", `${at}:gzip`, `dir:${folder}`);
    expect(digestOf(readFileSync(`${folder}/manifest.json`))).toBe(image?.digest ?? "");
  });
});

describe("a push that adds compression", () => {
  it("puts images with zstd behind those with gzip, each of which skopeo and buildah read", () => {
    const at = `docker://${registries[1]?.host}/added`;
    const digest = push("--compression-format", "gzip", "--add-compression", "zstd", "app", `${at}:1`);
    const { manifests, digest: seen } = indexAt(`${at}:1`);
    expect(seen).toBe(digest);
    expect(manifests.map(({ platform, annotations }) => [platform.architecture, annotations?.[zstdKey]])).toEqual([
      ["amd64", undefined],
      ["arm64", undefined],
      ["amd64", "true"],
      ["arm64", "true"],
    ]);
    for (const [at4, { digest: image }] of manifests.entries()) {
      const { types, plain, diffIds } = unpackedBySkopeo(at, image);
      expect([new Set(types), plain]).toEqual([new Set([`application/vnd.oci.image.layer.v1.tar+${at4 < 2 ? "gzip" : "zstd"}`]), diffIds]);
    }
    expect(containers.buildah("pull", "--quiet", "--arch", "arm64", "--tls-verify=false", `${at}:1`).trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(push("--add-compression", "zstd", `${at}:1`, `${at}:2`)).toBe(digest);
  });

  it("sends only what is new to the repository where the images lie", () => {
    const at = `docker://${registries[0]?.host}/where`;
    push("--compression-format", "gzip", "app", `${at}:1`);
    const before = indexAt(`${at}:1`).manifests.map(({ digest }) => digest);
    push("--add-compression", "zstd", `${at}:1`, `${at}:2`);
    const after = indexAt(`${at}:2`).manifests;
    expect(after.slice(0, 2).map(({ digest }) => digest)).toEqual(before);
    for (const { digest } of after.slice(2)) expect(unpackedBySkopeo(at, digest).plain).toEqual(unpackedBySkopeo(at, digest).diffIds);
  });
});

describe("the npm bundle on Node", () => {
  const bundle = (...args: readonly string[]): Ran => run([...programs["npm bundle"], "manifest", ...args], { env });
  const hasZstd = must(["node", "-p", "require('zlib').createZstdCompress !== undefined"]).trim() === "true";

  it("makes gzip", () => {
    const at = `oci:${scratch.join("node")}`;
    expect(bundle("push", "-q", "--compression-format=gzip", "app", `${at}:1`).status).toBe(0);
    const folder = scratch.join("node-gzip");
    containers.skopeo("copy", "--quiet", "--override-arch", "amd64", "--override-os", "linux", `${at}:1`, `dir:${folder}`);
    const { layers }: Manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
    expect(layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.ociLayerGzip, mediaTypes.ociLayerGzip]);
  });

  it(hasZstd ? "makes zstd" : "refuses zstd by its name, as this Node has none, and writes nothing", () => {
    const { status, stderr } = bundle("push", "-q", "--compression-format=zstd", "app", `oci:${scratch.join("node-zstd")}:1`);
    if (!hasZstd) expect(stderr).toMatch(/^Error: Cannot compress layers with zstd: node\/[\d.]+ makes gzip; Bun, Deno and Node from 22\.15 on make zstd\n$/);
    expect([status, existsSync(scratch.join("node-zstd"))]).toEqual(hasZstd ? [0, true] : [125, false]);
  });
});

describe("a hostile or large layer", () => {
  /** Puts an image into the source whose only layer is `bytes`, gzip of what has the digest `plain`. */
  async function putGzip(name: string, bytes: Uint8Array<ArrayBuffer>, plain: string): Promise<void> {
    const diffIds = [`sha256:${plain.slice(7)}`] as const;
    await putLayered(await currentHost(), `${source}:${name}`, { layers: [{ text: "", mediaType: mediaTypes.ociLayerGzip, bytes }], diffIds });
    ocidex("create", "--replace", name, `${source}:${name}`);
  }

  async function measured(name: string, ...flags: readonly string[]): Promise<Measured> {
    const target = `oci:${scratch.join(`out-${name}`)}:1`;
    return await start([...programs.executable, "manifest", "push", "-q", ...flags, name, target], { env, memory: true }).ended;
  }

  function expectRefused(name: string, { status, stdout, stderr }: Measured): void {
    expect({ status, stdout }).toEqual({ status: 125, stdout: "" });
    expect(stderr).toMatch(/^Error: Cannot [^\n]+\n$/);
    expect([existsSync(scratch.join(`out-${name}`)), readdirSync(work)]).toEqual([false, []]);
  }

  /** 10 GiB of zeros, as gzip of 10 MiB. */
  async function zeros(): Promise<readonly [bytes: Uint8Array<ArrayBuffer>, plain: string]> {
    const hasher = new Bun.CryptoHasher("sha256");
    const gzip = createGzip({ level: 9 });
    const pieces: Uint8Array[] = [];
    gzip.on("data", (piece) => pieces.push(piece));
    const piece = new Uint8Array(mebibyte);
    for (let at = 0; at < 10_240; at++) {
      hasher.update(piece);
      if (!gzip.write(piece)) await new Promise((resolve) => gzip.once("drain", resolve));
    }
    const ended = new Promise((resolve) => gzip.once("end", resolve));
    gzip.end();
    await ended;
    return [new Uint8Array(Buffer.concat(pieces)), `sha256:${hasher.digest("hex")}`];
  }

  it("of 10 GiB of zeros in 10 MiB streams through, is held to its config, and is ended by the time", async () => {
    const [bytes, plain] = await zeros();
    expect(bytes.length).toBeLessThan(11 * mebibyte);
    await putGzip("bomb", bytes, plain);
    const ended = await measured("bomb", "--compression-format=zstd");
    expect({ status: ended.status, stderr: ended.stderr }).toMatchObject({ status: 0 });
    console.log(
      `10 GiB of zeros from gzip to zstd: ${(ended.peak / mebibyte).toFixed(0)} MiB, ${ended.cpu.toFixed(1)} s of processor, ${(ended.wall / 1000).toFixed(1)} s`,
    );
    expect(ended.peak).toBeLessThanOrEqual(128 * mebibyte);
    await putGzip("lie", bytes, digestOf(bytes));
    const late = await measured("lie", "--compression-format=zstd", "--timeout=1s");
    expectRefused("lie", late);
    expect(late.stderr).toContain("the time is up");
    const lie = await measured("lie", "--compression-format=zstd");
    expectRefused("lie", lie);
    expect([lie.stderr.includes(`expected ${digestOf(bytes)}, received ${plain}`), lie.peak <= 128 * mebibyte]).toEqual([true, true]);
  }, 600_000);

  it("that is cut off is refused, and nothing is written", async () => {
    const plain = rawTar({ name: "a", content: wordsOf(100_000) });
    await putGzip("cut", new Uint8Array(gzipSync(plain)).slice(0, -100), digestOf(plain));
    const ended = await measured("cut", "--compression-format=zstd");
    expectRefused("cut", ended);
    expect(ended.stderr).toContain("its gzip data is damaged or cut off");
  });

  it("of 1 GiB takes at most 128 MiB", async () => {
    const layer = rawTar({ name: "noise", content: crypto.getRandomValues(Buffer.alloc(65_536)) });
    const noise = new Uint8Array(1024 * mebibyte);
    for (let at = 0; at + layer.length <= noise.length; at += layer.length) noise.set(layer, at);
    await putGzip("large", noise, digestOf(noise));
    for (const flags of [["--compression-format=zstd"], ["--compression-format=gzip", "--compression-level=1"]]) {
      const { status, stderr, peak, cpu } = await measured("large", ...flags);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      console.log(`1 GiB with ${flags.join(" ")}: ${(peak / mebibyte).toFixed(0)} MiB, ${cpu.toFixed(1)} s of processor`);
      expect(peak).toBeLessThanOrEqual(128 * mebibyte);
    }
  }, 600_000);

  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    it(`leaves nothing when ${signal} ends its compression`, async () => {
      const target = scratch.join(`out-${signal}`);
      const running = start([...programs.executable, "manifest", "push", "--compression-format=zstd", "--compression-level=19", "large", `oci:${target}:1`], {
        env,
      });
      while (readdirSync(work).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      running.kill(signal);
      expect((await running.ended).status).toBe(status);
      expect([existsSync(target), readdirSync(work)]).toEqual([false, []]);
    }, 60_000);
});
