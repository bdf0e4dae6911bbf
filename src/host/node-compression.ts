import type { Transform } from "node:stream";
import { type ByteStream, type Bytes, isOciError, OciError, streamOf } from "../core/base/mod.ts";
import type { Compression, CompressionFormat } from "../core/port/mod.ts";
import { zlibModule } from "./builtin.ts";
import { guarded } from "./guarded.ts";
import { decompressFrames } from "./zstd-frames.ts";

/** The part of `node:zlib` that Node has from 22.15 on. */
interface MaybeZstd {
  readonly createGzip: unknown;
  readonly createZstdCompress?: (options: object) => Transform;
  readonly createZstdDecompress?: (options: object) => Transform;
}

type Step = TransformStream<Bytes, Bytes>;

const chunkSize = 2 ** 16;

function zstd(): MaybeZstd {
  return zlibModule();
}

/** `ZSTD_c_compressionLevel` and `ZSTD_c_windowLog` of zstd.h. */
const [zstdLevel, zstdWindow] = [100, 101];
/** From this level on zstd takes windows of more than 8 MiB, which readers need not know (RFC 8878, section 3.1.1.1.2). */
const firstWideLevel = 20;

/** Returns the compression `node:zlib` has. */
export function nodeCompression(): Compression {
  return {
    get formats(): readonly CompressionFormat[] {
      return zstd().createZstdCompress === undefined ? ["gzip"] : ["gzip", "zstd"];
    },
    compress: (format, level) => stepOf("compress", compressor(format, level)),
    decompress: (format) => (format === "gzip" ? stepOf("decompress", zlibModule().createGunzip({ chunkSize })) : decompressZstd()),
  };
}

function compressor(format: CompressionFormat, level: number | undefined): Transform {
  if (format === "gzip") return zlibModule().createGzip({ chunkSize, ...(level !== undefined && { level }) });
  const { createZstdCompress } = zstd();
  if (createZstdCompress === undefined) throw unsupported("compress");
  return createZstdCompress({ chunkSize, ...(level !== undefined && { params: zstdParameters(level) }) });
}

function zstdParameters(level: number): Readonly<Record<number, number>> {
  return { [zstdLevel]: level, ...(level >= firstWideLevel && { [zstdWindow]: 23 }) };
}

function decompressZstd(): Step {
  const { createZstdDecompress } = zstd();
  if (createZstdDecompress === undefined) throw unsupported("decompress");
  return decompressFrames(() => stepOf("decompress", createZstdDecompress({ chunkSize })));
}

function unsupported(verb: string): OciError {
  return new OciError("UNSUPPORTED", `Cannot ${verb} "zstd": this runtime has no zstd, Bun, Deno and Node from 22.15 on have`);
}

/**
 * Runs an engine of Node as a web transform. A write resolves when the engine has used it up, which is when its output has room.
 * What the source has failed with is passed on.
 */
function stepOf(verb: string, engine: Transform): Step {
  let failure: unknown;
  let given: { readonly reason: unknown } | undefined;
  engine.on("error", (cause) => {
    failure = cause;
  });
  const fail = (): OciError =>
    isOciError(failure)
      ? failure
      : new OciError("INVALID", `Cannot ${verb} the stream: ${failure instanceof Error ? failure.message : "it was given up"}`, { cause: failure });
  const settle = (start: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const closed = (): void => reject(fail());
      engine.once("close", closed);
      start((error) => {
        engine.off("close", closed);
        if (error) reject(fail());
        else resolve();
      });
    });
  const writable = new WritableStream<Bytes>({
    write: (bytes) => settle((done) => engine.write(bytes, done)),
    close: () => settle((done) => engine.end(done)),
    abort(reason) {
      given = { reason };
      engine.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    },
  });
  return { writable, readable: output(engine, () => (given === undefined ? fail() : given.reason)) };
}

function output(engine: Transform, fail: () => unknown): ByteStream {
  const pieces = engine[Symbol.asyncIterator]();
  return streamOf(guarded({ next: () => pieces.next(), stop: () => void engine.destroy(), fail }));
}
