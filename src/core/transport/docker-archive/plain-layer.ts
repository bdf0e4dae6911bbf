import { MismatchError, readAll, streamOf } from "../../base/mod.ts";
import { type ContentFiles, detectCompression, magicSize, type Promised, unpack } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import type { Descriptor, Digest } from "../../spec/mod.ts";
import type { DockerArchiveHost } from "./docker-archive-place.ts";

/** One layer of an image that is written. */
export interface LayerToUnpack extends ContentOptions {
  /** Where it lies. */
  readonly content: ContentFiles;
  /** The layer. */
  readonly layer: Descriptor;
  /** Digest it has without its compression, as the config says. */
  readonly diffId: Digest | undefined;
}

/**
 * Returns digest and size of a layer without its compression, and sees to it that `content` has it. What the config does not name
 * is not unpacked: it may be as large as it likes.
 * @throws {OciError} `MISMATCH`, `INVALID` for damaged data, `UNSUPPORTED`
 */
export async function plainLayer(host: DockerArchiveHost, { content, layer, diffId, ...options }: LayerToUnpack): Promise<Promised> {
  const { files, hash, compression } = host;
  const path = content.path(layer.digest);
  const what = `layer ${layer.digest}`;
  const start = await readAll(await files.read(path, { end: magicSize }), { limit: magicSize, what });
  const format = detectCompression(start);
  if (format !== "gzip" && format !== "zstd") return named({ digest: layer.digest, size: layer.size }, layer, diffId);
  const open = async () => unpack(compression, await files.read(path, options), { format, what });
  const hasher = hash("sha256");
  let size = 0;
  for await (const piece of await open()) {
    hasher.update(piece);
    size += piece.length;
  }
  const plain = named({ digest: `sha256:${hasher.digest()}`, size }, layer, diffId);
  await content.put(plain, async () => streamOf(await open()), options);
  return plain;
}

function named(plain: Promised, layer: Descriptor, diffId: Digest | undefined): Promised {
  if (plain.digest === diffId) return plain;
  throw new MismatchError(`layer ${layer.digest} unpacked`, diffId ?? "no layer", plain.digest);
}
