import type { Bytes } from "../core/base/mod.ts";
import { guarded, type Step } from "./guarded.ts";

/** A streamed body that can be ended from outside: Node drains the source of an aborted request otherwise. */
export interface Upload {
  /** The body, piece by piece. */
  readonly pieces: AsyncIterable<Bytes>;
  /** Cancels the source. */
  stop(reason?: unknown): void;
  /** What the source failed with, which is not the network's fault. */
  failure(): { readonly error: unknown } | undefined;
}

/** Returns `body` as an upload where it is a stream; it stops when `signal` fires. */
export function createUpload(body: BodyInit | null | undefined, signal: AbortSignal | undefined): Upload | undefined {
  if (!(body instanceof ReadableStream)) return undefined;
  const reader = body.getReader();
  let failed: { readonly error: unknown } | undefined;
  let stopped = false;
  const abort = (): void => stop(signal?.reason);
  const stop = (reason?: unknown): void => {
    stopped = true;
    signal?.removeEventListener("abort", abort);
    reader.cancel(reason).catch(() => {});
  };
  signal?.addEventListener("abort", abort, { once: true });
  const next = async (): Promise<Step> => {
    const step: Step = await reader.read();
    // A cancelled reader says "done", and the server would take the piece that went for the whole.
    if (step.done && stopped) throw signal?.reason ?? new Error("the upload was given up");
    return step;
  };
  const fail = (error: unknown): unknown => {
    if (!stopped) failed = { error };
    return error;
  };
  const pieces = guarded({ next, fail, stop: () => {} });
  return { pieces, stop, failure: () => failed };
}
