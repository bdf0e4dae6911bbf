import { describe, expect, it } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { encodeUtf8, streamBytes } from "../../src/core/base/mod.ts";
import { openDocument } from "../../src/core/content/mod.ts";
import {
  addToList,
  annotateListEntries,
  createList,
  type Format,
  inspectList,
  type ListContext,
  parseLevelAnnotations,
  pushList,
  removeFromList,
} from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { attestationOf, entryOf, openDesk, putIndex } from "../helper/lists.ts";

/** Two empty tar blocks, as in scripts/golden.ts. */
const layer = new Uint8Array(1024);
const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;

interface Types {
  readonly manifest: typeof mediaTypes.ociManifest | typeof mediaTypes.dockerManifest;
  readonly config: string;
  readonly layer: string;
  /** What the layer holds. @default two empty tar blocks */
  readonly content?: string;
}

async function putGoldenImage(host: Host, location: string, platform: object, types: Types) {
  const { target } = await openTransports(host).place(parseLocation(location));
  const put = async (mediaType: string, bytes: Uint8Array<ArrayBuffer>) => {
    const descriptor = { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const, size: bytes.length };
    await target.putBlob(descriptor, async () => streamBytes(bytes));
    return descriptor;
  };
  const config = await put(types.config, encodeUtf8(JSON.stringify({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: [diffId] } })));
  const layers = [await put(types.layer, types.content === undefined ? layer : encodeUtf8(types.content))];
  const bytes = encodeUtf8(JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers }));
  const document = openDocument(host.hash, bytes, { what: "image" });
  await target.putRoot(document);
  return document;
}

const oci: Types = { manifest: mediaTypes.ociManifest, config: mediaTypes.ociConfig, layer: mediaTypes.ociLayer };
const docker: Types = { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig, layer: mediaTypes.dockerLayer };
const windows = { architecture: "amd64", os: "windows", "os.version": "10.0.17763.5122", "os.features": ["win32k"] };

async function open() {
  const { host, lists } = openDesk();
  const amd64 = await putGoldenImage(host, "oci:/layout:amd64", { architecture: "amd64", os: "linux" }, oci);
  await putGoldenImage(host, "oci:/layout:arm64", { architecture: "arm64", os: "linux", variant: "v8" }, oci);
  const win = await putGoldenImage(host, "oci:/layout:windows", windows, oci);
  const attestation = await putGoldenImage(
    host,
    "oci:/layout:attestation",
    { architecture: "unknown", os: "unknown" },
    { ...oci, layer: "application/vnd.in-toto+json", content: "{}" },
  );
  const manifests = [
    entryOf(amd64, "linux/amd64"),
    entryOf(win, undefined, { annotations: { b: "<2>", a: "1" }, platform: windows }),
    attestationOf(attestation, amd64.descriptor.digest),
  ];
  await putIndex(host, "oci:/layout:list", { manifests });
  await putGoldenImage(host, "dir:/docker", { architecture: "s390x", os: "linux" }, docker);
  return { host, lists, attestation: attestation.descriptor.digest };
}

const odd = [
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
const features = { osVersion: "1.2", osFeatures: ["a", "b"], features: ["sse4", "aes"], variant: "v9" };

interface Case {
  readonly create?: Format;
  readonly edit: (lists: ListContext, attestation: string) => Promise<unknown>;
  readonly push?: Format;
}

async function addFeatures(lists: ListContext): Promise<void> {
  await addToList(lists, "list", ["oci:/layout:arm64"], features);
  await addToList(lists, "list", ["oci:/layout:amd64"]);
}

/** The commands of test/golden/README.md; buildah chooses the type of a list by what is in it, we say it. */
const cases: Readonly<Record<string, Case>> = {
  empty: { create: "v2s2", edit: async () => {} },
  "empty-as-oci": { create: "v2s2", edit: async () => {}, push: "oci" },
  images: { edit: (lists) => addToList(lists, "list", ["oci:/layout:amd64", "oci:/layout:arm64"]) },
  annotations: { edit: (lists) => addToList(lists, "list", ["oci:/layout:amd64"], { annotations: parseLevelAnnotations(odd).plain }) },
  annotate: {
    edit: async (lists) => {
      await addToList(lists, "list", ["oci:/layout:amd64"], { annotations: { b: "1", a: "1" } });
      await addToList(lists, "list", ["oci:/layout:arm64"]);
      // That version of buildah forgets the annotations that were there.
      await annotateListEntries(lists, "list", ["oci:/layout:amd64"], { annotations: { c: "3", a: "2", b: undefined } });
    },
  },
  platform: {
    edit: async (lists) => {
      await addToList(lists, "list", ["oci:/layout:arm64"]);
      const platform = { os: "plan9", architecture: "arm", variant: "v7", "os.version": "1.2.3", "os.features": ["one", "two"] };
      await annotateListEntries(lists, "list", ["linux/arm64"], { platform });
    },
  },
  features: { create: "v2s2", edit: addFeatures },
  "features-as-oci": { edit: addFeatures },
  "docker-image": { edit: (lists) => addToList(lists, "list", ["dir:/docker"], { annotations: { a: "1" } }) },
  "docker-image-as-v2s2": { edit: (lists) => addToList(lists, "list", ["dir:/docker"], { annotations: { a: "1" } }), push: "v2s2" },
  "add-all": {
    edit: async (lists, attestation) => {
      await addToList(lists, "list", ["oci:/layout:list"], { all: true });
      // That version of buildah loses them.
      await annotateListEntries(lists, "list", ["windows/amd64", attestation], { unset: ["annotations"] });
    },
  },
  remove: {
    create: "v2s2",
    edit: async (lists) => {
      await addToList(lists, "list", ["oci:/layout:amd64"]);
      await removeFromList(lists, "list", ["linux/amd64"]);
    },
  },
};

describe("the verbs give the bytes buildah gives", () => {
  for (const [name, { create = "oci", edit, push }] of Object.entries(cases)) {
    it(name, async () => {
      const { host, lists, attestation } = await open();
      await createList(lists, "list", { format: create });
      await edit(lists, attestation);
      await pushList(lists, "list", ["dir:/out"], push === undefined ? {} : { format: push });
      const pushed = await host.files.readFile("/out/manifest.json", 1 << 20);
      expect(new TextDecoder().decode(pushed)).toBe(readFileSync(`test/golden/${name}.json`, "utf8"));
    });
  }

  it("index-annotations, of skopeo", async () => {
    const golden = readFileSync("test/golden/index-annotations.json", "utf8");
    const { manifests, annotations } = JSON.parse(golden);
    const files = Object.fromEntries(manifests.map((entry: object, at: number) => [`/${at}.json`, JSON.stringify(entry)]));
    const { lists } = openDesk({ files });
    await createList(lists, "list", { images: Object.keys(files).map((path) => `@${path}`), annotations });
    expect(new TextDecoder().decode((await inspectList(lists, "list")).document.bytes)).toBe(golden);
  });
});
