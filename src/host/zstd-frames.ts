import { type Bytes, iterate, OciError, streamOf } from "../core/base/mod.ts";
import { guarded } from "./guarded.ts";

type Step = TransformStream<Bytes, Bytes>;
type Pieces = ReadableStreamDefaultReader<Bytes>;

/**
 * Returns a transform that gives every frame of zstd data to a decoder of its own. The engines of Node and Deno stop at the end
 * of the first one and say nothing, and those of Bun and Deno take data that is cut off for whole; layers of many frames are
 * common (zstd:chunked).
 */
export function decompressFrames(openDecoder: () => Step): Step {
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const reader = readable.getReader();
  const pieces = decodeAll(reader, openDecoder);
  const stop = (): void => {
    reader.cancel().catch(() => {});
    pieces.return().catch(() => {});
  };
  return { writable, readable: streamOf(guarded({ next: () => pieces.next(), stop, fail: (error) => error })) };
}

async function* decodeAll(reader: Pieces, openDecoder: () => Step): AsyncGenerator<Bytes, void, void> {
  let rest = await nextPiece(reader);
  if (rest === undefined) throw damaged("it is empty");
  const frame = async function* (): AsyncGenerator<Bytes, void, void> {
    const endIn = followFrame();
    while (rest !== undefined) {
      const piece: Bytes = rest;
      const end = endIn(piece);
      rest = end === undefined || end === piece.length ? await nextPiece(reader) : piece.subarray(end);
      yield piece.subarray(0, end);
      if (end !== undefined) return;
    }
    throw damaged("it ends within a frame");
  };
  while (rest !== undefined) yield* iterate(streamOf(frame()).pipeThrough(openDecoder()));
}

async function nextPiece(reader: Pieces): Promise<Bytes | undefined> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    if (value.length > 0) return value;
  }
}

/** What a walk through a frame wants next: bytes to look at, or to pass over so many. */
interface Want {
  readonly look?: number;
  readonly pass?: number;
}

/** Returns a function that takes a frame piece by piece, and returns where in a piece it ends, or undefined if it goes on. */
function followFrame(): (piece: Bytes) => number | undefined {
  const walk = walkFrame();
  let want = walk.next(new Uint8Array(0));
  let seen: number[] = [];
  let passed = 0;
  return (piece) => {
    let at = 0;
    while (!want.done) {
      const { look = 0, pass = 0 } = want.value;
      const step = Math.min(piece.length - at, look - seen.length + pass - passed);
      if (look > 0) seen.push(...piece.subarray(at, at + step));
      else passed += step;
      at += step;
      if (seen.length < look || passed < pass) return undefined;
      want = walk.next(Uint8Array.from(seen));
      seen = [];
      passed = 0;
    }
    return at;
  };
}

/** Walks through one frame: RFC 8878, sections 3.1.1 (Zstandard frames) and 3.1.2 (skippable ones). */
function* walkFrame(): Generator<Want, void, Uint8Array> {
  const magic = readNumber(yield { look: 4 });
  if (magic >>> 4 === 0x184d2a5) {
    yield { pass: readNumber(yield { look: 4 }) };
    return;
  }
  if (magic !== 0xfd2fb528) throw damaged("no frame begins where one should");
  const [descriptor = 0] = yield { look: 1 };
  yield { pass: sizeOfHeader(descriptor) };
  for (let isLast = false; !isLast; ) {
    const block = readNumber(yield { look: 3 });
    isLast = (block & 1) === 1;
    yield { pass: sizeOfBlock(block) };
  }
  if ((descriptor & 4) !== 0) yield { pass: 4 };
}

/** What follows the descriptor: the window unless there is one segment, a dictionary's number, the size of the content. */
function sizeOfHeader(descriptor: number): number {
  const isSingle = (descriptor & 0x20) !== 0;
  const content = [isSingle ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  return (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + content;
}

/** A block that repeats one byte holds it once. */
function sizeOfBlock(block: number): number {
  return ((block >>> 1) & 3) === 1 ? 1 : block >>> 3;
}

function readNumber(bytes: Uint8Array): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}

function damaged(seen: string): OciError {
  return new OciError("INVALID", `Cannot decompress the stream: ${seen}`);
}
