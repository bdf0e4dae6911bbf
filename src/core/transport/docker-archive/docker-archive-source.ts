import { OciError, quote, streamBytes } from "../../base/mod.ts";
import { type Archive, openDocument, readTreeFile, verifyBytes, verifyStream } from "../../content/mod.ts";
import type { ContentOptions, ContentSource, Hash } from "../../port/mod.ts";
import { type Descriptor, type Digest, type DockerArchiveLocation, formatLocation } from "../../spec/mod.ts";
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

/** Returns the reading side of an archive of docker images; `open` returns them each time they are needed. */
export function openDockerArchiveSource(hash: Hash, location: DockerArchiveLocation, open: (options: ContentOptions) => Promise<OpenImages>): ContentSource {
  const name = formatLocation(location);
  const what = quote(name);
  const chosen = async (options: ContentOptions = {}): Promise<OpenImage> => {
    options.signal?.throwIfAborted();
    const images = await open(options);
    return images.open(chooseSaved(images.saved, { ...location, what }), options);
  };
  const holding = async (digest: Digest, options: ContentOptions = {}): Promise<OpenImage & Pick<OpenImages, "archive">> => {
    options.signal?.throwIfAborted();
    const images = await open(options);
    for (const saved of images.saved) {
      const image = await images.open(saved, options);
      if (holds(image, digest)) return { ...image, archive: images.archive };
    }
    throw new OciError("NOT_FOUND", `Cannot read ${digest} in ${what}: the archive does not hold it, or no longer`);
  };
  return {
    name,
    resolve: async (options) => (await chosen(options)).document,
    describe: async (options) => (await chosen(options)).document.descriptor,
    async manifest(descriptor, options) {
      const { document } = await holding(descriptor.digest, options);
      return openDocument(hash, document.bytes, { what: `manifest ${descriptor.digest} in ${what}`, expected: descriptor });
    },
    async smallBlob(descriptor, options) {
      const bytes = await readSmall(await holding(descriptor.digest, options), descriptor, options);
      verifyBytes(hash, bytes, descriptor, `blob ${descriptor.digest} in ${what}`);
      return bytes;
    },
    async blob(descriptor, options = {}) {
      const image = await holding(descriptor.digest, options);
      const path = image.layers.get(descriptor.digest);
      const stream = path === undefined ? streamBytes(image.config) : await image.archive.tree.read(path, options);
      return verifyStream(hash, stream, descriptor, `blob ${descriptor.digest} in ${what}`);
    },
  };
}

function holds({ document, layers }: OpenImage, digest: Digest): boolean {
  return document.descriptor.digest === digest || layers.has(digest) || ("config" in document.value && document.value.config.digest === digest);
}

const smallLimit = 4 * 1024 * 1024;

async function readSmall(
  image: OpenImage & Pick<OpenImages, "archive">,
  { digest }: Descriptor,
  options: ContentOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const path = image.layers.get(digest);
  if (path === undefined) return image.config;
  return (await readTreeFile(image.archive.tree, path, { ...options, limit: smallLimit })) ?? image.config;
}
