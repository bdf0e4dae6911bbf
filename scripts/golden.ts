/**
 * Records what real buildah (and, for what buildah 1.28 cannot do, skopeo) writes: `bun scripts/golden.ts` as root.
 * The pushed bytes go to `test/golden/CASE.json`, the commands that gave them to `test/golden/README.md`.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, section, shell } from "./golden-shell.ts";

const here = mkdtempSync(join(tmpdir(), "golden-"));
const golden = join(import.meta.dirname, "..", "test", "golden");
const policy = join(here, "policy.json");
const index = "application/vnd.oci.image.index.v1+json";
const manifest = "application/vnd.oci.image.manifest.v1+json";

interface Content {
  readonly digest: string;
  readonly size: number;
}

interface Entry extends Content {
  readonly mediaType: string;
}

interface Case {
  readonly name: string;
  readonly note: string;
  readonly steps: readonly (readonly string[])[];
  readonly push: readonly string[];
}

/** Two empty tar blocks: a layer without files, the same bytes on every machine. */
const layer = Buffer.alloc(1024);
const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;

function put(directory: string, name: (hex: string) => string, content: string | Buffer): Content {
  const hex = createHash("sha256").update(content).digest("hex");
  writeFileSync(join(directory, name(hex)), content);
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
}

const inLayout = (hex: string): string => `blobs/sha256/${hex}`;
const inDirectory = (hex: string): string => hex;

function configOf(platform: object): string {
  return JSON.stringify({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: [diffId] } });
}

function putImage(layout: string, platform: object): Entry {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...put(layout, inLayout, configOf(platform)) };
  const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...put(layout, inLayout, layer) }];
  return { mediaType: manifest, ...put(layout, inLayout, JSON.stringify({ schemaVersion: 2, mediaType: manifest, config, layers })) };
}

function putAttestation(layout: string): Entry {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...put(layout, inLayout, configOf({ architecture: "unknown", os: "unknown" })) };
  const layers = [{ mediaType: "application/vnd.in-toto+json", ...put(layout, inLayout, "{}") }];
  return { mediaType: manifest, ...put(layout, inLayout, JSON.stringify({ schemaVersion: 2, mediaType: manifest, config, layers })) };
}

function makeLayout(layout: string): void {
  mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
  const amd64 = putImage(layout, { architecture: "amd64", os: "linux" });
  const arm64 = putImage(layout, { architecture: "arm64", os: "linux", variant: "v8" });
  const windows = putImage(layout, { architecture: "amd64", os: "windows", "os.version": "10.0.17763.5122", "os.features": ["win32k"] });
  const attestation = putAttestation(layout);
  const list = {
    schemaVersion: 2,
    mediaType: index,
    manifests: [
      { ...amd64, platform: { architecture: "amd64", os: "linux" } },
      {
        ...windows,
        annotations: { b: "<2>", a: "1" },
        platform: { architecture: "amd64", os: "windows", "os.version": "10.0.17763.5122", "os.features": ["win32k"] },
      },
      {
        ...attestation,
        annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd64.digest },
        platform: { architecture: "unknown", os: "unknown" },
      },
    ],
    annotations: { "org.opencontainers.image.description": 'Über <all> & "more" \u2028 😀', "10": "ten", "9": "nine" },
  };
  const named = (entry: Entry, name: string): object => ({ ...entry, annotations: { "org.opencontainers.image.ref.name": name } });
  const all = { mediaType: index, ...put(layout, inLayout, JSON.stringify(list)) };
  const manifests = [named(amd64, "amd64"), named(arm64, "arm64"), named(windows, "windows"), named(all, "list")];
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

/** A docker image, which a layout cannot hold. */
function makeDockerImage(directory: string): void {
  mkdirSync(directory);
  const config = {
    mediaType: "application/vnd.docker.container.image.v1+json",
    ...put(directory, inDirectory, configOf({ architecture: "s390x", os: "linux" })),
  };
  const layers = [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar", ...put(directory, inDirectory, layer) }];
  const mediaType = "application/vnd.docker.distribution.manifest.v2+json";
  writeFileSync(join(directory, "manifest.json"), JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  writeFileSync(join(directory, "version"), "Directory Transport Version: 1.1\n");
}

/** What has to survive Go's encoder: escapes, keys in the order of their bytes, names that mean something in JavaScript. */
const oddAnnotations: readonly string[] = [
  "html=<a href='x'>&amp;</a>",
  "separators=\u2028 \u2029",
  'quotes="\\',
  "unicode=Grüße, 日本 😀 \u0301",
  "control=\t\u0001\u007f\u0080",
  "empty=",
  "__proto__=polluted",
  "constructor=x",
  "10=ten",
  "9=nine",
  "Z=upper",
  "\uffee=last of the first plane",
  "😀=beyond it",
  "a=b=c",
];

/** buildah reads the flag as a line of CSV. */
function annotationFlags(annotations: readonly string[]): readonly string[] {
  return annotations.flatMap((text) => ["--annotation", `"${text.replaceAll('"', '""')}"`]);
}

const cases: readonly Case[] = [
  { name: "empty", note: "a list without entries is a docker list", steps: [["create", "LIST"]], push: [] },
  { name: "empty-as-oci", note: "the same as OCI", steps: [["create", "LIST"]], push: ["--format", "oci"] },
  {
    name: "images",
    note: "two images",
    steps: [
      ["create", "LIST"],
      ["add", "LIST", "oci:LAYOUT:amd64"],
      ["add", "LIST", "oci:LAYOUT:arm64"],
    ],
    push: [],
  },
  {
    name: "annotations",
    note: "annotations with everything Go escapes or sorts in its own way",
    steps: [
      ["create", "LIST"],
      ["add", ...annotationFlags(oddAnnotations), "LIST", "oci:LAYOUT:amd64"],
    ],
    push: [],
  },
  {
    name: "annotate",
    note: "annotations of an entry changed; this version drops those it had before, later ones and ocidex keep them",
    steps: [
      ["create", "LIST"],
      ["add", "--annotation", "b=1", "--annotation", "a=1", "LIST", "oci:LAYOUT:amd64"],
      ["add", "LIST", "oci:LAYOUT:arm64"],
      ["annotate", "--annotation", "c=3", "--annotation", "a=2", "LIST", "DIGEST:amd64"],
    ],
    push: [],
  },
  {
    name: "platform",
    note: "every member of a platform that OCI knows",
    steps: [
      ["create", "LIST"],
      ["add", "LIST", "oci:LAYOUT:arm64"],
      ["annotate", "--os", "plan9", "--arch", "arm", "--variant", "v7", "--os-version", "1.2.3", "--os-features", "one,two", "LIST", "DIGEST:arm64"],
    ],
    push: [],
  },
  {
    name: "features",
    note: "every member of a platform that docker knows",
    steps: [
      ["create", "LIST"],
      ["add", "--os-version", "1.2", "--os-features", "a,b", "--features", "sse4,aes", "--variant", "v9", "LIST", "oci:LAYOUT:arm64"],
      ["add", "LIST", "oci:LAYOUT:amd64"],
    ],
    push: [],
  },
  {
    name: "features-as-oci",
    note: "a docker list as OCI: features are left out",
    steps: [
      ["create", "LIST"],
      ["add", "--os-version", "1.2", "--os-features", "a,b", "--features", "sse4,aes", "--variant", "v9", "LIST", "oci:LAYOUT:arm64"],
      ["add", "LIST", "oci:LAYOUT:amd64"],
    ],
    push: ["--format", "oci"],
  },
  {
    name: "docker-image",
    note: "an OCI index of a docker image",
    steps: [
      ["create", "LIST"],
      ["add", "--annotation", "a=1", "LIST", "dir:DOCKER"],
    ],
    push: [],
  },
  {
    name: "docker-image-as-v2s2",
    note: "the same as a docker list: annotations are left out",
    steps: [
      ["create", "LIST"],
      ["add", "--annotation", "a=1", "LIST", "dir:DOCKER"],
    ],
    push: ["--format", "v2s2"],
  },
  {
    name: "add-all",
    note: "entries taken from another index, an attestation among them; this version copies neither its annotations nor theirs",
    steps: [
      ["create", "LIST"],
      ["add", "--all", "LIST", "oci:LAYOUT:list"],
    ],
    push: [],
  },
  {
    name: "remove",
    note: "a list emptied again",
    steps: [
      ["create", "LIST"],
      ["add", "LIST", "oci:LAYOUT:amd64"],
      ["remove", "LIST", "DIGEST:amd64"],
    ],
    push: [],
  },
];

function runCase(test: Case, digests: ReadonlyMap<string, string>): string {
  const root = join(here, test.name);
  const global = ["--root", join(root, "root"), "--runroot", join(root, "run"), "--storage-driver", "vfs"];
  const fill = (text: string): string =>
    text
      .replace("LAYOUT", join(here, "layout"))
      .replace("DOCKER", join(here, "docker"))
      .replace(/^DIGEST:(.*)$/, (_, name: string) => digests.get(name) ?? name)
      .replace(/^LIST$/, "list");
  for (const step of test.steps) run("buildah", [...global, "manifest", ...step.map(fill)]);
  const to = join(root, "pushed");
  run("buildah", [...global, "manifest", "push", "--signature-policy", policy, "--all", ...test.push, "list", `dir:${to}`]);
  writeFileSync(join(golden, `${test.name}.json`), readFileSync(join(to, "manifest.json")));
  return [...test.steps, ["push", "--all", ...test.push, "LIST", "dir:DEST"]].map((step) => `buildah manifest ${step.map(shell).join(" ")}`).join("\n");
}

/** buildah 1.28 cannot set annotations of an index; skopeo writes one anew when the digests in it change (here: layers get compressed). */
function runSkopeo(): string {
  const to = join(here, "compressed");
  run("skopeo", ["--policy", policy, "copy", "--all", `oci:${join(here, "layout")}:list`, `oci:${to}:list`]);
  const { manifests } = JSON.parse(readFileSync(join(to, "index.json"), "utf8"));
  const digest: string = manifests[0].digest;
  writeFileSync(join(golden, "index-annotations.json"), readFileSync(join(to, "blobs", "sha256", digest.slice("sha256:".length))));
  return "skopeo copy --all oci:LAYOUT:list oci:DEST:list";
}

function readme(commands: readonly (readonly [name: string, note: string, commands: string])[]): string {
  const sections = commands.map(([name, note, text]) => section(`${name}.json`, note, text));
  return `# Golden bytes

Written by \`scripts/golden.ts\` with ${run("buildah", ["--version"]).trim()} and ${run("skopeo", ["--version"]).trim()}: the bytes as they were pushed, to the byte.
LIST is a new local list, LAYOUT an OCI layout and DOCKER a directory that the script makes, DIGEST:NAME the digest of an image in LAYOUT.

Not recorded, since these versions cannot write it: \`subject\` and \`artifactType\` of an index, \`artifactType\` and \`data\` of an entry.
Go escapes backspace and form feed as \`\\u0008\` and \`\\u000c\` before version 1.22, as \`\\b\` and \`\\f\` since; the recorded bytes hold neither, ocidex writes the newer form.

${sections.join("\n")}`;
}

try {
  mkdirSync(golden, { recursive: true });
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  makeLayout(join(here, "layout"));
  makeDockerImage(join(here, "docker"));
  const layout = JSON.parse(readFileSync(join(here, "layout", "index.json"), "utf8"));
  const digests = new Map<string, string>(
    layout.manifests.map((entry: { digest: string; annotations: Record<string, string> }) => [
      entry.annotations["org.opencontainers.image.ref.name"],
      entry.digest,
    ]),
  );
  const recorded = cases.map((test) => [test.name, test.note, runCase(test, digests)] as const);
  const skopeo = ["index-annotations", "annotations of an index, from skopeo", runSkopeo()] as const;
  writeFileSync(join(golden, "README.md"), readme([...recorded, skopeo]));
} finally {
  rmSync(here, { recursive: true, force: true });
}
