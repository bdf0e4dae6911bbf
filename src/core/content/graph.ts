import { isOciError, OciError } from "../base/mod.ts";
import { type Descriptor, type Digest, isImageIndex, isManifestDescriptor, type ManifestDocument } from "../spec/mod.ts";
import type { ContentReader } from "./content-reader.ts";

/** Everything a manifest leads to. */
export interface ContentGraph {
  /** Manifests that were found, the first one included. */
  readonly manifests: ReadonlyMap<Digest, ManifestDocument>;
  /** Blobs the manifests name. */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** Manifests that were named and not found. */
  readonly missing: readonly Descriptor[];
}

/** Levels of indexes that are gone down, the outermost included. */
export const maximumDepth = 10;

/**
 * Returns everything `root` leads to; `open` returns a manifest, or undefined if it is not there. Entries of an index that
 * are no manifests count as blobs.
 * @throws {OciError} `LIMIT` for indexes nested deeper than 10 levels
 */
export async function readGraph(root: ManifestDocument, open: (descriptor: Descriptor) => Promise<ManifestDocument | undefined>): Promise<ContentGraph> {
  const manifests = new Map([[root.descriptor.digest, root]]);
  const blobs = new Map<Digest, Descriptor>();
  const missing: Descriptor[] = [];
  const visit = async ({ descriptor, value }: ManifestDocument, depth: number): Promise<void> => {
    if (depth > maximumDepth) throw new OciError("LIMIT", `Cannot read manifest ${descriptor.digest}: it nests deeper than ${maximumDepth} levels`);
    const named = isImageIndex(value) ? value.manifests : [value.config, ...value.layers];
    for (const each of named) {
      if (manifests.has(each.digest)) continue;
      if (!isImageIndex(value) || !isManifestDescriptor(each)) {
        blobs.set(each.digest, each);
        continue;
      }
      const document = await open(each);
      if (document === undefined) {
        missing.push(each);
        continue;
      }
      manifests.set(each.digest, document);
      await visit(document, depth + 1);
    }
  };
  await visit(root, 1);
  return { manifests, blobs, missing };
}

/** Returns the manifest that `descriptor` points to, or undefined if it is not there or not what it should be. @throws {OciError} `IO` */
export async function tryReadManifest(
  content: ContentReader,
  descriptor: Descriptor,
  options?: { readonly signal?: AbortSignal },
): Promise<ManifestDocument | undefined> {
  try {
    return await content.readManifest(descriptor, options);
  } catch (error) {
    if (isOciError(error) && error.code !== "IO") return undefined;
    throw error;
  }
}

/**
 * Returns the digests of a manifest and all it leads to, or undefined if something is not there or damaged: what is found is not
 * written again, so every blob is read and verified. A layer that may be fetched from elsewhere (`urls`) may be missing.
 */
export async function findComplete(
  places: { readonly manifests: ContentReader; readonly blobs: Pick<ContentReader, "holds"> },
  descriptor: Descriptor,
  options?: { readonly signal?: AbortSignal },
): Promise<readonly Digest[] | undefined> {
  const open = (each: Descriptor) => tryReadManifest(places.manifests, each, options);
  const root = await open(descriptor);
  if (root === undefined) return undefined;
  const { manifests, blobs, missing } = await readGraph(root, open);
  if (missing.length > 0) return undefined;
  const found = [...manifests.keys()];
  for (const blob of blobs.values()) {
    if (await places.blobs.holds(blob, options)) found.push(blob.digest);
    else if (blob.urls === undefined || blob.urls.length === 0) return undefined;
  }
  return found;
}
