import type { ContentOptions, ContentSource } from "../../port/mod.ts";
import { formatReference, type ManifestDocument } from "../../spec/mod.ts";
import { type Access, versionOf } from "./access.ts";
import { findReferrers } from "./find-referrers.ts";
import { findManifest, openBlob, readManifest, readSmallBlob } from "./read.ts";
import { isPresent, keepTag, recallManifest, recallsTag } from "./recall.ts";

/** Returns what a repository holds, for reading. */
export function openSource(access: Access): ContentSource {
  const { reference, repository } = access;
  const version = versionOf(reference);
  const expected = reference.digest === undefined ? {} : { expected: reference.digest };
  const resolve = async (options: ContentOptions = {}): Promise<ManifestDocument> => {
    if (reference.digest !== undefined)
      return (await recallManifest(access, reference.digest)) ?? (await readManifest(access, version, { ...options, ...expected }));
    return (await unchanged(access, version, options)) ?? (await readTag(access, version, options));
  };
  return {
    name: `docker://${formatReference(reference)}`,
    repository,
    resolve,
    async describe(options) {
      // What an earlier run has read need not be there any more.
      const known = reference.digest !== undefined && isPresent(access, { digest: reference.digest }) && (await recallManifest(access, reference.digest));
      if (known) return known.descriptor;
      const status = await findManifest(access, version, options);
      const described = status?.descriptor;
      if (described && (reference.digest === undefined || described.digest === reference.digest))
        return (await recallManifest(access, described.digest))?.descriptor ?? described;
      return (await resolve(options)).descriptor;
    },
    async manifest(descriptor, options = {}) {
      return (await recallManifest(access, descriptor)) ?? (await readManifest(access, descriptor.digest, { ...options, expected: descriptor }));
    },
    smallBlob: (descriptor, options) => readSmallBlob(access, descriptor, options),
    blob: (descriptor, options) => openBlob(access, descriptor, options),
    referrers: (subject, options) => findReferrers(access, subject, options),
  };
}

/** Returns what a tag that an earlier run has read stands for, if that is known once a HEAD has said what it is (Docker Hub counts only GETs). */
async function unchanged(access: Access, tag: string, options: ContentOptions): Promise<ManifestDocument | undefined> {
  if (!(await recallsTag(access, tag))) return undefined;
  const described = (await findManifest(access, tag, options))?.descriptor;
  return described && (await recallManifest(access, described));
}

async function readTag(access: Access, tag: string, options: ContentOptions): Promise<ManifestDocument> {
  const document = await readManifest(access, tag, options);
  await keepTag(access, tag, document.descriptor.digest);
  return document;
}
