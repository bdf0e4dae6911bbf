import { type ByteStream, OciError, quote } from "../../base/mod.ts";
import { type Archive, openDocument, readSmall, verifyStream } from "../../content/mod.ts";
import type { ContentOptions, ContentSource, Hash } from "../../port/mod.ts";
import type { Descriptor, Digest, DockerArchiveLocation } from "../../spec/mod.ts";
import { type OpenImage, openSavedImage } from "./saved-image.ts";
import { chooseSaved, readSavedManifest, type SavedImage } from "./saved-manifest.ts";

/** The images of one archive, each opened once. */
export interface OpenImages {
  /** The archive they are in. */
  readonly archive: Archive;
  /** What the archive lists. */
  readonly saved: readonly SavedImage[];
  /** Returns one of them. */
  open(saved: SavedImage, options?: ContentOptions): Promise<OpenImage>;
}

/** Returns the images of `archive`. @throws {OciError} `INVALID` */
export async function openImages(hash: Hash, archive: Archive, options: ContentOptions): Promise<OpenImages> {
  const opened = new Map<SavedImage, Promise<OpenImage>>();
  return {
    archive,
    saved: await readSavedManifest(archive.tree, options),
    open(saved, openOptions) {
      const image = opened.get(saved) ?? openSavedImage(hash, archive.tree, saved, openOptions);
      opened.set(saved, image);
      image.catch(() => opened.delete(saved));
      return image;
    },
  };
}

/** Which image of an archive is read. */
export interface NamedImage extends Pick<DockerArchiveLocation, "reference" | "position"> {
  /** What it is called in messages. */
  readonly name: string;
}

/** Returns the reading side of an archive of docker images; `open` returns them each time they are needed. */
export function openDockerArchiveSource(hash: Hash, image: NamedImage, open: (options: ContentOptions) => Promise<OpenImages>): ContentSource {
  const { name } = image;
  const what = quote(name);
  const missing = (digest: Digest) => new OciError("NOT_FOUND", `Cannot read ${digest} in ${what}: the archive does not hold it, or no longer`);
  const chosen = async (options: ContentOptions = {}): Promise<OpenImage> => {
    options.signal?.throwIfAborted();
    const images = await open(options);
    return images.open(chooseSaved(images.saved, { ...image, what }), options);
  };
  const holding = async (digest: Digest, options: ContentOptions = {}): Promise<OpenImage & Pick<OpenImages, "archive">> => {
    options.signal?.throwIfAborted();
    const images = await open(options);
    for (const saved of images.saved) {
      const image = await images.open(saved, options);
      if (image.document.descriptor.digest === digest || image.blobs.has(digest)) return { ...image, archive: images.archive };
    }
    throw missing(digest);
  };
  const blob = async (descriptor: Descriptor, options: ContentOptions = {}): Promise<ByteStream> => {
    const { archive, blobs } = await holding(descriptor.digest, options);
    const path = blobs.get(descriptor.digest);
    if (path === undefined) throw missing(descriptor.digest);
    return verifyStream(hash, await archive.tree.read(path, options), descriptor, `blob ${descriptor.digest} in ${what}`);
  };
  return {
    name,
    resolve: async (options) => (await chosen(options)).document,
    describe: async (options) => (await chosen(options)).document.descriptor,
    async manifest(descriptor, options) {
      const { document } = await holding(descriptor.digest, options);
      return openDocument(hash, document.bytes, { what: `manifest ${descriptor.digest} in ${what}`, expected: descriptor });
    },
    smallBlob: async (descriptor, options) => readSmall(await blob(descriptor, options), `blob ${descriptor.digest} in ${what}`),
    blob,
  };
}
