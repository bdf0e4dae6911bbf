import type { Bytes } from "../core/base/mod.ts";
import { plainBytes } from "./plain-bytes.ts";

/** One step of an iterator or a reader. */
export interface Step {
  /** Whether that was all. */
  readonly done?: boolean | undefined;
  /** The piece. */
  readonly value?: unknown;
}

/** Where pieces come from, and what happens when no more are wanted. */
export interface GuardedSource {
  /** Returns the next piece. */
  readonly next: () => Promise<Step>;
  /** Is called at the end, however it comes, perhaps more than once. */
  readonly stop: () => void;
  /** Returns what to throw for a failure of `next`. */
  readonly fail: (error: unknown) => unknown;
}

/** Returns the pieces of `source`. Its end always calls `stop`, also one before the first piece, which a generator would not notice. */
export function guarded(source: GuardedSource): AsyncIterable<Bytes> {
  const iterator: AsyncIterator<Bytes> = {
    async next() {
      try {
        const step = await source.next();
        if (!step.done) return { done: false, value: plainBytes(bytesOf(step.value)) };
      } catch (error) {
        source.stop();
        throw source.fail(error);
      }
      source.stop();
      return { done: true, value: undefined };
    },
    async return() {
      source.stop();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Expected a stream of bytes, received a piece of type ${typeof value}`);
}
