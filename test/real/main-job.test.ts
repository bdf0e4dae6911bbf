import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { readFileSync } from "node:fs";
import { type Containers, digestOf, type ImageKind, openContainers, pushSamples, sampleLayout } from "./containers.ts";
import { must, programs, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";

const scratch = new Scratch();
const containers: Containers = openContainers(scratch);
const layout = scratch.join("samples");
const insecure = "--tls-verify=false";
const names = ["executable", "npm bundle"] as const;

beforeAll(() => sampleLayout(layout));
afterAll(() => {
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

for (const version of [2, 3] as const) {
  describe(`distribution ${version}`, () => {
    let registry: RunningRegistry;
    beforeAll(async () => {
      registry = await startRegistry({ version, folder: scratch.join(`registry-${version}`) });
      for (const kind of ["OCI", "docker"] as const) pushSamples(containers, { layout, repository: `${registry.host}/${kind.toLowerCase()}/src`, kind });
    });
    afterAll(() => registry[Symbol.asyncDispose]());
    for (const kind of ["OCI", "docker"] as const) for (const program of names) job(() => registry.host, kind, program);
  });
}

function job(host: () => string, kind: ImageKind, program: keyof typeof programs): void {
  const folder = `${kind}-${program.replace(" ", "-")}`.toLowerCase();
  const source = (): string => `docker://${host()}/${kind.toLowerCase()}/src`;
  const target = (name: string): string => `docker://${host()}/${folder}/${name}`;
  const ocidex = (...args: readonly string[]): string =>
    must([...programs[program], ...args], {
      env: { OCIDEX_ROOT: scratch.join(host().replace(":", "-"), folder), XDG_CACHE_HOME: scratch.join("cache", folder) },
    }).trim();

  it(`the ${program} makes a list of ${kind} images by their tags, annotates and pushes it, and skopeo and buildah read the same`, () => {
    const id = ocidex("manifest", "create", insecure, "app", `${source()}:amd64`, `${source()}:arm64`);
    expect(ocidex("manifest", "annotate", "--index", "--annotation", "org.opencontainers.image.description=Über <all> & more", "app")).toBe(id);
    ocidex("manifest", "annotate", "--annotation", "com.example.note=one, two = three", "app", "linux/arm64");
    const digestFile = scratch.join(`${folder}-digest`);
    const pushed = ocidex("manifest", "push", "--quiet", insecure, "--digestfile", digestFile, "app", `${target("app")}:1`);
    const raw = containers.raw(`${target("app")}:1`);
    expect(pushed).toBe(`${id}: ${digestOf(raw)}`);
    expect(readFileSync(digestFile, "utf8")).toBe(digestOf(raw));
    expect(ocidex("manifest", "inspect", "--output", "raw", insecure, `${target("app")}:1`)).toBe(raw.toString());
    const index = JSON.parse(raw.toString());
    expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    expect(index.annotations).toEqual({ "org.opencontainers.image.description": "Über <all> & more" });
    expect(index.manifests).toHaveLength(2);
    expect(index.manifests[1].annotations).toEqual({ "com.example.note": "one, two = three" });
    expect(index.manifests.map((entry: { digest: string }) => entry.digest)).toEqual(
      ["amd64", "arm64"].map((name) => digestOf(containers.raw(`${source()}:${name}`))),
    );
    readByOthers(`${target("app")}:1`, folder, index);
  });

  it(`the ${program} edits an index of ${kind} images where it lies`, () => {
    const digest = ocidex("manifest", "create", insecure, `${target("there")}:1`, `${source()}:amd64`, `${source()}:arm64`);
    expect(digest).toBe(digestOf(containers.raw(`${target("there")}:1`)));
    const edited = ocidex("manifest", "annotate", insecure, "--annotation", "a=b", `${target("there")}:1`);
    const raw = containers.raw(`${target("there")}:1`);
    expect(edited).toBe(digestOf(raw));
    expect(JSON.parse(raw.toString()).annotations).toEqual({ a: "b" });
    expect(ocidex("manifest", "exists", insecure, `${target("there")}:1`)).toBe("");
    expect(run([...programs[program], "manifest", "exists", insecure, `${target("there")}:2`]).status).toBe(1);
  });

  it(`the ${program} pushes a list of ${kind} images to a layout, which skopeo reads with the same digest`, () => {
    const digest = ocidex("manifest", "create", `oci:${scratch.join(folder)}:1`, insecure, `${source()}:amd64`, `${source()}:arm64`);
    const raw = containers.raw(`oci:${scratch.join(folder)}:1`);
    expect(digest).toBe(digestOf(raw));
    containers.skopeo("copy", "--quiet", "--all", "--preserve-digests", `oci:${scratch.join(folder)}:1`, `dir:${scratch.join(`${folder}-from-layout`)}`);
    expect(digestOf(readFileSync(scratch.join(`${folder}-from-layout`, "manifest.json")))).toBe(digest);
    const back = ocidex("manifest", "push", "--quiet", insecure, `oci:${scratch.join(folder)}:1`, `${target("back")}:1`);
    expect(back).toBe(`${digest}: ${digest}`);
    expect(digestOf(containers.raw(`${target("back")}:1`))).toBe(digest);
  });

  it(`the ${program} converts ${kind} images on the way to a docker list, and skopeo reads it`, () => {
    const reply = ocidex("manifest", "push", "--quiet", "--format", "v2s2", "--json", insecure, `${target("there")}:1`, `${target("converted")}:1`);
    const raw = containers.raw(`${target("converted")}:1`);
    expect(JSON.parse(reply).digest).toBe(digestOf(raw));
    const list = JSON.parse(raw.toString());
    expect(list.mediaType).toBe("application/vnd.docker.distribution.manifest.list.v2+json");
    const types = list.manifests.map((entry: { mediaType: string }) => entry.mediaType);
    expect(types).toEqual(Array(2).fill("application/vnd.docker.distribution.manifest.v2+json"));
    readByOthers(`${target("converted")}:1`, `${folder}-converted`, list);
  });
}

/** skopeo checks every digest it meets; buildah unpacks the image for this machine. */
function readByOthers(
  location: string,
  folder: string,
  index: { readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string } }[] },
): void {
  const copy = scratch.join(`${folder}-by-skopeo`);
  containers.skopeo("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false", location, `dir:${copy}`);
  expect(digestOf(readFileSync(`${copy}/manifest.json`))).toBe(digestOf(containers.raw(location)));
  const name = location.slice("docker://".length);
  containers.buildah("pull", "--quiet", insecure, "--signature-policy", scratch.join("containers", "policy.json"), location);
  const mine = index.manifests.find((entry) => entry.platform.architecture === (process.arch === "x64" ? "amd64" : process.arch));
  expect(containers.buildah("inspect", "--type", "image", "--format", "{{.FromImageDigest}}", name).trim()).toBe(mine?.digest ?? "no image for this machine");
}
