import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { annotateEntry, annotateIndex, convertIndex, createIndex, formatLoss, type Loss, needsOci } from "../../src/core/index/mod.ts";
import { type Descriptor, type ImageIndex, mediaTypes, type Platform } from "../../src/core/spec/mod.ts";
import { dockerList, ociIndex } from "../helper/arbitrary.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const plain: Descriptor = { mediaType: "a/b", digest, size: 1 };

/** Takes out of `index` what `lost` names, and nothing else. */
function without(index: ImageIndex, lost: readonly Loss[]): ImageIndex {
  return lost.reduce((rest, { where, field }) => {
    const key = field.startsWith("annotations.") ? field.slice("annotations.".length) : undefined;
    const annotations = key === undefined ? {} : Object.fromEntries([[key, undefined]]);
    if (where === "index") {
      if (key !== undefined) return annotateIndex(rest, { annotations });
      return annotateIndex(rest, { unset: (["subject", "artifactType", "annotations"] as const).filter((name) => name === field) });
    }
    if (key !== undefined) return annotateEntry(rest, where, { annotations });
    const names = ["artifactType", "data", "annotations", "features"] as const;
    return annotateEntry(rest, where, { unset: names.filter((name) => field === name || field === `platform.${name}`) });
  }, index);
}

/** A platform of empty texts and none are the same: a docker list demands one. */
function withoutEmptyPlatforms(index: ImageIndex): ImageIndex {
  const isEmpty = (platform: Platform | undefined): boolean => platform?.architecture === "" && platform.os === "" && Object.keys(platform).length === 2;
  return {
    ...index,
    manifests: index.manifests.map((entry) => {
      const { platform, ...rest } = entry;
      return isEmpty(platform) ? rest : entry;
    }),
  };
}

describe("convertIndex()", () => {
  it("there and back loses of an OCI index only what it names", () => {
    fc.assert(
      fc.property(ociIndex, (index) => {
        const there = convertIndex(index, mediaTypes.dockerList);
        const back = convertIndex(there.index, mediaTypes.ociIndex);
        expect(back.lost).toEqual([]);
        expect(withoutEmptyPlatforms(back.index)).toEqual(withoutEmptyPlatforms(without(index, there.lost)));
      }),
      { numRuns: 300 },
    );
  });

  it("there and back loses of a docker list only what it names", () => {
    fc.assert(
      fc.property(dockerList, (list) => {
        const there = convertIndex(list, mediaTypes.ociIndex);
        const back = convertIndex(there.index, mediaTypes.dockerList);
        expect(back.lost).toEqual([]);
        expect(back.index).toEqual(without(list, there.lost));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves nothing in a docker list that needs OCI, and no features in an OCI index", () => {
    fc.assert(fc.property(ociIndex, (index) => expect(needsOci(convertIndex(index, mediaTypes.dockerList).index)).toEqual([])));
    fc.assert(
      fc.property(dockerList, (list) => {
        const { index } = convertIndex(list, mediaTypes.ociIndex);
        expect(index.manifests.every((entry) => entry.platform?.features === undefined)).toBe(true);
      }),
    );
  });

  it("gives every entry of a docker list a platform, and invents nothing in it", () => {
    expect(convertIndex(createIndex({ manifests: [plain] }), mediaTypes.dockerList)).toEqual({
      index: createIndex({ mediaType: mediaTypes.dockerList, manifests: [{ ...plain, platform: { architecture: "", os: "" } }] }),
      lost: [],
    });
    expect(
      convertIndex(createIndex({ mediaType: mediaTypes.dockerList, manifests: [{ ...plain, platform: { architecture: "", os: "" } }] }), mediaTypes.ociIndex)
        .index,
    ).toEqual(createIndex({ manifests: [plain] }));
  });

  it("names everything a docker list cannot hold", () => {
    const index = createIndex({
      annotations: { a: "1", b: "x".repeat(100) },
      subject: { ...plain, digest: `sha256:${"b".repeat(64)}` },
      artifactType: "a/t",
      manifests: [
        {
          ...plain,
          urls: ["https://e.example"],
          annotations: {},
          data: "AAA=",
          artifactType: "b/t",
          platform: { architecture: "a", os: "o", features: ["f"] },
        },
      ],
    });
    expect(needsOci(index).map(formatLoss)).toEqual([
      'annotation a="1" of the index',
      `annotation b="${"x".repeat(59)}…" of the index`,
      `subject "sha256:${"b".repeat(64)}" of the index`,
      'artifactType "a/t" of the index',
      `annotations "{}" of ${digest}`,
      `artifactType "b/t" of ${digest}`,
      `data "2 bytes" of ${digest}`,
    ]);
    expect(convertIndex(index, mediaTypes.dockerList).index.manifests).toEqual([
      { ...plain, urls: ["https://e.example"], platform: { architecture: "a", os: "o", features: ["f"] } },
    ]);
  });

  it("names the features an OCI index cannot hold", () => {
    const list = createIndex({
      mediaType: mediaTypes.dockerList,
      manifests: [
        { ...plain, platform: { architecture: "amd64", os: "linux", features: ["sse4", "aes"] } },
        { ...plain, platform: { architecture: "", os: "", features: [] } },
      ],
    });
    const { index, lost } = convertIndex(list, mediaTypes.ociIndex);
    expect(lost).toEqual([
      { where: digest, field: "platform.features", value: "sse4,aes" },
      { where: digest, field: "platform.features", value: "" },
    ]);
    expect(index).toEqual(createIndex({ manifests: [{ ...plain, platform: { architecture: "amd64", os: "linux" } }, plain] }));
  });

  it("returns what is in the format already as it is", () => {
    const index = createIndex({ manifests: [{ ...plain, platform: { architecture: "a", os: "o", features: ["f"] } }] });
    expect(convertIndex(index, mediaTypes.ociIndex).index).toBe(index);
    const odd = createIndex({ mediaType: mediaTypes.dockerList, annotations: { a: "b" } });
    expect(convertIndex(odd, mediaTypes.dockerList)).toEqual({ index: odd, lost: [] });
  });

  it("keeps entries it need not change by identity", () => {
    const entry = { ...plain, platform: { architecture: "a", os: "o" } };
    expect(convertIndex(createIndex({ manifests: [entry] }), mediaTypes.dockerList).index.manifests[0]).toBe(entry);
  });
});

describe("formatLoss()", () => {
  it("lets nothing steer a terminal", () => {
    expect(formatLoss({ where: "index", field: "annotations.\u001b[2J", value: "\u202e" })).toBe('annotation \\x1b[2J="\\u{202e}" of the index');
  });
});
