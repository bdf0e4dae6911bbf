import type { Referrer } from "../port/mod.ts";
import { type ImageIndex, type ImageManifest, isImageIndex } from "../spec/mod.ts";

/** Types of manifests that are signatures, by their artifact type or config: Notary Project's and cosign's. */
const signatureTypes: ReadonlySet<string> = new Set(["application/vnd.cncf.notary.signature", "application/vnd.dev.cosign.artifact.sig.v1+json"]);
const cosignPayload = "application/vnd.dev.cosign.simplesigning.v1+json";
/** What `cosign sign` of version 3 attests; a bundle of that type is a signature, others are attestations. */
const cosignStatement = "https://sigstore.dev/cosign/sign/v1";

/** Tells whether a referrer is a signature: by the tag that cosign gives it, else by its manifest. Attestations, which are signed too, are none. */
export function isSignature({ tag }: Pick<Referrer, "tag">, manifest?: ImageManifest | ImageIndex): boolean {
  if (tag !== undefined) return tag.endsWith(".sig");
  if (manifest === undefined || isImageIndex(manifest)) return false;
  const { artifactType, config, layers, annotations = {} } = manifest;
  const type = artifactType ?? config.mediaType;
  if (signatureTypes.has(type) || layers.some(({ mediaType }) => mediaType === cosignPayload)) return true;
  const isBundle = type.startsWith("application/vnd.dev.sigstore.bundle");
  return (
    isBundle && (annotations["dev.sigstore.bundle.content"] === "message-signature" || annotations["dev.sigstore.bundle.predicateType"] === cosignStatement)
  );
}
