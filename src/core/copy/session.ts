import type { Pool } from "../base/mod.ts";
import type { Clock, Report, Repository } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { Lane } from "./lane.ts";

/** What every copy takes. */
export interface CopyOptions {
  /** Bounds everything that is asked or moved at once; a blob's reading and its writing, to however many destinations, share one place. */
  readonly pool: Pool;
  /** Is told what happens. */
  readonly report?: Report;
  /** Ends the copy. */
  readonly signal?: AbortSignal;
  /** Whether every blob is asked for, also those of a manifest that the target has. @default false */
  readonly verifyBlobs?: boolean;
  /** Whether signatures that lie beside manifests go along, where the target keeps such; where it does not, that is reported. @default true */
  readonly signatures?: boolean;
}

/** One copy under way. */
export interface Copy {
  /** Where the content goes. */
  readonly lanes: readonly Lane[];
  /** Bounds everything that is asked or moved at once. */
  readonly pool: Pool;
  /** Whether every blob is asked for. */
  readonly verifyBlobs: boolean;
  /** Whether signatures go along. */
  readonly takesSignatures: boolean;
  /** Notices a destination that keeps the others waiting. */
  readonly clock: Pick<Clock, "after">;
  /** Which index waits for which children. */
  readonly waits: Map<Digest, Set<Digest>>;
  /** Tells what happens. */
  readonly report: Report;
  /** Does one thing on the network when there is a place for it; `task` must not call this again. */
  run<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** A single destination keeps nobody waiting. */
const noClock: Copy["clock"] = { after: () => () => {} };

/** Returns a copy under way to `lanes`. */
export function openCopy(options: CopyOptions & Partial<Pick<Copy, "clock">>, lanes: readonly Lane[]): Copy {
  return {
    lanes,
    pool: options.pool,
    verifyBlobs: options.verifyBlobs ?? false,
    takesSignatures: options.signatures ?? true,
    clock: options.clock ?? noClock,
    waits: new Map(),
    report: options.report ?? (() => {}),
    run: (task, signal) =>
      options.pool.run(async () => {
        signal?.throwIfAborted();
        return await task();
      }),
  };
}

/** Tells whether both are the same repository, so that what lies in one need not be brought to the other. */
export function isSameRepository(a: Repository | undefined, b: Repository | undefined): boolean {
  return a !== undefined && b !== undefined && a.origin === b.origin && a.repository === b.repository && a.isMirrored !== true && b.isMirrored !== true;
}
