import { isOciError, mapAll, type OciError } from "../base/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import type { Digest, ManifestDocument } from "../spec/mod.ts";
import type { Copy } from "./session.ts";

/** How a place has claimed something: it said so when asked for that itself, or it has a manifest that refers to it. */
export type Claim = "said" | "implied";

/** One destination of a copy under way, and what has been begun there, so that nothing is begun twice. */
export interface Lane {
  /** Where the content goes. */
  readonly target: ContentTarget;
  /** The same place for reading, where it has one. */
  readonly readable: ContentSource | undefined;
  /** Blobs that were begun. */
  readonly blobs: Map<string, Promise<void>>;
  /** Manifests that were begun; those that had to be read come out of it. */
  readonly manifests: Map<Digest, Promise<ManifestDocument | undefined>>;
  /** Content that this copy has not put there since the place has claimed to have it. */
  readonly found: Map<Digest, Claim>;
  /** Manifests whose signatures stay behind. */
  readonly unsigned: Set<Digest>;
  /** Ends whatever goes there, once something has failed there. */
  readonly end: AbortController;
  /** Why nothing goes there any more. */
  failure: OciError | undefined;
  /** Whether what went there counts, so that it stays whatever happens afterwards. */
  isKept: boolean;
}

/** Returns a lane in which nothing has been begun. */
export function openLane(target: ContentTarget, readable?: ContentSource): Lane {
  const nothing = { blobs: new Map(), manifests: new Map(), found: new Map<Digest, Claim>(), unsigned: new Set<Digest>() };
  return { target, readable, ...nothing, end: new AbortController(), failure: undefined, isKept: false };
}

/** Notes what a manifest refers to that the place has; what it has said itself stays said. */
export function noteImplied({ found }: Pick<Lane, "found">, digest: Digest): void {
  if (!found.has(digest)) found.set(digest, "implied");
}

/** What a task has made in one lane. */
export interface Outcome<T, L extends Lane = Lane> {
  readonly lane: L;
  readonly value: T;
}

/** Does `task` in every lane at the same time and returns what came of it where it succeeded. A lane in which it fails is left out from then on. @throws where no lane is left */
export async function inEachLane<T, L extends Lane>(
  copy: Copy,
  lanes: readonly L[],
  task: (lane: L, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<readonly Outcome<T, L>[]> {
  const outcomes = await mapAll(
    lanes.filter(isRunning),
    async (lane, inner): Promise<readonly Outcome<T, L>[]> => {
      try {
        return [{ lane, value: await task(lane, AbortSignal.any([inner, lane.end.signal])) }];
      } catch (error) {
        fail(copy, [lane], error, inner);
        return [];
      }
    },
    signal,
  );
  return outcomes.flat().filter(({ lane }) => isRunning(lane));
}

/** Does what `lanes` need alike, once; where it fails, it fails for all of them, and nothing is returned. @throws where no lane is left */
export async function forLanes<T>(copy: Copy, lanes: readonly Lane[], task: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    fail(copy, lanes, error, signal);
    return undefined;
  }
}

/** Takes away what was put where it does not count yet. */
export async function abandonLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.filter(({ isKept }) => !isKept).map(({ target }) => target.abandon().catch(() => {})));
}

/** Tells whether nothing has failed there. */
export function isRunning({ failure }: Lane): boolean {
  return failure === undefined;
}

/** An interruption, or a failure that nobody has foreseen, is one of the whole copy. */
function fail(copy: Copy, lanes: readonly Lane[], error: unknown, signal: AbortSignal): void {
  if (!isOciError(error) || signal.aborted) throw error;
  for (const lane of lanes) {
    lane.failure ??= error;
    lane.end.abort(error);
  }
  if (!copy.lanes.some(isRunning)) throw error;
}
