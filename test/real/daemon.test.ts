import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { putSampleImage } from "../../scripts/sample-image.ts";
import { currentHost } from "../../src/host/current.ts";
import { startDaemon, type TestDaemon } from "../helper/docker-daemon.ts";
import { savedImage } from "../helper/saved-image.ts";
import { digestOf, openContainers, sampleLayout } from "./containers.ts";
import { must, programs, Scratch, startRegistry } from "./helper.ts";
import { type Measured, start } from "./process.ts";

const scratch = new Scratch();
const containers = openContainers(scratch);
const mebibyte = 2 ** 20;
const samples = scratch.join("samples");
const socketPath = scratch.join("docker.sock");
const env = {
  OCIDEX_ROOT: scratch.join("store"),
  XDG_CACHE_HOME: scratch.join("cache"),
  TMPDIR: scratch.join("work"),
  DOCKER_HOST: `unix://${socketPath}`,
};

/** Runs a program to its end while the daemon in this process answers it. */
async function run(program: readonly string[], ...args: readonly string[]): Promise<Measured> {
  return await start([...program, "manifest", ...args], { env, memory: true }).ended;
}

/** Runs a program, which must succeed and say nothing else, and returns what it printed. */
async function ocidex(program: readonly string[], ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(program, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** Returns an archive of an image as skopeo writes it. */
function savedBySkopeo(image: string): string {
  const path = scratch.join(`skopeo-${image}.tar`);
  containers.skopeo("copy", "--quiet", `oci:${samples}:${image}`, `docker-archive:${path}:${image}:1`);
  return path;
}

/** Returns an archive of an image as buildah writes it. */
function savedByBuildah(): string {
  const path = scratch.join("buildah.tar");
  const id = containers.buildah("pull", "--quiet", `docker-archive:${scratch.join("skopeo-amd64.tar")}`).trim();
  containers.buildah("push", "--quiet", id, `docker-archive:${path}:built:1`);
  must(["chmod", "-R", "a+r", scratch.path]);
  return path;
}

/** Runs a task beside a daemon with these images. */
async function withDaemon<T>(images: Readonly<Record<string, Uint8Array | string>>, task: (daemon: TestDaemon) => Promise<T>): Promise<T> {
  const daemon = await startDaemon({ images, socketPath });
  try {
    return await task(daemon);
  } finally {
    await daemon.close();
  }
}

let archives: Readonly<Record<string, string>>;

beforeAll(async () => {
  mkdirSync(env.TMPDIR);
  await sampleLayout(samples);
  await putSampleImage(await currentHost(), `oci:${samples}:large`, {
    platform: { os: "linux", architecture: "amd64" },
    files: { noise: noise(100 * mebibyte) },
  });
  const [amd64, large] = [savedBySkopeo("amd64"), savedBySkopeo("large")];
  archives = { "amd64:1": amd64, "large:1": large, "built:1": savedByBuildah() };
});
afterAll(() => {
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

function noise(size: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)))
    .toString("latin1")
    .repeat(size / 65_536);
}

describe("an image of the docker daemon", () => {
  for (const [kind, program] of Object.entries(programs)) {
    for (const image of ["amd64:1", "large:1", "built:1"]) {
      it(`(${image}, ${kind}) is added, and pushed with the config and the diff IDs that skopeo pushes when the daemon is gone`, async () => {
        await using registry = await startRegistry({ version: 2, folder: scratch.join(`registry-${kind}-${image.slice(0, -2)}`.replace(" ", "-")) });
        const added = await withDaemon(archives, async () => {
          await ocidex(program, "create", "--replace", "list");
          const { status, stderr, peak } = await run(program, "add", "list", `docker-daemon:${image}`);
          expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
          // The bundle runs on Node, which holds more of what it reads until it is collected.
          expect(peak).toBeLessThanOrEqual((kind === "executable" ? 128 : 192) * mebibyte);
          return JSON.parse(await ocidex(program, "inspect", "--output", "raw", "list")).manifests[0];
        });
        expect(readdirSync(env.TMPDIR)).toEqual([]);
        await ocidex(program, "push", "--quiet", "--tls-verify=false", "list", `docker://${registry.host}/ours:1`);
        containers.skopeo("copy", "--quiet", "--dest-tls-verify=false", `docker-archive:${archives[image]}`, `docker://${registry.host}/theirs:1`);
        const ours = layersOf(`${registry.host}/ours@${added.digest}`);
        const theirs = layersOf(`${registry.host}/theirs:1`);
        expect([ours.config, ours.types]).toEqual([theirs.config, theirs.types]);
        expect(ours.diffIds).toEqual(theirs.diffIds);
      });
    }
  }

  /** Returns what a registry has of an image: its layers by what they unpack to. */
  function layersOf(name: string): { readonly config: unknown; readonly types: readonly string[]; readonly diffIds: readonly string[] } {
    const folder = scratch.join(`pulled-${digestOf(Buffer.from(name)).slice(7, 19)}`);
    containers.skopeo("copy", "--quiet", "--src-tls-verify=false", `docker://${name}`, `dir:${folder}`);
    const manifest = JSON.parse(String(containers.raw(`dir:${folder}`)));
    return {
      config: manifest.config,
      types: manifest.layers.map((layer: { readonly mediaType: string }) => layer.mediaType),
      diffIds: manifest.layers.map(({ digest }: { readonly digest: string }) =>
        must(["sh", "-c", `gzip -dc '${join(folder, digest.slice(7))}' | sha256sum`]).slice(0, 64),
      ),
    };
  }

  it("is what skopeo's docker client reads of the same daemon", async () => {
    await withDaemon(archives, async (daemon) => {
      const [skopeo, ours] = await Promise.all([
        start(["skopeo", "inspect", "--raw", "--daemon-host", daemon.dockerHost, "docker-daemon:amd64:1"]).ended,
        ocidex(programs.executable, "inspect", "--output", "raw", "docker-daemon:amd64:1"),
      ]);
      expect({ status: skopeo.status, stderr: skopeo.stderr }).toEqual({ status: 0, stderr: "" });
      expect(JSON.parse(ours).config).toEqual(JSON.parse(skopeo.stdout).config);
      expect(daemon.requests).toContain("GET /v1.47/images/amd64:1/get");
    });
  });

  it("of 2 GiB is added within 128 MiB", async () => {
    const layer = scratch.join("layer");
    must(["truncate", "--size", String(2 ** 31), layer]);
    const digest = must(["sha256sum", layer]).slice(0, 64);
    writeFileSync(
      scratch.join("config.json"),
      JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] } }),
    );
    writeFileSync(scratch.join("manifest.json"), JSON.stringify([{ Config: "config.json", RepoTags: ["huge:1"], Layers: ["layer"] }]));
    must(["tar", "-C", scratch.path, "-cf", scratch.join("huge.tar"), "config.json", "manifest.json", "layer"]);
    must(["rm", layer]);
    await withDaemon({ "huge:1": scratch.join("huge.tar") }, async () => {
      const { status, stderr, peak } = await run(programs.executable, "create", "huge", "docker-daemon:huge:1");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(peak).toBeLessThanOrEqual(128 * mebibyte);
      console.log(`docker-daemon: of 2 GiB: ${(peak / mebibyte).toFixed(0)} MiB`);
    });
    must(["rm", scratch.join("huge.tar")]);
    expect(readdirSync(env.TMPDIR)).toEqual([]);
  }, 600_000);

  it("is not for a user whom the socket is not for, which is said", async () => {
    const folder = scratch.join("another");
    mkdirSync(folder);
    copyFileSync(programs.executable[0], join(folder, "ocidex"));
    for (const path of [scratch.path, folder, join(folder, "ocidex")]) chmodSync(path, 0o755);
    await withDaemon({ "app:1": savedImage() }, async () => {
      chmodSync(socketPath, 0o600);
      const other = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
      // Nobody but root can be somebody else; whoever owns a socket is kept from it by its mode alone.
      if (other.length === 0) chmodSync(socketPath, 0o000);
      const { status, stderr } = await run([...other, join(folder, "ocidex")], "inspect", "docker-daemon:app:1");
      expect({ status, stderr }).toEqual({
        status: 125,
        stderr: `Error: Cannot read "docker-daemon:app:1": Cannot reach "${socketPath}": this user may not connect to it (EACCES); join the group that may use it, or set DOCKER_HOST to a daemon of your own\n`,
      });
    });
  });

  it("leaves nothing when Ctrl-C ends the saving", async () => {
    const saved = savedImage();
    const daemon = await startDaemon({
      socketPath,
      instead: ({ url }, response) => (url === "/_ping" ? false : response.write(saved.subarray(0, 1024))),
    });
    const running = start([...programs.executable, "manifest", "inspect", "docker-daemon:app:1"], { env });
    const size = (): number => Math.max(0, ...readdirSync(env.TMPDIR).map((name) => statSync(join(env.TMPDIR, name)).size));
    while (size() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    running.kill("SIGINT");
    expect((await running.ended).status).toBe(130);
    expect(readdirSync(env.TMPDIR)).toEqual([]);
    await daemon.close();
  });
});
