import { describe, expect, it } from "bun:test";
import { isSignature } from "../../src/core/list/signature.ts";
import { type Descriptor, emptyDescriptor, type ImageManifest, mediaTypes } from "../../src/core/spec/mod.ts";

const manifestOf = (more: Partial<ImageManifest>): ImageManifest => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: emptyDescriptor,
  layers: [],
  ...more,
});
const typed = (mediaType: string): Descriptor => ({ ...emptyDescriptor, mediaType });
const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

describe("isSignature()", () => {
  it("knows those of Notary Project and cosign by type, payload and bundle", () => {
    for (const manifest of [
      manifestOf({ artifactType: "application/vnd.cncf.notary.signature" }),
      manifestOf({ config: typed("application/vnd.cncf.notary.signature") }),
      manifestOf({ config: typed("application/vnd.dev.cosign.artifact.sig.v1+json") }),
      manifestOf({ config: typed(mediaTypes.ociConfig), layers: [typed("application/vnd.dev.cosign.simplesigning.v1+json")] }),
      manifestOf({ artifactType: bundle, annotations: { "dev.sigstore.bundle.content": "message-signature" } }),
      manifestOf({
        artifactType: bundle,
        annotations: { "dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" },
      }),
    ])
      expect(isSignature({}, manifest)).toBe(true);
  });

  it("knows a tag of cosign's, and takes no attestation, image or index for one", () => {
    expect(["sha256-0.sig", "sha256-0.att", "sha256-0.sbom"].map((tag) => isSignature({ tag }))).toEqual([true, false, false]);
    const slsa = { "dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" };
    for (const manifest of [
      manifestOf({ artifactType: bundle, annotations: slsa }),
      manifestOf({ artifactType: "application/spdx+json" }),
      manifestOf({ annotations: { "dev.sigstore.bundle.content": "message-signature" } }),
      manifestOf({ config: typed(mediaTypes.ociConfig), layers: [typed(mediaTypes.ociLayerGzip)] }),
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] } as const,
    ])
      expect(isSignature({}, manifest)).toBe(false);
    expect(isSignature({})).toBe(false);
  });
});
