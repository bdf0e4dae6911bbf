import { type ByteStream, isOciError, mapAll, streamBytes } from "../base/mod.ts";
import type { BlobOutcome, ContentSource } from "../port/mod.ts";
import { inEachLane, type Lane } from "./lane.ts";
import type { Part } from "./parts.ts";
import type { Copy } from "./session.ts";
import { type Branch, teeContent } from "./tee.ts";

/** One blob to bring. */
export interface BlobTask extends Part {
  /** Where it lies. */
  readonly source: ContentSource;
}

/** A blob, and where it goes. */
export interface Transfer extends BlobTask {
  /** Where it goes. */
  readonly lanes: readonly Lane[];
}

/** What a source keeps in memory after it was read. */
const smallBlobLimit = 4 * 1024 * 1024;

/** Returns the content of a blob. A config has most often been read for its platform: its bytes are still there, a stream would fetch them again. */
export async function openBlob({ descriptor, kind, source }: BlobTask, signal: AbortSignal): Promise<ByteStream> {
  if (kind === "config" && descriptor.size <= smallBlobLimit) return streamBytes(await source.smallBlob(descriptor, { signal }));
  return await source.blob(descriptor, { signal });
}

/** Brings a blob to its lanes, read once for all of them. */
export async function transfer(copy: Copy, task: Transfer, signal: AbortSignal): Promise<void> {
  const { descriptor, kind } = task;
  const groups = groupByOrigin(task.lanes);
  const branches = teeContent(() => openBlob(task, signal), { count: groups.length, clock: copy.clock });
  copy.report({ type: "blob", descriptor, kind });
  const tell = furthest((bytes) => copy.report({ type: "progress", descriptor, bytes }));
  const outcomes = await mapAll(branches, (branch, inner, at) => bring(copy, { ...task, lanes: groups[at] ?? [], branch, tell }, inner), signal);
  copy.report({ type: "blob-done", descriptor, outcome: summary(outcomes.flat()) });
}

/** Lanes to one registry follow each other, so that the first gives the others what it got. */
function groupByOrigin(lanes: readonly Lane[]): readonly (readonly Lane[])[] {
  const groups = new Map<unknown, Lane[]>();
  for (const lane of lanes) {
    const key = lane.target.repository?.origin ?? lane;
    groups.set(key, [...(groups.get(key) ?? []), lane]);
  }
  return [...groups.values()];
}

interface Bringing extends Transfer {
  readonly branch: Branch;
  /** Returns what is told of every piece that goes to one more lane. */
  readonly tell: () => (bytes: number) => void;
}

/** Brings the blob to lanes one after another; once the first has it, nobody need wait for the others. */
async function bring(copy: Copy, task: Bringing, signal: AbortSignal): Promise<readonly BlobOutcome[]> {
  const { lanes, branch } = task;
  const outcomes: BlobOutcome[] = [];
  let first: Lane | undefined;
  try {
    for (const lane of lanes) {
      const [done] = await inEachLane(copy, [lane], (_, inner) => put(lane, { ...task, first }, inner), signal);
      if (done === undefined) continue;
      outcomes.push(done.value);
      if (done.value !== "copied") lane.found.set(task.descriptor.digest, "said");
      first ??= lane;
      branch.leave();
    }
    return outcomes;
  } finally {
    branch.leave();
  }
}

/** What `first` has got is mounted from there. Where it cannot be mounted it is read there, if it lies behind the network anyway; what was made here does not. */
function put(lane: Lane, task: Bringing & { readonly first: Lane | undefined }, signal: AbortSignal): Promise<BlobOutcome> {
  const { descriptor, source, first, branch, tell } = task;
  const origin = source.made?.has(descriptor.digest) === true ? undefined : source.repository;
  const from = first?.target.repository ?? origin;
  const isMountable = from !== undefined && from.origin === lane.target.repository?.origin;
  const near = origin && first?.readable;
  const open = near === undefined ? branch.open : () => orElse(() => near.blob(descriptor, { signal }), branch.open);
  return lane.target.putBlob(descriptor, open, { signal, ...(isMountable && { from }), onProgress: tell() });
}

async function orElse<T>(task: () => Promise<T>, other: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (isOciError(error, "NOT_FOUND") || isOciError(error, "DENIED")) return await other();
    throw error;
  }
}

/** Returns counters of what is the same bytes to several; `report` is told how far the furthest is. */
function furthest(report: (bytes: number) => void): () => (bytes: number) => void {
  let told = 0;
  return () => {
    let sum = 0;
    return (bytes) => {
      sum += bytes;
      if (sum > told) report(sum - told);
      told = Math.max(told, sum);
    };
  };
}

/** What took most says what it took; nothing does where all failed. */
function summary(outcomes: readonly BlobOutcome[]): BlobOutcome | undefined {
  return (["copied", "mounted", "exists"] as const).find((outcome) => outcomes.includes(outcome));
}
