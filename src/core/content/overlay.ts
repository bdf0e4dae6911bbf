import { type ByteStream, streamBytes } from "../base/mod.ts";
import type { ContentOptions, ContentSource } from "../port/mod.ts";
import type { Digest, ManifestDocument } from "../spec/mod.ts";

/** Opens a blob. */
export type BlobOpener = (options?: ContentOptions) => Promise<ByteStream>;

/** Content that was made here, by its digest. */
export interface MadeContent {
  /** Manifests. */
  readonly manifests: ReadonlyMap<Digest, ManifestDocument>;
  /** Blobs, and what opens them as streams that fail at their end if digest or size differ. @default none */
  readonly blobs?: ReadonlyMap<Digest, BlobOpener>;
}

/** Returns a source that has `made` beside what `base` has; it is not asked of `base`, which names the root. */
export function overlaySource(base: ContentSource, made: MadeContent): ContentSource {
  const { manifests, blobs } = made;
  return {
    name: base.name,
    ...(base.repository && { repository: base.repository }),
    made: { has: (digest) => manifests.has(digest) || blobs?.has(digest) === true || base.made?.has(digest) === true },
    resolve: (options) => base.resolve(options),
    describe: (options) => base.describe(options),
    manifest: async (descriptor, options) => manifests.get(descriptor.digest) ?? base.manifest(descriptor, options),
    smallBlob: async (descriptor, options) => manifests.get(descriptor.digest)?.bytes ?? base.smallBlob(descriptor, options),
    ...(base.signatures && { signatures: async (manifest, options) => (await base.signatures?.(manifest, options)) ?? [] }),
    ...(base.referrers && { referrers: async (subject, options) => (await base.referrers?.(subject, options)) ?? [] }),
    async blob(descriptor, options) {
      const open = blobs?.get(descriptor.digest);
      if (open) return await open(options);
      const document = manifests.get(descriptor.digest);
      return document ? streamBytes(document.bytes) : await base.blob(descriptor, options);
    },
  };
}
