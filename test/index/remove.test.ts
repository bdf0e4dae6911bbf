import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { addEntry, createIndex, removeEntries } from "../../src/core/index/mod.ts";
import { descriptor, ociIndex } from "../helper/arbitrary.ts";

describe("removeEntries()", () => {
  it("undoes addEntry() of a new entry", () => {
    fc.assert(
      fc.property(ociIndex, descriptor, (index, entry) => {
        fc.pre(index.manifests.every((old) => old.digest !== entry.digest));
        expect(removeEntries(addEntry(index, entry), [entry.digest])).toEqual(index);
      }),
    );
  });

  it("keeps the others and their order", () => {
    const manifests = ["a", "b", "c", "a"].map((digit) => ({ mediaType: "a/b", digest: `sha256:${digit.repeat(64)}` as const, size: 1 }));
    const next = removeEntries(createIndex({ manifests, annotations: { a: "b" } }), [`sha256:${"a".repeat(64)}`, `sha256:${"c".repeat(64)}`]);
    expect(next).toEqual(createIndex({ manifests: manifests.slice(1, 2), annotations: { a: "b" } }));
    expect(next.manifests[0]).toBe(manifests[1]);
  });

  it("takes a digest for every entry that has it, and an entry for itself", () => {
    const entry = { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 } as const;
    const [one, two] = [entry, { ...entry, annotations: { second: "yes" } }];
    const index = createIndex({ manifests: [one, two] });
    expect(removeEntries(index, [two]).manifests).toEqual([one]);
    expect(removeEntries(index, [entry.digest]).manifests).toEqual([]);
    expect(() => removeEntries(index, [{ ...one }])).toThrow("Cannot remove");
  });

  it("removes nothing when one digest is unknown", () => {
    const index = createIndex({ manifests: [{ mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 }] });
    expect(() => removeEntries(index, [`sha256:${"a".repeat(64)}`, "sha256:x"])).toThrow('Cannot remove "sha256:x": none of 1 entries has it');
  });
});
