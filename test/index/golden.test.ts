import { describe, expect, it } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { addEntry, annotateEntry, annotateIndex, convertIndex, createIndex, removeEntries } from "../../src/core/index/mod.ts";
import { type Descriptor, encodeImageIndex, type ImageIndex, isImageIndex, mediaTypes, parseAnnotation, parseManifest } from "../../src/core/spec/mod.ts";

const golden = "test/golden";
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const read = (name: string): string => readFileSync(`${golden}/${name}.json`, "utf8");

const linux = { os: "linux" };
const amd64: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: "sha256:d41a8bedca7607ebf8317f657342d13f374c18df27845f704fc9b3d11880da7b",
  size: 397,
  platform: { ...linux, architecture: "amd64" },
};
const arm64: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: "sha256:baf8eb9f212ee196cdb8df87e012f061324d4390992e701c43cbaaffefcd8eb5",
  size: 397,
  platform: { ...linux, architecture: "arm64", variant: "v8" },
};
const windows: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: "sha256:793be49c93f375b683618f8e62b05adb0df43600a71aedfe98235a61eefebb8e",
  size: 397,
  platform: { os: "windows", architecture: "amd64", "os.version": "10.0.17763.5122", "os.features": ["win32k"] },
};
const attestation: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: "sha256:9eeec2ae21bde305abf17cef65c13d49a7e2f02a1e13ee0a153e16c82b3d0f1f",
  size: 384,
  platform: { os: "unknown", architecture: "unknown" },
};
const docker: Descriptor = {
  mediaType: mediaTypes.dockerManifest,
  digest: "sha256:ca72e4d5b934e21c9aadf306b3b59344585f714cd3457da9f1dfcfbb424b9c6c",
  size: 419,
  platform: { ...linux, architecture: "s390x" },
};

const listOf = (...entries: readonly Descriptor[]): ImageIndex => entries.reduce(addEntry, createIndex());

const oddAnnotations = [
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

const featured = annotateEntry(listOf(arm64, amd64), arm64.digest, {
  platform: { "os.version": "1.2", "os.features": ["a", "b"], features: ["sse4", "aes"], variant: "v9" },
});

/** What our functions make of the commands in test/golden/README.md. */
const rebuilt: Readonly<Record<string, ImageIndex>> = {
  empty: createIndex({ mediaType: mediaTypes.dockerList }),
  "empty-as-oci": createIndex(),
  images: listOf(amd64, arm64),
  annotations: annotateEntry(listOf(amd64), amd64.digest, { annotations: Object.fromEntries(oddAnnotations.map(parseAnnotation)) }),
  annotate: annotateEntry(listOf({ ...amd64, annotations: { b: "1", a: "1" } }, arm64), amd64.digest, { annotations: { c: "3", a: "2", b: undefined } }),
  platform: annotateEntry(listOf(arm64), arm64.digest, {
    platform: { os: "plan9", architecture: "arm", variant: "v7", "os.version": "1.2.3", "os.features": ["one", "two"] },
  }),
  features: convertIndex(featured, mediaTypes.dockerList).index,
  "features-as-oci": convertIndex(convertIndex(featured, mediaTypes.dockerList).index, mediaTypes.ociIndex).index,
  "docker-image": annotateEntry(listOf(docker), docker.digest, { annotations: { a: "1" } }),
  "docker-image-as-v2s2": convertIndex(annotateEntry(listOf(docker), docker.digest, { annotations: { a: "1" } }), mediaTypes.dockerList).index,
  "add-all": listOf(amd64, windows, attestation),
  remove: convertIndex(removeEntries(listOf(amd64), [amd64.digest]), mediaTypes.dockerList).index,
  "index-annotations": annotateIndex(
    listOf(
      { ...amd64, digest: "sha256:84e907d82523abe457f53139428ca96cff3202fef46fab7ef3e2f8b88b48c83a", size: 400 },
      { ...windows, digest: "sha256:fd26f912ffeafd68b68b012e7802bc99cc7c65e017cad66bbc202c66279c53c1", size: 400, annotations: { b: "<2>", a: "1" } },
      { ...attestation, annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd64.digest } },
    ),
    { annotations: { "org.opencontainers.image.description": 'Über <all> & "more" \u2028 😀', "9": "nine", "10": "ten" } },
  ),
};

describe("encodeImageIndex() gives the bytes that were recorded", () => {
  it.each(Object.keys(rebuilt))("%s", (name) => {
    const index = rebuilt[name];
    expect(index && decode(encodeImageIndex(index))).toBe(read(name));
  });

  it("of every recorded case", () => {
    const names = readdirSync(golden).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));
    expect(names.sort()).toEqual(Object.keys(rebuilt).sort());
  });
});

describe("parseManifest() and encodeImageIndex()", () => {
  it.each(Object.keys(rebuilt))("give the recorded bytes of %s back", (name) => {
    const value = parseManifest(readFileSync(`${golden}/${name}.json`));
    expect(isImageIndex(value) && decode(encodeImageIndex(value))).toBe(read(name));
  });
});
