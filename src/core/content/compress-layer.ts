import { type ByteStream, type Bytes, concatBytes, evenPieces, iterate, MismatchError, streamOf } from "../base/mod.ts";
import type { CompressionFormat, Host } from "../port/mod.ts";
import { type Digest, encodedDigest } from "../spec/mod.ts";
import { detectCompression, magicSize } from "./archive.ts";
import { unpack } from "./unpack.ts";
import { type Promised, verifiableAlgorithm } from "./verify.ts";
import type { WorkFiles } from "./work-files.ts";

/** A layer that gets another compression. */
export interface LayerTask {
  /** The layer in words, for messages. */
  readonly what: string;
  /** Returns it as it lies. */
  readonly open: () => Promise<ByteStream>;
  /** Digest of it without its compression, as its image's config names it. */
  readonly diffId: Digest;
  /** How it is to be compressed. */
  readonly format: CompressionFormat;
  /** How hard to try. @default that of the runtime */
  readonly level?: number;
  /** Ends the work; nothing is left. */
  readonly signal?: AbortSignal;
}

/** A layer that was compressed: its digest and size, and the file that holds it. */
export interface CompressedLayer extends Promised {
  /** The file. */
  readonly path: string;
}

/** Compressors give the same bytes only for the same pieces, and how a source is cut is chance. */
const pieceSize = 2 ** 16;

/**
 * Compresses a layer into a file of `work`. How it was compressed before is seen from its first bytes: media types do not always
 * tell (skopeo writes plain layers of an archive of docker as gzip into `dir:`).
 * @throws {OciError} `MISMATCH` if it does not hold what the config says, `INVALID` for damaged data, `UNSUPPORTED`
 */
export async function compressLayer(host: Pick<Host, "hash" | "compression">, work: WorkFiles, task: LayerTask): Promise<CompressedLayer> {
  const { format, level, signal } = task;
  const hasher = host.hash("sha256");
  let size = 0;
  async function* packedPieces(): AsyncGenerator<Bytes, void, void> {
    const plain = streamOf(evenPieces(plainPieces(host, task), pieceSize));
    for await (const piece of iterate(plain.pipeThrough(host.compression.compress(format, level)))) {
      hasher.update(piece);
      size += piece.length;
      yield piece;
    }
  }
  const path = await work.write(async () => streamOf(packedPieces()), signal ? { signal } : {});
  return { digest: `sha256:${hasher.digest()}`, size, path };
}

async function* plainPieces({ hash, compression }: Pick<Host, "hash" | "compression">, task: LayerTask): AsyncGenerator<Bytes, void, void> {
  const { what, diffId } = task;
  const algorithm = verifiableAlgorithm(diffId, what);
  const hasher = hash(algorithm);
  const reader = (await task.open()).getReader();
  try {
    const start = await takeStart(reader);
    const format = detectCompression(start);
    const whole = readOn(start, reader);
    for await (const piece of format === "gzip" || format === "zstd" ? unpack(compression, streamOf(whole), { format, what }) : whole) {
      hasher.update(piece);
      yield piece;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  const actual = hasher.digest();
  if (actual !== encodedDigest(diffId)) throw new MismatchError(`${what} without its compression`, diffId, `${algorithm}:${actual}`);
}

type Reader = ReadableStreamDefaultReader<Bytes>;

async function takeStart(reader: Reader): Promise<Bytes> {
  let start = new Uint8Array(0);
  while (start.length < magicSize) {
    const { done, value } = await reader.read();
    if (done) break;
    start = concatBytes([start, value]);
  }
  return start;
}

async function* readOn(start: Bytes, reader: Reader): AsyncGenerator<Bytes, void, void> {
  yield start;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
