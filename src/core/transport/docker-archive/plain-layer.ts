import { type ByteStream, iterate, readAll } from "../../base/mod.ts";
import { type ContentFiles, detectCompression, magicSize, type Promised } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import type { Descriptor } from "../../spec/mod.ts";
import type { DockerArchiveHost } from "./docker-archive-place.ts";

/** Returns digest and size of a layer without its compression, and sees to it that `content` has it. @throws {OciError} `INVALID` for damaged data, `UNSUPPORTED` */
export async function plainLayer(host: DockerArchiveHost, content: ContentFiles, layer: Descriptor, options: ContentOptions): Promise<Promised> {
  const { files, hash, compression } = host;
  const path = content.path(layer.digest);
  const start = await readAll(await files.read(path, { end: magicSize }), { limit: magicSize, what: `layer ${layer.digest}` });
  const format = detectCompression(start);
  if (format !== "gzip" && format !== "zstd") return { digest: layer.digest, size: layer.size };
  const unpack = async (): Promise<ByteStream> => (await files.read(path, options)).pipeThrough(compression.decompress(format));
  const hasher = hash("sha256");
  let size = 0;
  for await (const piece of iterate(await unpack())) {
    hasher.update(piece);
    size += piece.length;
  }
  const plain: Promised = { digest: `sha256:${hasher.digest()}`, size };
  await content.put(plain, unpack, options);
  return plain;
}
