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
  let forget = (): void => {};
  return new ReadableStream<Bytes>(
    {
      start(controller) {
        const stop = (): void => {
          controller.error(signal?.reason);
          release(iterator);
        };
        if (signal?.aborted) return stop();
        signal?.addEventListener("abort", stop, { once: true });
        forget = () => signal?.removeEventListener("abort", stop);
      },
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (signal?.aborted) return;
          if (!next.done) return controller.enqueue(next.value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        forget();
      },
      async cancel(reason) {
        forget();
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Ends `iterator`, so that it closes what it has open; what it says to that comes too late to matter. */
function release(iterator: AsyncIterator<Bytes> | Iterator<Bytes>): void {
  Promise.resolve(iterator.return?.()).catch(() => {});
}

/** Returns `stream` without its first `count` bytes, which are read and let go. */
export function skipBytes(stream: ByteStream, count: number): ByteStream {
  return count === 0 ? stream : streamOf(rest(stream, count));
}

async function* rest(stream: ByteStream, count: number): AsyncGenerator<Bytes, void, void> {
  let left = count;
  for await (const piece of iterate(stream)) {
    if (piece.length > left) yield piece.slice(left);
    left = Math.max(0, left - piece.length);
  }
}

/** Yields what `pieces` hold, cut anew into pieces of `size` bytes; the last one has what is left. */
export async function* evenPieces(pieces: AsyncIterable<Bytes>, size: number): AsyncGenerator<Bytes, void, void> {
  let open = new Uint8Array(0);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + size - filled);
      at += part.length;
      if (part.length === size) {
        yield part;
        continue;
      }
      if (filled === 0) open = new Uint8Array(size);
      open.set(part, filled);
      filled += part.length;
      if (filled < size) continue;
      yield open;
      filled = 0;
    }
  }
  if (filled > 0) yield open.subarray(0, filled);
}

/** Returns `bytes` as a stream of one piece. */
export function streamBytes(bytes: Bytes): ByteStream {
  return streamOf(bytes.length === 0 ? [] : [bytes]);
}

/** Throws the reason of `signal` if it has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
