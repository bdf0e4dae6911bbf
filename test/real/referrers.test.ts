import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { mkdirSync } from "node:fs";
import { sampleLayout } from "./containers.ts";
import { must, peer, programs, type RunningRegistry, Scratch, startRegistry } from "./helper.ts";

const scratch = new Scratch();
const layout = scratch.join("samples");
const env = { OCIDEX_ROOT: scratch.join("store"), HOME: scratch.join("home"), XDG_CACHE_HOME: scratch.join("cache"), DOCKER_CONFIG: scratch.join("home") };
const registries = new Map<2 | 3, RunningRegistry>();
const hostOf = (version: 2 | 3): string => registries.get(version)?.host ?? "";

beforeAll(async () => {
  mkdirSync(env.HOME);
  await sampleLayout(layout);
  for (const version of [2, 3] as const) registries.set(version, await startRegistry({ version, folder: scratch.join(`registry-${version}`) }));
});
afterAll(async () => {
  for (const registry of registries.values()) await registry[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

function ocidex(...args: readonly string[]): string {
  return must([...programs.executable, "manifest", ...args, "--tls-verify=false"], { env }).trim();
}

function regctl(args: readonly string[], input?: string): string {
  const hosts = [...registries.values()].flatMap(({ host }) => ["--host", `reg=${host},tls=disabled`]);
  return must([peer("regctl") ?? "regctl", ...args, ...hosts], { env, ...(input !== undefined && { input }) }).trim();
}

/** Returns what regctl says refers to a manifest: digests with their types, and tags like `sha256-….sig`. */
function referrersOf(name: string): readonly string[] {
  const { descriptors = [], tags = [] } = JSON.parse(regctl(["artifact", "list", "--digest-tags", "--format", "{{json .}}", name]));
  return [...descriptors.map(({ digest, artifactType }: Record<string, string>) => `${digest} ${artifactType}`), ...tags].sort();
}

/** Makes an index, signs it and its images as people do, and returns the digests of all that has been signed. */
function signed(repository: string): readonly string[] {
  ocidex("create", `docker://${repository}:1`, `oci:${layout}:amd64`, `oci:${layout}:arm64`);
  const digestFor = (...flags: readonly string[]): string => regctl(["manifest", "head", ...flags, `${repository}:1`]);
  const [index, amd64, arm64] = [digestFor(), digestFor("--platform", "linux/amd64"), digestFor("--platform", "linux/arm64")];
  const attach = (type: string, subject: string): string => {
    const flags = ["--artifact-type", `application/vnd.example.${type}`, "--subject", `${repository}@${subject}`];
    return regctl(["artifact", "put", ...flags, "--format", "{{.Manifest.GetDescriptor.Digest}}"], `${type} of ${subject}`);
  };
  const keep = (digest: string, suffix: string): void =>
    void regctl(["artifact", "put", "--artifact-type", "application/vnd.example.cosign", `${repository}:${digest.replace(":", "-")}.${suffix}`], suffix);
  const signature = attach("signature", index);
  attach("attestation", amd64);
  attach("signature", arm64);
  attach("countersignature", signature);
  keep(index, "sig");
  keep(amd64, "att");
  keep(arm64, "sbom");
  return [index, amd64, arm64, signature];
}

for (const [from, to] of [
  [2, 3],
  [3, 2],
] as const)
  describe(`signatures and attestations, from distribution ${from} to ${to}`, () => {
    it("are found by regctl after a push as regctl has put them, and after its own copy of that", () => {
      const source = `${hostOf(from)}/signed/app`;
      const [ours, theirs] = ["ours", "theirs"].map((name) => `${hostOf(to)}/signed/${name}`);
      const subjects = signed(source);
      const before = subjects.map((subject) => referrersOf(`${source}@${subject}`));
      expect(before.map(({ length }) => length)).toEqual([2, 2, 2, 1]);
      ocidex("push", "--quiet", "--referrers", `docker://${source}:1`, `docker://${ours}:1`);
      expect(subjects.map((subject) => referrersOf(`${ours}@${subject}`))).toEqual(before);
      regctl(["image", "copy", "--referrers", "--digest-tags", `${ours}:1`, `${theirs}:1`]);
      expect(subjects.map((subject) => referrersOf(`${theirs}@${subject}`))).toEqual(before);
      expect(regctl(["tag", "list", String(ours)])).toBe(regctl(["tag", "list", String(theirs)]));
    });
  });
