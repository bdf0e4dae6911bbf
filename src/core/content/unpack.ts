import { type ByteStream, type Bytes, isOciError, iterate, OciError } from "../base/mod.ts";
import type { Compression, CompressionFormat } from "../port/mod.ts";

/** What is unpacked. */
export interface Packed {
  /** How it is compressed. */
  readonly format: CompressionFormat;
  /** It in words, for messages: data that cannot be unpacked has no name where that is found out. */
  readonly what: string;
}

/** Yields what `stream` holds without its compression. @throws {OciError} `INVALID` for damaged data, `UNSUPPORTED` */
export async function* unpack(compression: Compression, stream: ByteStream, { format, what }: Packed): AsyncGenerator<Bytes, void, void> {
  try {
    yield* iterate(stream.pipeThrough(compression.decompress(format)));
  } catch (cause) {
    if (!isOciError(cause, "INVALID")) throw cause;
    throw new OciError("INVALID", `Cannot read ${what}: its ${format} data is damaged or cut off`, { cause });
  }
}
