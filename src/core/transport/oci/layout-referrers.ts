import { OciError, quote } from "../../base/mod.ts";
import { tryReadManifest } from "../../content/mod.ts";
import type { ContentOptions, Referrer } from "../../port/mod.ts";
import {
  cosignTags,
  type Descriptor,
  type Digest,
  type ImageIndex,
  isImageIndex,
  isIndexMediaType,
  isManifestDescriptor,
  type ManifestDocument,
  type OciLocation,
  referrersTag,
} from "../../spec/mod.ts";
import { type OpenLayout, readLayout, type UseLayout } from "./layout.ts";
import { entryNameOf, findEntry, keepEntry, readLayoutIndex, setEntry, withArtifactType } from "./layout-index.ts";

/** What the entries of a layout say about other manifests. */
export type LayoutReferrers = (subject: Digest, options?: ContentOptions) => Promise<readonly Referrer[]>;

/**
 * Returns what finds, in the `index.json` of a layout, the entries with a `subject`, those that stand in the list of a fallback
 * tag, and those named as cosign names tags. The entries are read once.
 */
export function openLayoutReferrers(use: UseLayout): LayoutReferrers {
  let opened: Promise<Entries> | undefined;
  return async (subject, options = {}) => {
    const { bySubject, byName } = await (opened ??= use(options, (layout) => readEntries(layout, options)));
    const list = byName.get(referrersTag(subject));
    const isList = list !== undefined && list.digest !== subject && isIndexMediaType(list.mediaType);
    const value = isList ? (await use(options, ({ content }) => tryReadManifest(content, list, options)))?.value : undefined;
    const listed = [...(bySubject.get(subject) ?? []), ...(value && isImageIndex(value) ? value.manifests : [])];
    const unique = [...new Map(listed.map((descriptor) => [descriptor.digest, { descriptor }])).values()];
    const tagged = cosignTags(subject).flatMap((tag) => {
      const descriptor = byName.get(tag);
      return descriptor ? [{ descriptor, tag }] : [];
    });
    return [...unique, ...tagged];
  };
}

interface Entries {
  readonly bySubject: ReadonlyMap<Digest, readonly Descriptor[]>;
  readonly byName: ReadonlyMap<string, Descriptor>;
}

async function readEntries(layout: OpenLayout, options: ContentOptions): Promise<Entries> {
  const bySubject = new Map<Digest, Descriptor[]>();
  const byName = new Map<string, Descriptor>();
  for (const entry of readLayoutIndex(await readLayout(layout, options), layout.what).manifests) {
    const { mediaType, digest, size } = entry;
    const name = entryNameOf(entry);
    if (name !== undefined && !byName.has(name)) byName.set(name, { mediaType, digest, size });
    if (!isManifestDescriptor(entry)) continue;
    const subject = (await tryReadManifest(layout.content, entry, options))?.value.subject;
    if (subject) bySubject.set(subject.digest, [...(bySubject.get(subject.digest) ?? []), { mediaType, digest, size }]);
  }
  return { bySubject, byName };
}

/** A manifest that gets an entry beside the root's. */
export interface PlacedReferrer {
  /** The manifest. */
  readonly document: ManifestDocument;
  /** Its name, where it is found by that. */
  readonly tag: string | undefined;
}

/** @throws {OciError} `UNSUPPORTED` for a location without a name: beside other entries the list would not be found again */
export function requireNamed({ transport, reference, position }: OciLocation, what: string): void {
  if (reference !== undefined || position !== undefined) return;
  const path = transport === "oci" ? "DIR" : "FILE";
  throw new OciError(
    "UNSUPPORTED",
    `Cannot keep what refers to images in ${what}: a list without a name could not be told from it, expected ${transport}:${path}:NAME`,
  );
}

/** Returns `index` with entries for `placed`. @throws {OciError} `LOSS` where something else has the name: it would be lost */
export function placeReferrers(index: ImageIndex, placed: readonly PlacedReferrer[], what: string): ImageIndex {
  return placed.reduce((before, { document, tag }) => {
    const descriptor = withArtifactType(document);
    if (tag === undefined) return keepEntry(before, descriptor);
    const there = findEntry(before, { what, reference: tag });
    if (there !== undefined && there.digest !== descriptor.digest)
      throw new OciError("LOSS", `Cannot replace ${quote(tag)} in ${what}: it is ${there.digest} and would be lost; without --referrers it stays`);
    return setEntry(before, { what, reference: tag }, descriptor);
  }, index);
}
