import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { rawTar } from "../helper/tar.ts";
import { digestOf, openContainers, putImage, sampleLayout } from "./containers.ts";
import { must, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
const containers = openContainers(scratch);
const mebibyte = 2 ** 20;
const limit = 128 * mebibyte;
const samples = scratch.join("samples");
const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache"), TMPDIR: scratch.join("work") };

/** Runs the executable, which must succeed, and returns what it printed. */
function ocidex(...args: readonly string[]): string {
  return must([...programs.executable, "manifest", ...args], { cwd: scratch.path, env });
}

function tryOcidex(...args: readonly string[]): Ran {
  return run([...programs.executable, "manifest", ...args], { cwd: scratch.path, env });
}

function at(transport: string, name: string): string {
  return `${transport}:${scratch.join(name)}`;
}

/** Returns the digest of what ocidex reads, and of what skopeo reads. */
function digests(location: string): readonly [ocidex: string, skopeo: string] {
  return [digestOf(encodeUtf8(ocidex("inspect", "--output", "raw", location))), digestOf(containers.raw(location))];
}

function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let from = 0; from < size; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536));
  return bytes;
}

beforeAll(async () => {
  must(["mkdir", "-p", env.TMPDIR]);
  await sampleLayout(samples);
  await putImage(`oci:${samples}:empty`, []);
  await putImage(`oci:${samples}:large`, [rawTar({ name: "noise", content: random(100 * mebibyte) })]);
  ocidex("create", "app", `oci:${samples}:amd64`, `oci:${samples}:arm64`);
});
afterAll(() => {
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

describe("an archive that ocidex writes", () => {
  it("is read by skopeo and buildah with the same digests", () => {
    const location = `${at("oci-archive", "ours.tar")}:1.0`;
    const digest = ocidex("push", "--quiet", "app", location).trim().split(": ")[1] ?? "";
    expect(digests(location)).toEqual([digest, digest]);
    containers.skopeo("copy", "--quiet", "--all", location, `${at("oci", "from-ours")}:1.0`);
    for (const { digest: image } of JSON.parse(String(containers.raw(location))).manifests)
      containers.skopeo("copy", "--quiet", "--override-os", "linux", "--override-arch", "amd64", location, `${at("dir", `image-${image.slice(7, 19)}`)}`);
    expect(containers.buildah("pull", "--quiet", "--arch", "amd64", location).trim()).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has the same bytes every time, and keeps its other names", () => {
    for (const name of ["a.tar", "b.tar"]) ocidex("push", "--quiet", "app", `${at("oci-archive", name)}:1.0`);
    expect(readFileSync(scratch.join("a.tar"))).toEqual(readFileSync(scratch.join("b.tar")));
    const before = containers.raw(`${at("oci-archive", "a.tar")}:1.0`);
    ocidex("create", `${at("oci-archive", "a.tar")}:2.0`, `oci:${samples}:arm64`);
    ocidex("annotate", `${at("oci-archive", "a.tar")}:2.0`, "--annotation", "a=b");
    expect(containers.raw(`${at("oci-archive", "a.tar")}:1.0`)).toEqual(before);
    expect(JSON.parse(String(containers.raw(`${at("oci-archive", "a.tar")}:2.0`))).annotations).toEqual({ a: "b" });
    ocidex("rm", `${at("oci-archive", "a.tar")}:1.0`);
    expect(tryOcidex("exists", `${at("oci-archive", "a.tar")}:1.0`).status).toBe(1);
    expect(readdirSync(scratch.path).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("holds an index of an index, which skopeo finds", () => {
    ocidex("push", "--quiet", "app", `oci:${samples}:multi`);
    const inner = containers.raw(`oci:${samples}:multi`);
    const descriptor = scratch.join("inner.json");
    writeFileSync(descriptor, JSON.stringify({ mediaType: mediaTypes.ociIndex, digest: digestOf(inner), size: inner.length }));
    ocidex("create", `oci:${samples}:outer`, `@${descriptor}`);
    ocidex("push", "--quiet", `oci:${samples}:outer`, `${at("oci-archive", "nested.tar")}:1`);
    expect(digests(`${at("oci-archive", "nested.tar")}:1`)[0]).toBe(digestOf(containers.raw(`oci:${samples}:outer`)));
    expect(must(["tar", "-tf", scratch.join("nested.tar")])).toContain(`blobs/sha256/${digestOf(inner).slice(7)}\n`);
  });
});

describe("an archive of docker that the library writes", () => {
  it("is read by skopeo and buildah as the image it was, its gzip layers unpacked", async () => {
    containers.skopeo("copy", "--quiet", "--dest-compress", "--dest-compress-format", "gzip", `oci:${samples}:large`, at("dir", "packed-dir"));
    const { source } = await openTransports(await currentHost()).place(parseLocation(at("dir", "packed-dir")));
    const image = await source.resolve();
    if (!("layers" in image.value)) throw new Error("it is no image");
    expect(image.value.layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.ociLayerGzip]);
    const { target } = await openTransports(await currentHost()).place(parseLocation(`${at("docker-archive", "written.tar")}:written:1`));
    for (const blob of [image.value.config, ...image.value.layers]) await target.putBlob(blob, () => source.blob(blob));
    await target.putRoot(image);
    const plain = JSON.parse(String(containers.raw(`oci:${samples}:large`)));
    const read = JSON.parse(String(containers.raw(`${at("docker-archive", "written.tar")}:written:1`)));
    expect([read.config.digest, read.layers.map(digestMember)]).toEqual([plain.config.digest, plain.layers.map(digestMember)]);
    containers.skopeo("copy", "--quiet", `${at("docker-archive", "written.tar")}:written:1`, at("dir", "written-dir"));
    expect(containers.buildah("pull", "--quiet", at("docker-archive", "written.tar")).trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(scratch.path).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("an archive that skopeo or buildah writes", () => {
  for (const kind of ["oci-archive", "docker-archive"] as const) {
    for (const image of ["amd64", "empty", "large"]) {
      it(`(${kind}:, image ${image}) is read with the digests of skopeo, and pushed`, () => {
        const name = `${kind}-${image}.tar`;
        containers.skopeo("copy", "--quiet", `oci:${samples}:${image}`, `${at(kind, name)}:app:1`);
        const location = `${at(kind, name)}:app:1`;
        const read = JSON.parse(ocidex("inspect", "--output", "raw", location));
        const theirs = JSON.parse(String(containers.raw(location)));
        expect([read.config.digest, read.layers.map(digestMember)]).toEqual([theirs.config.digest, theirs.layers.map(digestMember)]);
        if (kind === "oci-archive") expect(digests(location)[0]).toBe(digests(location)[1]);
        ocidex("create", "--replace", "one", location);
        ocidex("push", "--quiet", "one", `${at("oci", "pushed")}:${kind}-${image}`);
        containers.skopeo(
          "copy",
          "--quiet",
          "--override-os",
          "linux",
          "--override-arch",
          "amd64",
          `${at("oci", "pushed")}:${kind}-${image}`,
          at("dir", `copied-${kind}-${image}`),
        );
      });
    }
  }

  it("(oci-archive: of an index) is read with the digest of skopeo", () => {
    const location = `${at("oci-archive", "theirs.tar")}:1.0`;
    ocidex("push", "--quiet", "app", `oci:${samples}:multi`);
    containers.skopeo("copy", "--quiet", "--all", `oci:${samples}:multi`, location);
    const [ours, theirs] = digests(location);
    expect(ours).toBe(theirs);
    ocidex("create", "all", "--all", location);
    ocidex("push", "--quiet", "all", at("dir", "all"));
    expect(JSON.parse(String(containers.raw(at("dir", "all")))).manifests.length).toBe(2);
  });

  it("(buildah's of both kinds) is added", () => {
    const id = containers.buildah("pull", "--quiet", `${at("oci-archive", "oci-archive-amd64.tar")}:app:1`).trim();
    containers.buildah("push", "--quiet", id, `${at("oci-archive", "buildah-oci.tar")}:b:1`);
    containers.buildah("push", "--quiet", id, `${at("docker-archive", "buildah-docker.tar")}:b:1`);
    must(["chmod", "-R", "a+r", scratch.path]);
    for (const kind of ["oci", "docker"]) expect(ocidex("create", `buildah-${kind}`, at(`${kind}-archive`, `buildah-${kind}.tar`))).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it("(compressed with gzip or zstd) is read, and nothing stays in the work directory", () => {
    const plain = readFileSync(scratch.join("docker-archive-large.tar"));
    writeFileSync(scratch.join("large.tar.gz"), gzipSync(plain, { level: 1 }));
    writeFileSync(scratch.join("large.tar.zst"), Bun.zstdCompressSync(plain));
    for (const packed of ["large.tar.gz", "large.tar.zst"]) {
      expect(ocidex("inspect", "--output", "raw", at("docker-archive", packed))).toBe(
        ocidex("inspect", "--output", "raw", at("docker-archive", "docker-archive-large.tar")),
      );
      ocidex("create", "--replace", "packed", at("docker-archive", packed));
      ocidex("push", "--quiet", "packed", `${at("oci", "unpacked")}:${packed}`);
    }
    expect(readdirSync(env.TMPDIR)).toEqual([]);
  });
});

function digestMember({ digest }: { readonly digest: string }): string {
  return digest;
}

describe("an archive of 2 GiB", () => {
  const size = 2 ** 31;
  const figures: string[] = [];
  let registry: RunningRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
  });
  afterAll(async () => {
    console.log(`2 GiB, most memory: ${figures.join(", ")}`);
    await registry[Symbol.asyncDispose]();
  });

  /** Runs the executable, which must succeed within bounds. */
  async function measured(what: string, ...args: readonly string[]): Promise<void> {
    const { status, stderr, peak } = await start([...programs.executable, "manifest", ...args], { env, memory: true }).ended;
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    figures.push(`${what} ${(peak / mebibyte).toFixed(0)} MiB`);
    expect(peak).toBeLessThanOrEqual(limit);
  }

  /** Adds an image and pushes it to a registry and to a layout, and looks whether the layer is there. */
  async function pushed(kind: string, location: string, digest: string): Promise<void> {
    await measured(`${kind} added`, "create", "--replace", "huge", location);
    await measured(`${kind} to a registry`, "push", "--quiet", "--tls-verify=false", "huge", `docker://${registry.host}/${kind}:1`);
    const head = await fetch(`http://${registry.host}/v2/${kind}/blobs/sha256:${digest}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(size));
    must(["rm", "-r", scratch.join("registry", "data")]);
    await measured(`${kind} to a layout`, "push", "--quiet", "huge", `${at("oci", "huge")}:1`);
    expect(statSync(scratch.join("huge/blobs/sha256", digest)).size).toBe(size);
    must(["rm", "-r", scratch.join("huge")]);
  }

  it("is added and pushed within 128 MiB, and an archive that holds a list is edited so", async () => {
    const layer = scratch.join("layer");
    must(["truncate", "--size", String(size), layer]);
    const digest = must(["sha256sum", layer]).slice(0, 64);
    const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] } });
    writeFileSync(scratch.join("config.json"), config);
    writeFileSync(scratch.join("manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: ["huge:1"], Layers: ["layer"] }]));
    must(["tar", "-C", scratch.path, "-cf", scratch.join("huge.tar"), "config.json", "manifest.json", "layer"]);
    must(["rm", layer]);
    await pushed("docker-archive", at("docker-archive", "huge.tar"), digest);
    const archive = `${at("oci-archive", "huge-oci.tar")}:1`;
    await measured("docker-archive to an oci-archive", "push", "--quiet", "huge", archive);
    must(["rm", scratch.join("huge.tar")]);
    await pushed("oci-archive", archive, digest);
    await measured("oci-archive edited", "annotate", archive, "--annotation", "a=b");
    expect(existsSync(scratch.join("huge-oci.tar"))).toBe(true);
  }, 600_000);
});
