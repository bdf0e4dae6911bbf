import { shorten, tryParseBase64 } from "../base/mod.ts";
import type { Descriptor, Digest, ImageIndex } from "../spec/mod.ts";
import { referenceDigestKey } from "./attestation.ts";
import type { Loss } from "./convert.ts";

/**
 * Returns `index` with entries pointing to new content: type, digest and size come from the new descriptor, as do `data` and
 * `urls`, which speak of the bytes; everything else of the entry stays. Attestations and the subject follow.
 * @example Point to a converted image
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex, rewriteEntries } from "ocidex/index";
 * import { emptyDescriptor, mediaTypes } from "ocidex/spec";
 *
 * const old = { ...emptyDescriptor, digest: `sha256:${"a".repeat(64)}`, annotations: { from: "ci" } } as const;
 * const fresh = { mediaType: mediaTypes.ociManifest, digest: `sha256:${"b".repeat(64)}`, size: 7 } as const;
 * const next = rewriteEntries(createIndex({ manifests: [old] }), new Map([[old.digest, fresh]]));
 * assert.deepEqual(next.manifests, [{ ...fresh, annotations: { from: "ci" } }]);
 * ```
 */
export function rewriteEntries(index: ImageIndex, replaced: ReadonlyMap<Digest, Descriptor>): ImageIndex {
  if (replaced.size === 0) return index;
  const digests = new Map<string, string>([...replaced].map(([old, fresh]) => [old, fresh.digest]));
  const manifests = index.manifests.map((entry) => repoint(redirect(entry, replaced), digests));
  const subject = index.subject && redirect(index.subject, replaced);
  const same = subject === index.subject && manifests.every((entry, at) => entry === index.manifests[at]);
  return same ? index : { ...index, manifests, ...(subject && { subject }) };
}

/** Returns what entries with one of `digests` lose when they point to new content: `data` and `urls` speak of the old bytes. */
export function rewriteLosses(index: ImageIndex, digests: ReadonlySet<Digest>): readonly Loss[] {
  return index.manifests.flatMap(({ digest, data, urls }) => {
    if (!digests.has(digest)) return [];
    const bytes = data === undefined ? undefined : `${tryParseBase64(data)?.length ?? 0} bytes`;
    return [
      ...(bytes === undefined ? [] : [{ where: digest, field: "data", value: bytes }]),
      ...(urls === undefined ? [] : [{ where: digest, field: "urls", value: shorten(urls.join(" "), 80) }]),
    ];
  });
}

function redirect(entry: Descriptor, replaced: ReadonlyMap<Digest, Descriptor>): Descriptor {
  const fresh = replaced.get(entry.digest);
  if (fresh === undefined) return entry;
  const { data: _data, urls: _urls, ...kept } = entry;
  const { mediaType, digest, size, data, urls } = fresh;
  return { ...kept, mediaType, digest, size, ...(data !== undefined && { data }), ...(urls && { urls }) };
}

function repoint(entry: Descriptor, digests: ReadonlyMap<string, string>): Descriptor {
  const fresh = digests.get(entry.annotations?.[referenceDigestKey] ?? "");
  return fresh === undefined ? entry : { ...entry, annotations: { ...entry.annotations, [referenceDigestKey]: fresh } };
}
