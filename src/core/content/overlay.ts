import { streamBytes } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Digest, ManifestDocument } from "../spec/mod.ts";

/** Returns a source that has `documents` beside what `base` has; they are not asked of `base`, which names the root. */
export function overlaySource(base: ContentSource, documents: ReadonlyMap<Digest, ManifestDocument>): ContentSource {
  return {
    name: base.name,
    ...(base.repository && { repository: base.repository }),
    made: new Map([...(base.made ?? []), ...documents]),
    resolve: (options) => base.resolve(options),
    describe: (options) => base.describe(options),
    manifest: async (descriptor, options) => documents.get(descriptor.digest) ?? base.manifest(descriptor, options),
    smallBlob: async (descriptor, options) => documents.get(descriptor.digest)?.bytes ?? base.smallBlob(descriptor, options),
    ...(base.signatures && { signatures: async (manifest, options) => (await base.signatures?.(manifest, options)) ?? [] }),
    ...(base.referrers && { referrers: async (subject, options) => (await base.referrers?.(subject, options)) ?? [] }),
    async blob(descriptor, options) {
      const document = documents.get(descriptor.digest);
      return document ? streamBytes(document.bytes) : base.blob(descriptor, options);
    },
  };
}
