import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { type Containers, digestOf, openContainers, pushSamples, sampleLayout } from "./containers.ts";
import { must, programs, type RunningRegistry, Scratch, startRegistry } from "./helper.ts";

const scratch = new Scratch();
const containers: Containers = openContainers(scratch);
const insecure = "--tls-verify=false";
let registry: RunningRegistry;

beforeAll(async () => {
  const layout = scratch.join("samples");
  await sampleLayout(layout);
  registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
  for (const kind of ["OCI", "docker"] as const) pushSamples(containers, { layout, repository: `${registry.host}/${kind.toLowerCase()}`, kind });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

/**
 * Edits of a list, in the words of both programs: LIST is the list, SOURCE the repository of the images, DIGEST:TAG the digest of one.
 * Left out is what ocidex does on purpose in another way: buildah before 1.30 forgets annotations an entry had, and it writes configs anew when it converts.
 */
interface Edits {
  readonly name: string;
  readonly source: "oci" | "docker";
  readonly steps: readonly (readonly string[])[];
  readonly push?: readonly string[];
}

const addBoth: readonly (readonly string[])[] = [
  ["create", "LIST"],
  ["add", insecure, "LIST", "docker://SOURCE:amd64"],
  ["add", insecure, "LIST", "docker://SOURCE:arm64"],
];

const cases: readonly Edits[] = [
  { name: "two images", source: "oci", steps: addBoth, push: ["--format", "oci"] },
  { name: "two docker images as a docker list", source: "docker", steps: addBoth, push: ["--format", "v2s2"] },
  { name: "two OCI images as a docker list", source: "oci", steps: addBoth, push: ["--format", "v2s2"] },
  {
    name: "docker images in an index, which annotations make an OCI one",
    source: "docker",
    steps: [
      ["create", "LIST"],
      ["add", insecure, "--annotation", "a=1", "LIST", "docker://SOURCE:amd64"],
      ["add", insecure, "LIST", "docker://SOURCE:arm64"],
    ],
  },
  {
    name: "annotations that are odd, added at once and later",
    source: "oci",
    steps: [
      ["create", "LIST"],
      ["add", insecure, "--annotation", "b=<1> & 2", "--annotation", "10=ten", "--annotation", "9=Grüße 😀", "LIST", "docker://SOURCE:amd64"],
      ["add", insecure, "LIST", "docker://SOURCE:arm64"],
      ["annotate", "--annotation", "c=3", "--annotation", "b=", "LIST", "DIGEST:arm64"],
    ],
  },
  {
    name: "platforms",
    source: "oci",
    steps: [
      ["create", "LIST"],
      ["add", insecure, "--annotation", "a=1", "LIST", "docker://SOURCE:amd64"],
      ["add", insecure, "LIST", "docker://SOURCE:arm64"],
      ["annotate", "--os", "plan9", "--arch", "arm", "--variant", "v7", "--os-version", "1.2.3", "--os-features", "one,two", "LIST", "DIGEST:arm64"],
    ],
  },
  {
    name: "an image taken out again",
    source: "oci",
    steps: [...addBoth, ["annotate", "--annotation", "a=b", "LIST", "DIGEST:arm64"], ["remove", "LIST", "DIGEST:amd64"]],
  },
];

describe("the same edits give the same bytes as buildah", () => {
  for (const [at, { name, source, steps, push = [] }] of cases.entries()) {
    it(`for ${name}`, () => {
      const word = (text: string): string => {
        if (text === "LIST") return `localhost/case-${at}`;
        if (text.startsWith("DIGEST:")) return digestOf(containers.raw(`docker://${registry.host}/${source}:${text.slice(7)}`));
        return text.replace("SOURCE", `${registry.host}/${source}`);
      };
      const pushTo = (who: string): readonly string[] => ["push", insecure, "--all", ...push, word("LIST"), `docker://${registry.host}/${who}/case:${at}`];
      const commands = steps.map((step) => step.map(word));
      for (const step of [...commands, pushTo("buildah")]) containers.buildah("manifest", ...step);
      const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache") };
      for (const step of [...commands, pushTo("ocidex")]) must([...programs.executable, "manifest", ...step], { env });
      const theirs = containers.raw(`docker://${registry.host}/buildah/case:${at}`);
      expect(containers.raw(`docker://${registry.host}/ocidex/case:${at}`).toString()).toBe(theirs.toString());
      for (const { digest } of JSON.parse(theirs.toString()).manifests) {
        expect(digestOf(containers.raw(`docker://${registry.host}/ocidex/case@${digest}`))).toBe(digest);
      }
    });
  }
});
