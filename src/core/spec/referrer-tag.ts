import { type Digest, encodedDigest } from "./digest.ts";
import { isTag } from "./reference.ts";

/** Returns the tag that lists what refers to `subject` where a registry does not (distribution-spec "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  const algorithm = subject.slice(0, subject.indexOf(":")).slice(0, 32);
  return `${algorithm}-${encodedDigest(subject).slice(0, 64)}`.replace(/[^A-Za-z0-9._-]/g, "-");
}

/** Returns the tags under which cosign keeps signatures, attestations and bills of materials of `subject` (cosign `pkg/oci/remote`). */
export function cosignTags(subject: Digest): readonly string[] {
  return ["sig", "att", "sbom"].map((suffix) => `${subject.replace(":", "-")}.${suffix}`).filter(isTag);
}
