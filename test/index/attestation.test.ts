import { describe, expect, it } from "bun:test";
import { attestationsOf, createIndex, isAttestation } from "../../src/core/index/mod.ts";

const image = { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 } as const;
const attestation = (digest: string) =>
  ({
    mediaType: "a/b",
    digest: `sha256:${"b".repeat(64)}`,
    size: 1,
    annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest },
    platform: { os: "unknown", architecture: "unknown" },
  }) as const;

describe("isAttestation()", () => {
  it("goes by the annotation, not by the platform", () => {
    expect(isAttestation(attestation(image.digest))).toBe(true);
    expect(isAttestation({ ...image, platform: { os: "unknown", architecture: "unknown" } })).toBe(false);
    expect(isAttestation({ ...image, annotations: { "vnd.docker.reference.type": "other" } })).toBe(false);
  });
});

describe("attestationsOf()", () => {
  it("finds those that speak about the digest", () => {
    const index = createIndex({ manifests: [image, attestation("sha256:other"), attestation(image.digest)] });
    expect(attestationsOf(index, image.digest)).toEqual([attestation(image.digest)]);
    expect(attestationsOf(index, `sha256:${"c".repeat(64)}`)).toEqual([]);
  });
});
