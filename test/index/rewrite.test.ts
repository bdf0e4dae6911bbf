import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { createIndex, rewriteEntries } from "../../src/core/index/mod.ts";
import type { Descriptor, Digest } from "../../src/core/spec/mod.ts";
import { descriptor, ociIndex } from "../helper/arbitrary.ts";

const [old, fresh, other]: readonly Digest[] = ["a", "b", "c"].map((digit): Digest => `sha256:${digit.repeat(64)}`) as [Digest, Digest, Digest];
const replacement: Descriptor = {
  mediaType: "a/new",
  digest: fresh ?? "x:y",
  size: 9,
  annotations: { not: "taken" },
  platform: { os: "not", architecture: "taken" },
};
const replaced = new Map<Digest, Descriptor>([[old ?? "x:y", replacement]]);
const entryOf = (digest: Digest | undefined, more: Partial<Descriptor> = {}): Descriptor => ({ mediaType: "a/b", digest: digest ?? "x:y", size: 1, ...more });

describe("rewriteEntries()", () => {
  it("takes type, digest and size, and keeps what the entry says otherwise", () => {
    const entry = entryOf(old, { annotations: { a: "1" }, platform: { os: "linux", architecture: "amd64" }, artifactType: "a/t", unknown: [["x", "1"]] });
    expect(rewriteEntries(createIndex({ manifests: [entry] }), replaced).manifests).toEqual([
      { ...entry, mediaType: "a/new", digest: replacement.digest, size: 9 },
    ]);
  });

  it("does not keep data and places of the old bytes", () => {
    const entry = entryOf(old, { data: "AA==", urls: ["https://e.example/old"] });
    expect(rewriteEntries(createIndex({ manifests: [entry] }), replaced).manifests).toEqual([{ mediaType: "a/new", digest: replacement.digest, size: 9 }]);
    const withData = new Map([[entry.digest, { ...replacement, data: "AQ==", urls: ["https://e.example/new"] }]]);
    expect(rewriteEntries(createIndex({ manifests: [entry] }), withData).manifests[0]).toEqual({
      mediaType: "a/new",
      digest: replacement.digest,
      size: 9,
      data: "AQ==",
      urls: ["https://e.example/new"],
    });
  });

  it("points attestations and the subject to the new digest", () => {
    const annotations = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": String(old), a: "1" };
    const index = createIndex({ manifests: [entryOf(old), entryOf(other, { annotations })], subject: entryOf(old, { annotations: { s: "1" } }) });
    const next = rewriteEntries(index, replaced);
    expect(next.manifests[1]).toEqual(entryOf(other, { annotations: { ...annotations, "vnd.docker.reference.digest": replacement.digest } }));
    expect(next.subject).toEqual({ mediaType: "a/new", digest: replacement.digest, size: 9, annotations: { s: "1" } });
  });

  it("leaves what is not named as it is, by identity", () => {
    fc.assert(
      fc.property(ociIndex, descriptor, (index, to) => {
        expect(rewriteEntries(index, new Map())).toBe(index);
        expect(rewriteEntries(index, new Map([[to.digest, to]]))).toBe(index);
        const [first, ...rest] = index.manifests;
        if (first === undefined) return;
        const next = rewriteEntries(index, new Map([[first.digest, to]]));
        expect(next.manifests[0]?.digest).toBe(to.digest);
        expect(next.manifests.slice(1).every((entry, at) => entry === rest[at])).toBe(true);
        expect({ ...next, manifests: index.manifests }).toEqual(index);
      }),
    );
  });
});
