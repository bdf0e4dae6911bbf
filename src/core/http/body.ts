import type { ByteStream, Bytes } from "../base/mod.ts";
import type { IdleWatch } from "./idle.ts";

/** A body on its way out. */
export interface OutgoingBody {
  /** What `fetch` is given. */
  readonly stream: ByteStream;
  /** The failure of the source, if that is why the request failed; runtimes wrap it in failures of their own. */
  failure(): { readonly error: unknown } | undefined;
}

/**
 * Returns `source` as a body that tells the watch of every piece and ends with `signal`: on Node an aborted upload goes on
 * draining its source unless the source itself stops.
 */
export function outgoingBody(source: ByteStream, watch: IdleWatch, signal: AbortSignal): OutgoingBody {
  const reader = source.getReader();
  let failure: { readonly error: unknown } | undefined;
  let size = 0;
  const stream = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          signal.throwIfAborted();
          const next = await reader.read();
          if (next.done) {
            watch.sent(size);
            give(controller, undefined);
            return;
          }
          watch.progress();
          size += next.value.length;
          if (!give(controller, next.value)) reader.cancel().catch(() => {});
        } catch (error) {
          if (!signal.aborted) failure = { error };
          reader.cancel(error).catch(() => {});
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, failure: () => failure };
}

/** Passes a piece on, or the end; returns false where the request is over already, which is no failure of the source. */
function give(controller: ReadableStreamDefaultController<Bytes>, piece: Bytes | undefined): boolean {
  try {
    if (piece === undefined) controller.close();
    else controller.enqueue(piece);
    return true;
  } catch {
    return false;
  }
}

/** Returns a body on its way in: it fails with `signal`, and nothing is watched while nobody reads. */
export function incomingBody(source: ByteStream | null, watch: IdleWatch, signal: AbortSignal): ByteStream {
  if (source === null) return new ReadableStream<Bytes>({ start: (controller) => controller.close() });
  const reader = source.getReader();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        watch.wait();
        try {
          const next = await reader.read();
          watch.pause();
          if (!next.done) return controller.enqueue(next.value);
          controller.close();
        } catch (error) {
          watch.pause();
          controller.error(signal.aborted ? signal.reason : error);
        }
      },
      async cancel(reason) {
        watch.pause();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
