import type { Descriptor } from "../spec/mod.ts";
import type { Lane } from "./lane.ts";
import type { Copy } from "./session.ts";
import { type BlobTask, openBlob, type Transfer, transfer } from "./transfer.ts";

/** Brings a blob to its lanes; one that images share is brought once. */
export async function copyBlob(copy: Copy, task: Transfer, signal: AbortSignal): Promise<void> {
  const key = blobKey(task.descriptor);
  const lanes = task.lanes.filter((lane) => !lane.blobs.has(key));
  if (lanes.length > 0) {
    const started = copy.run(() => transfer(copy, { ...task, lanes }, signal), signal);
    for (const lane of lanes) lane.blobs.set(key, started);
  }
  await Promise.all(task.lanes.map((lane) => lane.blobs.get(key)));
}

/** Brings a blob to `lane` that the place says it has, and misses. */
export async function copyBlobAgain(copy: Copy, lane: Lane, task: BlobTask, signal: AbortSignal): Promise<void> {
  const { descriptor, kind } = task;
  copy.report({ type: "blob", descriptor, kind });
  const onProgress = (bytes: number): void => copy.report({ type: "progress", descriptor, bytes });
  const open = () => openBlob(task, signal);
  const outcome = await copy.run(() => lane.target.putBlob(descriptor, open, { signal, again: true, onProgress }), signal);
  copy.report({ type: "blob-done", descriptor, outcome });
}

/** Notes that `lane` has a blob, by what the place says. */
export function noteBlob(lane: Lane, descriptor: Descriptor): void {
  const key = blobKey(descriptor);
  lane.found.add(descriptor.digest);
  if (!lane.blobs.has(key)) lane.blobs.set(key, Promise.resolve());
}

/** A second descriptor with another size is a lie of one of them, which only asking for that size as well finds out. */
function blobKey({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}
