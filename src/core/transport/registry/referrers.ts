import { isOciError, OciError } from "../../base/mod.ts";
import { newDocument } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import {
  type Descriptor,
  type Digest,
  findEditObstacle,
  type ImageIndex,
  isImageIndex,
  type ManifestDocument,
  mediaTypes,
  referrersTag,
} from "../../spec/mod.ts";
import type { Access } from "./access.ts";
import { readManifest } from "./read.ts";
import { writeManifest } from "./write.ts";

/** Times the list is written when somebody else writes it at the same time. */
const maximumTries = 5;

/**
 * Adds `document` to the list of what refers to its subject. The specification knows no lock for it, so the list is read again
 * after writing and what got lost is merged in again. @throws {OciError} `CONFLICT` where that never ends
 */
export async function addReferrer(access: Access, document: ManifestDocument, subject: Digest, options: ContentOptions = {}): Promise<void> {
  const tag = referrersTag(subject);
  const entry = referrerOf(document);
  for (let attempt = 0; ; attempt++) {
    const list = await readList(access, tag, subject, options);
    if (list === undefined || list.manifests.some((known) => known.digest === entry.digest)) return;
    if (attempt === maximumTries) throw lostRace(access, document, tag);
    const next = newDocument(access.client.hash, { ...list, manifests: [...list.manifests, entry] });
    await writeManifest(access, tag, next, options);
  }
}

function lostRace(access: Access, { descriptor }: ManifestDocument, tag: string): OciError {
  const doing = `Cannot add ${access.nameOf(descriptor.digest)} to the list of referrers ${access.nameOf(tag)}`;
  return new OciError("CONFLICT", `${doing}: others replaced it ${maximumTries} times in between, another try may succeed`);
}

/** Returns the list at `tag`, an empty one where there is none, or undefined where something else lies there. */
async function readList(access: Access, tag: string, subject: Digest, options: ContentOptions): Promise<ImageIndex | undefined> {
  let document: ManifestDocument;
  try {
    document = await readManifest(access, tag, options);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
    throw error;
  }
  // One registry resolves such a tag to the subject itself, which is no list of referrers.
  const isList = isImageIndex(document.value) && document.descriptor.digest !== subject && document.value.mediaType === mediaTypes.ociIndex;
  if (isList && isImageIndex(document.value) && findEditObstacle(document.bytes) === undefined) return document.value;
  access.client.report({ type: "warning", message: `The list of referrers ${access.nameOf(tag)} cannot be kept: what lies there is not such a list` });
  return undefined;
}

function referrerOf({ descriptor, value }: ManifestDocument): Descriptor {
  const artifactType = value.artifactType ?? (isImageIndex(value) ? undefined : value.config.mediaType);
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size, ...(value.annotations && { annotations: value.annotations }), ...(artifactType !== undefined && { artifactType }) };
}
