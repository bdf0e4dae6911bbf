import { writeFileSync } from "node:fs";
import { type Containers, digestOf, putImage } from "./containers.ts";
import { must, type Scratch, tools } from "./helper.ts";

/** What can lie somewhere. */
export const kinds = ["OCI image", "docker image", "OCI index", "docker list", "artifact", "zero layers", "100 MiB layer"] as const;
export type Kind = (typeof kinds)[number];

/** One of every kind in a registry, made by buildah, skopeo and regctl. */
export interface Samples {
  /** Returns the reference of one in the registry. */
  reference(kind: Kind): string;
  /** Returns the digests of an image, or of all that an index lists. */
  digests(kind: Kind): readonly string[];
  /** Runs regctl. */
  regctl(...args: readonly string[]): string;
}

/** Tells whether a kind is an index of images. */
export function isList(kind: Kind): boolean {
  return kind === "OCI index" || kind === "docker list";
}

/** Makes the samples in the registry at `host`. */
export async function makeSamples(containers: Containers, scratch: Scratch, host: string): Promise<Samples> {
  const regctl = (...args: readonly string[]): string =>
    must([`${tools}/bin/regctl`, "--host", `reg=${host},tls=disabled`, ...args], { env: { REGCTL_CONFIG: scratch.join("regctl.json") } });
  const reference = (kind: Kind): string => `${host}/samples:${kind.toLowerCase().replaceAll(" ", "-")}`;
  buildImages(containers, scratch);
  const push = (kind: Kind, image: string): void => void containers.buildah("push", "--quiet", "--tls-verify=false", image, `docker://${reference(kind)}`);
  push("OCI image", "oci-amd64");
  push("docker image", "docker-amd64");
  push("100 MiB layer", "large");
  for (const [kind, format] of [
    ["OCI index", "oci"],
    ["docker list", "docker"],
  ] as const) {
    containers.buildah("manifest", "create", `all-${format}`, `${format}-amd64`, `${format}-arm64`);
    const type = format === "oci" ? "oci" : "v2s2";
    containers.buildah("manifest", "push", "--all", "--quiet", "--format", type, "--tls-verify=false", `all-${format}`, `docker://${reference(kind)}`);
  }
  await putImage(`oci:${scratch.join("bare")}:1`, []);
  containers.skopeo("copy", "--quiet", "--dest-tls-verify=false", `oci:${scratch.join("bare")}:1`, `docker://${reference("zero layers")}`);
  writeFileSync(scratch.join("sbom.json"), '{"spdxVersion":"SPDX-2.3"}\n');
  regctl("artifact", "put", "--artifact-type", "application/spdx+json", "--file", scratch.join("sbom.json"), reference("artifact"));
  const digests = new Map(
    kinds.map((kind) => {
      const raw = containers.raw(`docker://${reference(kind)}`);
      const listed: readonly { readonly digest: string }[] = JSON.parse(String(raw)).manifests ?? [{ digest: digestOf(raw) }];
      return [kind, listed.map(({ digest }) => digest)];
    }),
  );
  return { reference, regctl, digests: (kind) => digests.get(kind) ?? [] };
}

/** Builds from scratch: both formats for two architectures, and one image with a layer of 100 MiB that nothing compresses. */
function buildImages({ buildah }: Containers, scratch: Scratch): void {
  writeFileSync(scratch.join("hello.txt"), "Hello\n");
  const container = buildah("from", "scratch").trim();
  buildah("add", container, scratch.join("hello.txt"), "/");
  for (const architecture of ["amd64", "arm64"]) {
    buildah("config", "--os", "linux", "--arch", architecture, container);
    for (const format of ["oci", "docker"]) buildah("commit", "--quiet", "--format", format, container, `${format}-${architecture}`);
  }
  const large = buildah("from", "scratch").trim();
  must(["dd", "if=/dev/urandom", `of=${scratch.join("noise")}`, "bs=1M", "count=100", "status=none"]);
  buildah("add", large, scratch.join("noise"), "/");
  buildah("config", "--os", "linux", "--arch", "amd64", large);
  buildah("commit", "--quiet", "--format", "oci", large, "large");
}
