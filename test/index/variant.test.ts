import { describe, expect, it } from "bun:test";
import { addVariants, createIndex, isZstdEntry, markZstd, zstdKey } from "../../src/core/index/mod.ts";
import type { Descriptor } from "../../src/core/spec/mod.ts";

const entryOf = (digit: string, annotations?: Descriptor["annotations"]): Descriptor => ({
  mediaType: "a/b",
  digest: `sha256:${digit.repeat(64)}`,
  size: 1,
  ...(annotations && { annotations }),
});
const [a, b, c] = [entryOf("a"), entryOf("b", { from: "ci" }), entryOf("c")];
const attestation = entryOf("d", { "vnd.docker.reference.type": "attestation-manifest" });

describe("markZstd()", () => {
  it("sets the annotation and keeps others", () => {
    expect(markZstd(b, true)).toEqual({ ...b, annotations: { from: "ci", [zstdKey]: "true" } });
    expect(isZstdEntry(markZstd(a, true))).toBe(true);
  });

  it("takes it away, and an empty map with it", () => {
    expect(markZstd(markZstd(b, true), false)).toEqual(b);
    expect(markZstd(markZstd(a, true), false)).toEqual(a);
    expect(markZstd(entryOf("a", { [zstdKey]: "false" }), false)).toEqual(a);
  });

  it("returns what says so already as it is", () => {
    const marked = markZstd(a, true);
    expect(markZstd(marked, true)).toBe(marked);
    expect(markZstd(b, false)).toBe(b);
    expect(isZstdEntry(entryOf("a", { [zstdKey]: "1" }))).toBe(false);
  });
});

describe("addVariants()", () => {
  it("puts images with zstd behind all others, each in their order", () => {
    const [za, zb] = [markZstd(a, true), markZstd(b, true)];
    expect(addVariants(createIndex({ manifests: [a, b] }), [za, zb]).manifests).toEqual([a, b, za, zb]);
    expect(addVariants(createIndex({ manifests: [za, attestation, zb] }), [c]).manifests).toEqual([attestation, c, za, zb]);
    expect(addVariants(createIndex({ manifests: [za, b] }), []).manifests).toEqual([b, za]);
  });

  it("leaves the order where every image has zstd, and an index in order as it is", () => {
    const index = createIndex({ manifests: [markZstd(a, true), attestation, markZstd(b, true)] });
    expect(addVariants(index, [])).toBe(index);
    const ordered = createIndex({ manifests: [a, attestation, markZstd(b, true)] });
    expect(addVariants(ordered, [])).toBe(ordered);
  });
});
