import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { annotateEntry, annotateIndex, createIndex, type EntryPatch } from "../../src/core/index/mod.ts";
import { type Descriptor, emptyDescriptor, encodeImageIndex, type ImageIndex, mediaTypes } from "../../src/core/spec/mod.ts";
import { annotations, ociIndex } from "../helper/arbitrary.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const plain: Descriptor = { mediaType: "a/b", digest, size: 1 };
const full: Descriptor = {
  ...plain,
  urls: ["https://e.example"],
  annotations: { a: "1" },
  data: "AA==",
  platform: { architecture: "arm64", os: "linux", "os.version": "1", "os.features": ["o"], variant: "v8", features: ["f"], unknown: [["x", "1"]] },
  artifactType: "a/t",
  unknown: [["y", "2"]],
};

function patched(entry: Descriptor, patch: EntryPatch, mediaType: ImageIndex["mediaType"] = mediaTypes.ociIndex): Descriptor | undefined {
  return annotateEntry(createIndex({ mediaType, manifests: [entry] }), entry.digest, patch).manifests[0];
}

describe("annotateEntry()", () => {
  it("merges annotations and touches nothing else", () => {
    fc.assert(
      fc.property(
        ociIndex.filter((index) => index.manifests.length > 0),
        annotations,
        (index, patch) => {
          const [first, ...rest] = index.manifests;
          if (first === undefined) return;
          const next = annotateEntry(index, first.digest, { annotations: patch });
          expect({ ...next, manifests: index.manifests }).toEqual(index);
          expect(next.manifests.slice(1).every((entry, at) => entry === rest[at])).toBe(true);
          expect(next.manifests[0]).toEqual({
            ...first,
            annotations: Object.fromEntries([...Object.entries(first.annotations ?? {}), ...Object.entries(patch)]),
          });
        },
      ),
    );
  });

  it("changes every entry with the digest", () => {
    const index = createIndex({ manifests: [plain, { ...plain, urls: [] }] });
    expect(annotateEntry(index, digest, { annotations: { a: "b" } }).manifests.map((entry) => entry.annotations)).toEqual([{ a: "b" }, { a: "b" }]);
  });

  it("gives the same bytes for an empty patch", () => {
    for (const entry of [plain, full, { ...plain, annotations: {}, urls: [] }, { ...plain, platform: { architecture: "", os: "" } }]) {
      const index = createIndex({ manifests: [entry] });
      for (const patch of [{}, { annotations: {} }, { platform: {} }, { platform: { os: undefined } }, { annotations: { none: undefined } }, { unset: [] }]) {
        expect(encodeImageIndex(annotateEntry(index, digest, patch))).toEqual(encodeImageIndex(index));
      }
    }
  });

  it("does not leave an empty map behind", () => {
    expect(patched({ ...plain, annotations: { a: "1" } }, { annotations: { a: undefined } })).toEqual(plain);
    expect(Object.keys(patched({ ...plain, annotations: { a: "1" } }, { annotations: { a: undefined } }) ?? {})).toEqual(["mediaType", "digest", "size"]);
  });

  it("sets each member of a platform and keeps the others", () => {
    const { platform } = full;
    expect(patched(full, { platform: { os: "darwin" } })?.platform).toEqual({ ...platform, os: "darwin" } as Descriptor["platform"]);
    expect(patched(full, { platform: { architecture: "arm", variant: "v7", "os.version": "2", "os.features": ["p"], features: ["g"] } })?.platform).toEqual({
      architecture: "arm",
      os: "linux",
      "os.version": "2",
      "os.features": ["p"],
      variant: "v7",
      features: ["g"],
      unknown: [["x", "1"]],
    });
  });

  it("makes a platform where there is none, with empty text for what is not named", () => {
    expect(patched(plain, { platform: { variant: "v8" } })?.platform).toEqual({ architecture: "", os: "", variant: "v8" });
    expect(patched(plain, { platform: { os: "linux", architecture: "amd64" } })?.platform).toEqual({ architecture: "amd64", os: "linux" });
  });

  it("takes out what is set to nothing, as Go leaves it out", () => {
    expect(patched(full, { platform: { variant: "", "os.version": "", "os.features": [], features: [] }, artifactType: "" })).toEqual({
      mediaType: "a/b",
      digest,
      size: 1,
      urls: ["https://e.example"],
      annotations: { a: "1" },
      data: "AA==",
      platform: { architecture: "arm64", os: "linux", unknown: [["x", "1"]] },
      unknown: [["y", "2"]],
    });
  });

  it.each(["urls", "annotations", "data", "platform", "artifactType"] as const)("takes out %s and nothing else", (field) => {
    const { [field]: gone, ...rest } = full;
    expect(gone).toBeDefined();
    expect(patched(full, { unset: [field] })).toEqual(rest);
    expect(patched(plain, { unset: [field] })).toEqual(plain);
  });

  it.each(["os.version", "os.features", "variant", "features"] as const)("takes %s out of a platform and nothing else", (field) => {
    const { [field]: gone, ...rest } = full.platform ?? { architecture: "", os: "" };
    expect(gone).toBeDefined();
    expect(patched(full, { unset: [field] })).toEqual({ ...full, platform: rest });
    expect(patched(plain, { unset: [field] })).toEqual(plain);
  });

  it("takes a platform out with its last member, except in a docker list, which demands one", () => {
    const entry = { ...plain, platform: { architecture: "", os: "", variant: "v8" } };
    expect(patched(entry, { unset: ["variant"] })).toEqual(plain);
    expect(patched(entry, { unset: ["variant"] }, mediaTypes.dockerList)).toEqual({ ...plain, platform: { architecture: "", os: "" } });
    expect(patched(full, { unset: ["platform"] }, mediaTypes.dockerList)?.platform).toEqual({ architecture: "", os: "" });
    expect(patched({ ...plain, platform: { architecture: "", os: "", unknown: [["x", "1"]] } }, { unset: ["variant"] })?.platform?.unknown).toEqual([
      ["x", "1"],
    ]);
  });

  it("takes out before it sets", () => {
    expect(patched(full, { unset: ["annotations", "platform"], annotations: { z: "9" }, platform: { os: "plan9" } })).toEqual({
      ...full,
      annotations: { z: "9" },
      platform: { architecture: "", os: "plan9" },
    });
  });

  it("refuses a digest no entry has", () => {
    expect(() => annotateEntry(createIndex({ manifests: [full] }), `sha256:${"b".repeat(64)}`, {})).toThrow(
      `Cannot annotate "sha256:${"b".repeat(64)}": none of 1 entries has it`,
    );
  });

  it("leaves 9 999 of 10 000 entries as they are", () => {
    const manifests = Array.from({ length: 10_000 }, (_, at) => ({ ...plain, digest: `sha256:${at.toString(16).padStart(64, "0")}` as const }));
    const next = annotateEntry(createIndex({ manifests }), manifests[9_999]?.digest ?? digest, { annotations: { a: "b" } });
    expect(next.manifests[9_999]?.annotations).toEqual({ a: "b" });
    expect(next.manifests[0]).toBe(manifests[0]);
  });
});

describe("annotateIndex()", () => {
  it("merges annotations and touches nothing else", () => {
    fc.assert(
      fc.property(ociIndex, annotations, (index, patch) => {
        const next = annotateIndex(index, { annotations: patch });
        expect(next.manifests).toBe(index.manifests);
        expect(next).toEqual({ ...index, annotations: Object.fromEntries([...Object.entries(index.annotations ?? {}), ...Object.entries(patch)]) });
      }),
    );
  });

  it("gives the same bytes for an empty patch", () => {
    fc.assert(
      fc.property(ociIndex, (index) => expect(encodeImageIndex(annotateIndex(index, { annotations: {}, unset: [] }))).toEqual(encodeImageIndex(index))),
    );
  });

  it("sets and takes out subject and artifact type", () => {
    const index = annotateIndex(createIndex(), { subject: emptyDescriptor, artifactType: "a/b" });
    expect(index).toEqual({ ...createIndex(), subject: emptyDescriptor, artifactType: "a/b" });
    expect(annotateIndex(index, { unset: ["subject"] })).toEqual({ ...createIndex(), artifactType: "a/b" });
    expect(annotateIndex(index, { unset: ["subject", "artifactType"] })).toEqual(createIndex());
    expect(annotateIndex(index, { artifactType: "" })).toEqual({ ...createIndex(), subject: emptyDescriptor });
  });

  it("takes a map out with its last annotation", () => {
    const index = createIndex({ annotations: { a: "1" } });
    expect(Object.keys(annotateIndex(index, { annotations: { a: undefined } }))).not.toContain("annotations");
    expect(annotateIndex(index, { unset: ["annotations"], annotations: { b: "2" } }).annotations).toEqual({ b: "2" });
  });
});
