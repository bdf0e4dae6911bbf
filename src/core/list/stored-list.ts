import { mapAll, OciError, quote } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Descriptor, StorageLocation } from "../spec/mod.ts";
import type { StorageList } from "../transport/mod.ts";
import type { ImageSelection } from "./choose.ts";
import { type ListContext, signalOf } from "./context.ts";
import type { Foresee, FoundImage, Origin } from "./found-image.ts";
import { fromIndex, requireClear } from "./from-index.ts";
import { pinLocation } from "./pin.ts";

/** A list in container storage that may be meant. */
export interface StoredListName {
  /** What the user named. */
  readonly name: string;
  /** Where it lies. */
  readonly location: StorageLocation;
  /** Is told of images. */
  readonly foresee?: Foresee | undefined;
}

/**
 * Returns the images of a list that podman or buildah keep in container storage, `buildah build --manifest` for example; undefined
 * where a single image lies there. The entry of an image in the storage gets the digest with which it is pushed.
 * @throws {OciError} `NOT_FOUND` for an image that is no longer there
 */
export async function findInStoredList(
  context: ListContext,
  { name, location, foresee }: StoredListName,
  selection: ImageSelection,
): Promise<readonly FoundImage[] | undefined> {
  const list = await context.transports.storage.list(location);
  if (list === undefined) return undefined;
  requireClear(list.document, name);
  const found = await fromIndex(context, { ...originOf(context, name, list), foresee }, list.document.value, selection);
  return mapAll(found, (image, signal) => asPushed({ ...context, signal }, image), context.signal);
}

function originOf({ transports, host }: ListContext, name: string, { locations }: StorageList): Origin {
  const locationOf = (entry: Descriptor) => {
    const location = locations.get(entry.digest);
    if (location === undefined) throw notThere(name, entry);
    return location;
  };
  return {
    name,
    sourceOf: async (entry) => answeringFor(entry, await transports.source(locationOf(entry))),
    pin: ({ entry, through }) => ({ location: pinLocation(host.files, locationOf(through), entry) }),
  };
}

function notThere(name: string, { digest, artifactType }: Descriptor): OciError {
  if (artifactType === undefined) return new OciError("NOT_FOUND", `Cannot take image ${digest} of ${quote(name)}: container storage has it no longer`);
  return new OciError("UNSUPPORTED", `Cannot take artifact ${digest} of ${quote(name)}: buildah notes where its files lie, expected them to be added here`);
}

/** The list knows an image of the storage by its manifest there, which says other layers than are read. */
function answeringFor(entry: Descriptor, source: ContentSource): ContentSource {
  if (source.isTemporary !== true) return source;
  return {
    ...source,
    manifest: async (descriptor, options) => (descriptor.digest === entry.digest ? source.resolve(options) : source.manifest(descriptor, options)),
  };
}

async function asPushed(context: ListContext, image: FoundImage): Promise<FoundImage> {
  const { content, entry } = image;
  if (content === undefined) return image;
  const { mediaType, digest, size } = await context.pool.run(() => content.describe(signalOf(context)));
  return { ...image, entry: { ...entry, mediaType, digest, size } };
}
