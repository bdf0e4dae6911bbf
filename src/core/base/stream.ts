import { type Bytes, concatBytes } from "./bytes.ts";
import { OciError } from "./errors.ts";

/** A stream of bytes, as `fetch` gives and takes it. */
export type ByteStream = ReadableStream<Bytes>;

/** Options of {@linkcode readAll}. */
export interface ReadAllOptions {
  /** Bytes after which reading stops with an error. */
  readonly limit: number;
  /** What is read, for the error. */
  readonly what: string;
}

/** Returns everything in `stream`. @throws {OciError} `LIMIT` as soon as more than `limit` bytes came; the stream is cancelled */
export async function readAll(stream: ByteStream, options: ReadAllOptions): Promise<Bytes> {
  const pieces: Bytes[] = [];
  let size = 0;
  for await (const piece of iterate(stream)) {
    size += piece.length;
    if (size > options.limit) throw new OciError("LIMIT", `Cannot read ${options.what}: it is larger than ${options.limit} bytes`);
    pieces.push(piece);
  }
  return concatBytes(pieces);
}

/** Iterates over `stream`; leaving the loop early cancels it (Safari and older browsers lack this on the stream itself). */
export async function* iterate(stream: ByteStream): AsyncGenerator<Bytes, void, void> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Returns a stream of what `iterable` yields, pulled one piece at a time; `signal` ends it, also while nobody reads. */
export function streamOf(iterable: AsyncIterable<Bytes> | Iterable<Bytes>, signal?: AbortSignal): ByteStream {
  const iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        if (signal?.aborted) return controller.error(signal.reason);
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Returns `bytes` as a stream of one piece. */
export function streamBytes(bytes: Bytes): ByteStream {
  return streamOf(bytes.length === 0 ? [] : [bytes]);
}

/** Throws the reason of `signal` if it has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
