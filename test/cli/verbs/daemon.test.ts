import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { MemoryHost } from "../../../src/host/memory.ts";
import { digestOf as sha256 } from "../../helper/content.ts";
import { type DaemonOptions, startDaemon, type TestDaemon } from "../../helper/docker-daemon.ts";
import { indexAt } from "../../helper/lists.ts";
import { layerOf, savedImage } from "../../helper/saved-image.ts";
import { temporaryDirectory } from "../../helper/temporary.ts";
import { serverIdentity } from "../../helper/tls.ts";
import { openShell, type Shell, withRegistry } from "./shell.ts";

const layer = layerOf("layer");
const images = { "app:1": savedImage({ name: "app:1", layers: [layer] }), "app:2": savedImage({ architecture: "amd64" }) };
let directory: string;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  const place = await temporaryDirectory();
  ({ directory } = place);
  ends.push(place.close);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Opens a shell on a machine with a daemon. */
async function open(options: DaemonOptions = {}, variables: Readonly<Record<string, string>> = {}): Promise<{ shell: Shell; daemon: TestDaemon }> {
  const daemon = await startDaemon({ images, socketPath: join(directory, "docker.sock"), ...options });
  ends.push(() => daemon.close());
  return { daemon, shell: await openShell({ files: { "/var/tmp/other": "" }, variables: { DOCKER_HOST: daemon.dockerHost, ...variables } }) };
}

/** Returns what a run has left in the work directory beside what was there. */
async function leftovers({ files }: MemoryHost): Promise<readonly string[]> {
  return (await files.list("/var/tmp")).filter((name) => name !== "other");
}

describe("an image of the docker daemon", () => {
  test("is added to a local list, and pushed when the daemon is gone", async () => {
    const { shell, daemon } = await open();
    const [id] = await shell.must("create", "list");
    const [added = ""] = await shell.must("add", "list", "docker-daemon:app:1", "docker-daemon:app:2");
    expect(added).toMatch(new RegExp(`^${id}: sha256:[0-9a-f]{64}$`));
    expect((await shell.inspect("list")).manifests.map(({ platform }) => platform?.architecture)).toEqual(["arm64", "amd64"]);
    expect(await leftovers(shell.host)).toEqual([]);
    expect(daemon.requests).toHaveLength(3);
    await daemon.close();
    await withRegistry({}, async (registry) => {
      await shell.must("push", "--quiet", "--tls-verify=false", "list", `docker://${registry.host}/app:1`);
      const repository = registry.repository("app");
      const manifest = JSON.parse(new TextDecoder().decode(repository.manifests.get(added.split(": ")[1] ?? "")?.bytes));
      const blob = repository.blobs.get(manifest.layers[0].digest);
      expect(blob && sha256(gunzipSync(blob))).toBe(sha256(layer));
    });
  });

  test("goes to a list at a location in one command, saved once", async () => {
    const { shell, daemon } = await open();
    await shell.must("create", "oci:/out:1", "docker-daemon:app:1", "docker-daemon:app:2=linux/amd64");
    expect((await indexAt(shell.host, "oci:/out:1")).manifests).toHaveLength(2);
    expect(daemon.requests).toEqual(["GET /_ping", "GET /v1.47/images/app:1/get", "GET /v1.47/images/app:2/get"]);
    expect(await leftovers(shell.host)).toEqual([]);
  });

  test("is inspected, asked for, and names its entry in a list", async () => {
    const { shell, daemon } = await open();
    expect(JSON.parse((await shell.must("inspect", "docker-daemon:app:1")).join("\n"))).toMatchObject({
      config: { mediaType: "application/vnd.docker.container.image.v1+json" },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }],
    });
    await shell.must("create", "list", "docker-daemon:app:1");
    await shell.must("annotate", "list", "docker-daemon:app:1", "--annotation", "a=b");
    expect((await shell.inspect("list")).manifests[0]?.annotations).toEqual({ a: "b" });
    await shell.must("remove", "list", "docker-daemon:app:1");
    expect((await shell.inspect("list")).manifests).toEqual([]);
    const exists = async (name: string) => (await shell.manifest("exists", name)).status;
    expect([await exists("docker-daemon:app:1"), await exists("docker-daemon:none:1")]).toEqual([0, 1]);
    await daemon.close();
    expect(await exists("docker-daemon:app:1")).toBe(125);
    expect(await leftovers(shell.host)).toEqual([]);
  });

  test("is neither a list nor a destination, and nothing is asked to find that out", async () => {
    const { shell, daemon } = await open();
    await shell.must("create", "list", "oci:/src:amd64");
    const at = "docker-daemon:app:1";
    for (const argv of [
      ["create", at],
      ["add", at, "oci:/src:amd64"],
      ["annotate", at, "--annotation", "a=b"],
      ["remove", at, "linux/amd64"],
      ["rm", at],
      ["push", "list", at],
      ["push", "--dry-run", "list", at],
    ])
      expect(await shell.fail(...argv)).toBe(
        `Error: Cannot write "${at}": a docker daemon takes in single images and holds no index, expected a registry that docker pulls from`,
      );
    expect(daemon.requests).toEqual([]);
  });

  test("is missed in one sentence, whatever is missing", async () => {
    const { shell, daemon } = await open();
    await shell.must("create", "list");
    expect(await shell.fail("add", "list", "docker-daemon:none:1")).toBe(
      `Error: Cannot read "docker-daemon:none:1": the docker daemon at "${daemon.dockerHost}" does not have it: No such image: none:1`,
    );
    await daemon.close();
    expect(await shell.fail("add", "list", "docker-daemon:app:1")).toBe(
      `Error: Cannot read "docker-daemon:app:1": Cannot reach "${daemon.host}": there is no such socket (ENOENT); start docker, or set DOCKER_HOST to where it listens`,
    );
    expect(await shell.fail("add", "list", "docker-daemon:sha256:ab")).toContain("expected sha256: and 64 lower-case hexadecimal digits");
    expect((await shell.inspect("list")).manifests).toEqual([]);
  });

  test("--tls-verify=false takes any certificate of a daemon that speaks TLS", async () => {
    const daemon = await startDaemon({ images, identity: serverIdentity });
    ends.push(() => daemon.close());
    const { shell } = await open({}, { DOCKER_HOST: daemon.dockerHost, DOCKER_TLS_VERIFY: "1" });
    await shell.must("create", "list");
    expect(await shell.fail("add", "list", "docker-daemon:app:1")).toContain("ca.pem in DOCKER_CERT_PATH says whom to trust");
    expect(await shell.must("add", "--tls-verify=false", "list", "docker-daemon:app:1")).toHaveLength(1);
  });
});
