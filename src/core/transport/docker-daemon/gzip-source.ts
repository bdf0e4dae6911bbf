import { type ByteStream, createPool, mapAll, OciError, quote } from "../../base/mod.ts";
import { compressLayer, newDocument, openDocument, readSmall, verifyStream, type WorkFiles } from "../../content/mod.ts";
import type { ContentOptions, ContentSource, Host } from "../../port/mod.ts";
import { type Descriptor, type Digest, isImageIndex, type ManifestDocument, mediaTypes, parseDiffIds } from "../../spec/mod.ts";

/** What compressing layers needs. */
export interface GzipTools extends Pick<Host, "files" | "hash" | "compression"> {
  /** Takes the compressed layers. */
  readonly work: WorkFiles;
}

/** The image to compress. */
export interface PlainImage {
  /** Where it comes from, in words. */
  readonly name: string;
  /** Returns a source whose root it is. */
  readonly open: (options: ContentOptions) => Promise<ContentSource>;
}

/** An image whose layers have been compressed. */
interface GzipImage {
  readonly document: ManifestDocument;
  /** Files of the layers that were compressed here. */
  readonly files: ReadonlyMap<Digest, string>;
  /** Has everything else. */
  readonly source: ContentSource;
}

interface GzipLayer {
  readonly descriptor: Descriptor;
  /** Absent where it was compressed already. */
  readonly file?: string;
}

/** Layers that are compressed at once: the runtimes have four threads for it. */
const mostAtOnce = 4;

/**
 * Returns a docker image with every layer compressed by gzip, as registries expect them; layers that are gzip already stay as they
 * are. Nothing is opened before it is asked for; then every layer is compressed, once, so that all digests are final from then on.
 */
export function gzipSource(tools: GzipTools, plain: PlainImage): ContentSource {
  const { hash } = tools;
  const { name } = plain;
  const what = (kind: string, { digest }: Descriptor): string => `${kind} ${digest} of ${quote(name)}`;
  let made: Promise<GzipImage> | undefined;
  const make = (options: ContentOptions): Promise<GzipImage> => {
    const making = gzipImage(tools, plain, options);
    making.catch(() => (made = undefined));
    return making;
  };
  const image = async (options: ContentOptions = {}): Promise<GzipImage> => {
    options.signal?.throwIfAborted();
    return await (made ??= make(options));
  };
  const blob = async (descriptor: Descriptor, options: ContentOptions = {}): Promise<ByteStream> => {
    const { files, source } = await image(options);
    const path = files.get(descriptor.digest);
    if (path === undefined) return source.blob(descriptor, options);
    return verifyStream(hash, await tools.files.read(path, options), descriptor, what("blob", descriptor));
  };
  return {
    name,
    isTemporary: true,
    resolve: async (options) => (await image(options)).document,
    describe: async (options) => (await image(options)).document.descriptor,
    async manifest(descriptor, options) {
      const { document } = await image(options);
      if (document.descriptor.digest === descriptor.digest)
        return openDocument(hash, document.bytes, { what: what("manifest", descriptor), expected: descriptor });
      throw new OciError("NOT_FOUND", `Cannot read ${what("manifest", descriptor)}: what is there now has the digest ${document.descriptor.digest}`);
    },
    smallBlob: async (descriptor, options) => readSmall(await blob(descriptor, options), what("blob", descriptor)),
    blob,
  };
}

async function gzipImage(tools: GzipTools, plain: PlainImage, options: ContentOptions): Promise<GzipImage> {
  const source = await plain.open(options);
  const { value } = await source.resolve(options);
  if (isImageIndex(value)) throw new TypeError(`${plain.name} is an index`);
  const diffIds = parseDiffIds(await source.smallBlob(value.config, options), `config of ${quote(plain.name)}`);
  const pool = createPool(mostAtOnce);
  const begun = new Map<Digest, Promise<GzipLayer>>();
  const bring = (layer: Descriptor, signal: AbortSignal, at: number): Promise<GzipLayer> => {
    const found = begun.get(layer.digest) ?? pool.run(() => gzipLayer(tools, source, { layer, diffId: diffIds[at] ?? layer.digest, signal }));
    begun.set(layer.digest, found);
    return found;
  };
  const layers = await mapAll(value.layers, bring, options.signal);
  const document = newDocument(tools.hash, { ...value, layers: layers.map(({ descriptor }) => descriptor) });
  return { document, source, files: new Map(layers.flatMap(({ descriptor, file }) => (file === undefined ? [] : [[descriptor.digest, file]]))) };
}

interface GzipTask {
  readonly layer: Descriptor;
  /** What the config calls it. */
  readonly diffId: Digest;
  readonly signal: AbortSignal;
}

async function gzipLayer(tools: GzipTools, source: ContentSource, { layer, diffId, signal }: GzipTask): Promise<GzipLayer> {
  signal.throwIfAborted();
  if (layer.mediaType === mediaTypes.dockerLayerGzip) return { descriptor: layer };
  const open = () => source.blob(layer, { signal });
  const { path, digest, size } = await compressLayer(tools, tools.work, { what: `layer ${layer.digest}`, open, diffId, format: "gzip", signal });
  return { descriptor: { mediaType: mediaTypes.dockerLayerGzip, digest, size }, file: path };
}
