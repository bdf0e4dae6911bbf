import { streamBytes } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Descriptor } from "../spec/mod.ts";
import type { Copy } from "./session.ts";

/** One blob to bring. */
export interface BlobTask {
  /** The blob. */
  readonly descriptor: Descriptor;
  /** What its manifest calls it. */
  readonly kind: "config" | "blob";
  /** Where it lies. */
  readonly source: ContentSource;
}

/** What a source keeps in memory after it was read. */
const smallBlobLimit = 4 * 1024 * 1024;

/** Brings a blob to the target; one that images share is brought once. */
export function copyBlob(copy: Copy, task: BlobTask, signal: AbortSignal): Promise<void> {
  // A second descriptor with another size is a lie of one of them, which only asking for that size as well finds out.
  const key = `${task.descriptor.digest} ${task.descriptor.size}`;
  const begun = copy.blobs.get(key);
  if (begun) return begun;
  const started = copy.run(() => transfer(copy, task, signal), signal);
  copy.blobs.set(key, started);
  return started;
}

async function transfer(copy: Copy, task: BlobTask, signal: AbortSignal): Promise<void> {
  const { descriptor, kind, source } = task;
  const { target, report } = copy;
  const isNear = source.repository !== undefined && source.repository.origin === target.repository?.origin;
  const isMountable = isNear && source.made?.has(descriptor.digest) !== true;
  report({ type: "blob", descriptor, kind });
  const outcome = await target.putBlob(descriptor, () => open(task, signal), {
    signal,
    ...(isMountable && { from: source.repository }),
    onProgress: (bytes) => report({ type: "progress", descriptor, bytes }),
  });
  report({ type: "blob-done", descriptor, outcome });
}

/** A config has most often been read for its platform: its bytes are still there, a stream would fetch them again. */
async function open({ descriptor, kind, source }: BlobTask, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (kind === "config" && descriptor.size <= smallBlobLimit) return streamBytes(await source.smallBlob(descriptor, { signal }));
  return await source.blob(descriptor, { signal });
}
