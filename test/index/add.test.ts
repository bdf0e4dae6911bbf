import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { addEntries, addEntry, createIndex } from "../../src/core/index/mod.ts";
import type { Descriptor } from "../../src/core/spec/mod.ts";
import { descriptor, ociIndex } from "../helper/arbitrary.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const fresh: Descriptor = {
  mediaType: "a/new",
  digest,
  size: 2,
  annotations: { a: "fresh", b: "fresh" },
  platform: { os: "linux", architecture: "amd64" },
  artifactType: "t/fresh",
};

describe("addEntry()", () => {
  it("puts a new entry last and touches nothing else", () => {
    fc.assert(
      fc.property(ociIndex, descriptor, (index, entry) => {
        fc.pre(index.manifests.every((old) => old.digest !== entry.digest));
        const next = addEntry(index, entry);
        expect({ ...next, manifests: index.manifests }).toEqual(index);
        expect(next.manifests.length).toBe(index.manifests.length + 1);
        expect(next.manifests.at(-1)).toBe(entry);
        expect(index.manifests.every((old, at) => next.manifests[at] === old)).toBe(true);
      }),
    );
  });

  it("brings an entry of the same digest up to date in place, and keeps what somebody gave it", () => {
    const other = { mediaType: "a/b", digest: `sha256:${"b".repeat(64)}`, size: 1 } as const;
    const old: Descriptor = {
      mediaType: "a/old",
      digest,
      size: 1,
      annotations: { a: "old", c: "old" },
      platform: { os: "linux", architecture: "arm64" },
      artifactType: "t/old",
      urls: ["https://e.example"],
      unknown: [
        ["x", "1"],
        ["y", "2"],
      ],
    };
    const next = addEntry(createIndex({ manifests: [old, other] }), { ...fresh, unknown: [["y", "3"]] });
    expect(next.manifests).toEqual([
      {
        ...old,
        mediaType: "a/new",
        size: 2,
        annotations: { a: "old", b: "fresh", c: "old" },
        unknown: [
          ["x", "1"],
          ["y", "3"],
        ],
      },
      other,
    ]);
    expect(next.manifests[1]).toBe(other);
  });

  it("gives an entry that has nothing what the fresh one has", () => {
    const next = addEntry(createIndex({ manifests: [{ mediaType: "a/old", digest, size: 1 }] }), fresh);
    expect(next.manifests).toEqual([fresh]);
  });

  it("invents no members when an entry is added again", () => {
    const plain = { mediaType: "a/b", digest, size: 1 };
    const next = addEntry(createIndex({ manifests: [plain] }), plain);
    expect(Object.keys(next.manifests[0] ?? {})).toEqual(["mediaType", "digest", "size"]);
  });

  it("changes nothing when it is repeated", () => {
    fc.assert(fc.property(ociIndex, descriptor, (index, entry) => expect(addEntry(addEntry(index, entry), entry)).toEqual(addEntry(index, entry))));
  });
});

describe("addEntries()", () => {
  const arm = (variant: string, annotations: Record<string, string> = {}): Descriptor => ({
    mediaType: "a/b",
    digest,
    size: 1,
    platform: { os: "linux", architecture: "arm", variant },
    annotations: { for: variant, ...annotations },
  });
  const both = [{ entry: arm("v6") }, { entry: arm("v7") }];

  it("keeps entries of one digest apart by their platforms", () => {
    expect(addEntries(createIndex(), both).manifests).toEqual([arm("v6"), arm("v7")]);
  });

  it("brings each up to date by its platform when they are added again", () => {
    const next = addEntries(addEntries(createIndex(), both), [{ entry: arm("v7", { more: "7" }) }, { entry: arm("v6", { more: "6" }) }]);
    expect(next.manifests).toEqual([arm("v6", { more: "6" }), arm("v7", { more: "7" })]);
  });

  it("brings all of them up to date with one that states no platform", () => {
    const next = addEntries(addEntries(createIndex(), both), [{ entry: { mediaType: "a/b", digest, size: 9 } }]);
    expect(next.manifests.map(({ size, platform }) => [size, platform?.variant])).toEqual([
      [9, "v6"],
      [9, "v7"],
    ]);
  });

  it("gives the only entry of its digest the platform that is stated, and stands beside several", () => {
    const one = addEntries(createIndex(), [{ entry: arm("v6") }]);
    const variants = (index: typeof one) => index.manifests.map((entry) => entry.platform?.variant);
    expect(variants(addEntries(one, [{ entry: arm("v7"), isStated: true }]))).toEqual(["v7"]);
    expect(variants(addEntries(one, [{ entry: arm("v7") }]))).toEqual(["v6"]);
    const two = addEntries(one, both);
    expect(variants(two)).toEqual(["v6", "v7"]);
    expect(variants(addEntries(two, [{ entry: arm("v5"), isStated: true }]))).toEqual(["v6", "v7", "v5"]);
  });

  it("patches what it added and what it brought up to date, and nothing else", () => {
    const other: Descriptor = { mediaType: "a/b", digest: `sha256:${"b".repeat(64)}`, size: 1 };
    const patch = { annotations: { patched: "yes" }, platform: { "os.version": "1" } };
    const next = addEntries(addEntries(createIndex(), [{ entry: other }, { entry: arm("v6") }]), [
      { entry: arm("v6"), patch },
      { entry: arm("v7"), patch },
    ]);
    expect(next.manifests[0]).toBe(other);
    expect(next.manifests.slice(1).map((entry) => [entry.annotations?.patched, entry.platform?.["os.version"]])).toEqual([
      ["yes", "1"],
      ["yes", "1"],
    ]);
  });
});
