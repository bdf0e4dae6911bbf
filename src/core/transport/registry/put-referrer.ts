import { OciError } from "../../base/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import { isImageIndex, type ManifestDocument } from "../../spec/mod.ts";
import type { Access } from "./access.ts";
import { findManifest, readManifest } from "./read.ts";
import { writeManifest } from "./write.ts";

/**
 * Puts what cosign keeps under a tag there. What lies there already must be part of it, or it would be lost.
 * @throws {OciError} `LOSS`
 */
export async function putTagged(access: Access, tag: string, document: ManifestDocument, options: ContentOptions = {}): Promise<void> {
  const status = await findManifest(access, tag, options);
  if (status !== undefined && status.descriptor?.digest === document.descriptor.digest) return;
  const there = status && (await readManifest(access, tag, options));
  const missing = there === undefined ? [] : partsOf(there).filter((digest) => !partsOf(document).includes(digest));
  if (missing.length > 0) {
    const seen = `${missing.length} of what is kept there is not in ${document.descriptor.digest}`;
    throw new OciError("LOSS", `Cannot replace ${access.nameOf(tag)}: ${seen} and would be lost; without --referrers it stays`);
  }
  await writeManifest(access, tag, document, { ...options, expected: there?.descriptor.digest });
}

function partsOf({ value }: ManifestDocument): readonly string[] {
  return (isImageIndex(value) ? value.manifests : value.layers).map(({ digest }) => digest);
}
