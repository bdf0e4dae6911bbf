import { OciError, quote } from "../base/mod.ts";
import type { ContentTarget } from "../port/mod.ts";
import type { Descriptor } from "../spec/mod.ts";
import { type Claim, inEachLane, type Lane, noteImplied } from "./lane.ts";
import { type Copy, isSameRepository } from "./session.ts";
import { type BlobTask, openBlob, type Transfer, transfer } from "./transfer.ts";

/** Brings a blob to its lanes; one that images share is brought once. Where it lies already it is asked for, once, if all blobs are to be. */
export async function copyBlob(copy: Copy, task: Transfer, signal: AbortSignal): Promise<void> {
  const key = blobKey(task.descriptor);
  const lanes = task.lanes.filter((lane) => !lane.blobs.has(key));
  const away = lanes.filter((lane) => !liesIn(lane, task));
  if (away.length > 0)
    begin(
      away,
      key,
      copy.run(() => transfer(copy, { ...task, lanes: away }, signal), signal),
    );
  const here = copy.verifyBlobs ? lanes.filter((lane) => liesIn(lane, task)) : [];
  if (here.length > 0) begin(here, key, verifyBlob(copy, { ...task, lanes: here }, signal));
  await Promise.all(task.lanes.map((lane) => lane.blobs.get(key)));
}

function begin(lanes: readonly Lane[], key: string, started: Promise<void>): void {
  for (const lane of lanes) lane.blobs.set(key, started);
}

/** Tells whether the lane is where the blob comes from. */
function liesIn({ target }: Lane, { descriptor, source }: BlobTask): boolean {
  return isSameRepository(source.repository, target.repository) && !source.made?.has(descriptor.digest);
}

/** Asks the lanes for a blob that they alone have: putting it there would take their word for it. */
async function verifyBlob(copy: Copy, { descriptor, kind, lanes }: Transfer, signal: AbortSignal): Promise<void> {
  copy.report({ type: "blob", descriptor, kind });
  const ask = async ({ target }: Lane, inner: AbortSignal): Promise<void> => {
    const isThere = await copy.run(async () => target.hasBlob?.(descriptor, { signal: inner }), inner);
    if (isThere === false) throw lacksBlob(target, descriptor);
  };
  const outcomes = await inEachLane(copy, lanes, ask, signal);
  copy.report({ type: "blob-done", descriptor, outcome: outcomes.length > 0 ? "exists" : undefined });
}

function lacksBlob({ name }: ContentTarget, { digest }: Descriptor): OciError {
  return new OciError("NOT_FOUND", `Cannot push to ${quote(name)}: the destination lacks blob ${digest}, which the list refers to`);
}

/** A blob to bring once more. */
export interface BlobAgain extends BlobTask {
  /** How the place has claimed to have it. */
  readonly claim: Claim;
}

/** Brings a blob to `lane` that the place has claimed to have, and may miss. What it has said to have is sent, else it is asked for first. Returns whether it was sent. */
export async function copyBlobAgain(copy: Copy, lane: Lane, task: BlobAgain, signal: AbortSignal): Promise<boolean> {
  const { descriptor, kind, claim } = task;
  copy.report({ type: "blob", descriptor, kind });
  const onProgress = (bytes: number): void => copy.report({ type: "progress", descriptor, bytes });
  const open = () => openBlob(task, signal);
  const outcome = await copy.run(() => lane.target.putBlob(descriptor, open, { signal, again: claim === "said", onProgress }), signal);
  if (outcome !== "copied") lane.found.set(descriptor.digest, "said");
  copy.report({ type: "blob-done", descriptor, outcome });
  return claim === "said" || outcome === "copied";
}

/** Notes that `lane` has a blob, by a manifest that it has. */
export function noteBlob(lane: Lane, descriptor: Descriptor): void {
  const key = blobKey(descriptor);
  noteImplied(lane, descriptor.digest);
  if (!lane.blobs.has(key)) lane.blobs.set(key, Promise.resolve());
}

/** A second descriptor with another size is a lie of one of them, which only asking for that size as well finds out. */
function blobKey({ digest, size }: Descriptor): string {
  return `${digest} ${size}`;
}
