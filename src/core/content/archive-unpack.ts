import { type ByteStream, type Bytes, concatBytes, OciError, streamOf } from "../base/mod.ts";
import type { CompressionFormat, FileStatus } from "../port/mod.ts";
import type { ArchiveHost, ArchiveName } from "./archive.ts";
import { parseTarHeader, tarBlock, tarFault } from "./tar-header.ts";
import { unpack } from "./unpack.ts";
import type { WorkFiles } from "./work-files.ts";

/** What to unpack. */
export interface Unpacking extends ArchiveName {
  /** How it is compressed. */
  readonly compression: CompressionFormat;
  /** The compressed file. */
  readonly status: FileStatus;
  /** Ends the unpacking; nothing is left. */
  readonly signal?: AbortSignal;
}

/** Every archive may grow so far, and beyond that as many times its size; layers shrink to a third, rarely to a tenth. */
const freeGrowth = 256 * 1024 * 1024;
const growth = 32;

/**
 * Writes what a compressed archive holds to one work file and returns its path. Blobs are read in any order and
 * again when a transfer is repeated; reading the compressed file from its beginning each time would take time in the square of
 * the number of blobs. The file is as large as the archive says, within a bound: its members keep their names to themselves.
 * @throws {OciError} `LIMIT` for what grows beyond measure, `INVALID` for damaged data
 */
export async function unpackToTemporary({ files, compression }: ArchiveHost, work: WorkFiles, unpacking: Unpacking): Promise<string> {
  const options = unpacking.signal ? { signal: unpacking.signal } : {};
  const open = async (): Promise<ByteStream> => {
    const counted = countInput(await files.read(unpacking.path, options));
    const plain = unpack(compression, counted.stream, { format: unpacking.compression, what: unpacking.what });
    return streamOf(bounded(plain, unpacking, counted.size));
  };
  return await work.write(open, options);
}

/** A link tells no size of what it leads to; what has come out of it so far is known. */
function countInput(stream: ByteStream): { readonly stream: ByteStream; readonly size: () => number } {
  let size = 0;
  const counted = stream.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        size += piece.length;
        controller.enqueue(piece);
      },
    }),
  );
  return { stream: counted, size: () => size };
}

/** What does not begin as a tar archive does is not unpacked any further. */
async function* bounded(stream: AsyncIterable<Bytes>, { what, status }: Unpacking, read: () => number): AsyncGenerator<Bytes, void, void> {
  let size = 0;
  let head = new Uint8Array(0);
  for await (const piece of stream) {
    size += piece.length;
    if (head.length < tarBlock) {
      head = concatBytes([head, piece.subarray(0, tarBlock - head.length)]);
      if (head.length === tarBlock && parseTarHeader(head, { what, at: 0 }) === undefined)
        throw tarFault({ what, at: 0 }, "what it unpacks to begins with zeros, it is no tar archive");
    }
    const packed = status.kind === "file" ? status.size : read();
    if (size > freeGrowth + growth * packed) {
      throw new OciError("LIMIT", `Cannot read ${what}: it grows to more than ${size} bytes from ${packed}; unpack it yourself if it is to be trusted`);
    }
    yield piece;
  }
}
