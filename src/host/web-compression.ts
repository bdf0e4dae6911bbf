import { type Bytes, OciError } from "../core/base/mod.ts";
import type { Compression, CompressionFormat } from "../core/port/mod.ts";

/** The compression of the web: gzip at one level; the one after the first member is refused by some runtimes. */
export const webCompression: Compression = {
  formats: ["gzip"],
  compress(format, level) {
    if (level !== undefined) throw new OciError("UNSUPPORTED", `Cannot compress "${format}" at level ${level}: the web has no levels`);
    return narrow("compress", new CompressionStream(known("compress", format)));
  },
  decompress: (format) => narrow("decompress", new DecompressionStream(known("decompress", format))),
};

function known(verb: string, format: CompressionFormat): "gzip" {
  if (format === "gzip") return format;
  throw new OciError("UNSUPPORTED", `Cannot ${verb} "${format}": the web knows gzip only`);
}

interface ByteTransform {
  readonly readable: ReadableStream<Uint8Array<ArrayBufferLike>>;
  readonly writable: WritableStream<BufferSource>;
}

/** Failures of the web's transform are a `TypeError`; a reader expects an `OciError`. What the source has failed with is passed on. */
function narrow(verb: string, transform: ByteTransform): TransformStream<Bytes, Bytes> {
  const reader = transform.readable.getReader();
  const writer = transform.writable.getWriter();
  let given: { readonly reason: unknown } | undefined;
  const writable = new WritableStream<Bytes>({
    write: (bytes) => writer.write(bytes),
    close: () => writer.close(),
    abort(reason) {
      given = { reason };
      return writer.abort(reason);
    },
  });
  const readable = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(new Uint8Array(value));
        } catch (cause) {
          controller.error(given === undefined ? new OciError("INVALID", `Cannot ${verb} the stream: its data is not valid`, { cause }) : given.reason);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { readable, writable };
}
