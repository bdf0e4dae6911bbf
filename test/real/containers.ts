import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { putSampleImage } from "../../scripts/sample-image.ts";
import { encodeUtf8, streamBytes } from "../../src/core/base/mod.ts";
import { digestBytes, newDocument } from "../../src/core/content/mod.ts";
import { type Descriptor, type ImageManifest, mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { must, type Scratch } from "./helper.ts";

/** skopeo and buildah with storage of their own. */
export interface Containers extends Disposable {
  /** Runs skopeo without asking for signatures. */
  skopeo(...args: readonly string[]): string;
  /** Returns the bytes of a manifest or an index as skopeo reads them. */
  raw(location: string): Buffer;
  /** Runs buildah in the scratch folder: it takes the path of a layout for a name, in which no upper case may be. */
  buildah(...args: readonly string[]): string;
  /** The storage, as a location says it. */
  readonly storage: string;
  /** Begins a command that is run as the one to whom the storage belongs, with files of its own beside it. */
  readonly asOwner: readonly string[];
}

/** Begins a command that needs root; a runner of CI gives sudo. */
export const asRoot: readonly string[] = process.getuid?.() === 0 ? [] : ["sudo", "-n"];

/** Returns the containers tools, with everything of theirs in `scratch`. */
export function openContainers(scratch: Scratch): Containers {
  const folder = scratch.join("containers");
  mkdirSync(folder, { recursive: true });
  const policy = scratch.join("containers", "policy.json");
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  const storage = ["--root", `${folder}/root`, "--runroot", `${folder}/run`, "--storage-driver", "vfs"];
  const tls = (location: string): readonly string[] => (location.startsWith("docker://") ? ["--tls-verify=false"] : []);
  return {
    skopeo: (...args) => must(["skopeo", "--policy", policy, ...args]),
    raw(location) {
      const { status, stdout, stderr, error } = spawnSync("skopeo", ["--policy", policy, "inspect", "--raw", ...tls(location), location]);
      if (status !== 0) throw new Error(`skopeo inspect ${location}: ${error ?? stderr}`);
      return stdout;
    },
    buildah: (...args) => must([...asRoot, "buildah", ...storage, ...args], { cwd: scratch.path, env: { TMPDIR: folder } }),
    storage: `containers-storage:[vfs@${folder}/root+${folder}/run]`,
    asOwner: [...asRoot, "env", `OCIDEX_ROOT=${folder}/lists`, `XDG_CACHE_HOME=${folder}/cache`, `TMPDIR=${folder}`],
    [Symbol.dispose]: () => void must([...asRoot, "rm", "-rf", folder]),
  };
}

/** Returns the SHA-256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Puts sample images for amd64 and arm64 into an OCI layout, under these names. */
export async function sampleLayout(layout: string): Promise<void> {
  const host = await currentHost();
  for (const [architecture, variant] of [["amd64"], ["arm64", "v8"]] as const) {
    const platform = { os: "linux", architecture, ...(variant !== undefined && { variant }) };
    await putSampleImage(host, `oci:${layout}:${architecture}`, { platform, files: { "hello.txt": `Hello from ${architecture}\n` } });
  }
}

/** Puts an image with these layers, uncompressed, at a location. */
export async function putImage(location: string, layers: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  const host = await currentHost();
  const { target } = await openTransports(host).place(parseLocation(location));
  const put = async (mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<Descriptor> => {
    const descriptor = { mediaType, digest: digestBytes(host.hash, bytes), size: bytes.length };
    await target.putBlob(descriptor, async () => streamBytes(bytes));
    return descriptor;
  };
  const made: Descriptor[] = [];
  for (const layer of layers) made.push(await put(mediaTypes.ociLayer, layer));
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: made.map(({ digest }) => digest) } };
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await put(mediaTypes.ociConfig, encodeUtf8(JSON.stringify(config))),
    layers: made,
  };
  await target.putRoot(newDocument(host.hash, manifest));
}

/** Types an image can have. */
export type ImageKind = "OCI" | "docker";

/** Puts the sample images of a layout into a registry, as `docker://HOST/REPOSITORY:amd64` and `:arm64`. */
export function pushSamples(
  containers: Containers,
  { layout, repository, kind }: { readonly layout: string; readonly repository: string; readonly kind: ImageKind },
): void {
  const format = kind === "docker" ? "v2s2" : "oci";
  for (const name of ["amd64", "arm64"]) {
    containers.skopeo("copy", "--quiet", "--format", format, "--dest-tls-verify=false", `oci:${layout}:${name}`, `docker://${repository}:${name}`);
  }
}
