import type { Pool } from "../base/mod.ts";
import type { ContentTarget, Report, Repository } from "../port/mod.ts";
import type { Digest, ManifestDocument } from "../spec/mod.ts";

/** What every copy takes. */
export interface CopyOptions {
  /** Where the content goes. */
  readonly target: ContentTarget;
  /** Bounds everything that is asked or moved at once; a blob's reading and writing share one place. */
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

/** One copy under way: the options, and what has been begun, so that nothing is begun twice. */
export interface Copy {
  /** Where the content goes. */
  readonly target: ContentTarget;
  /** Bounds everything that is asked or moved at once. */
  readonly pool: Pool;
  /** Whether every blob is asked for. */
  readonly verifyBlobs: boolean;
  /** Whether signatures go along. */
  readonly takesSignatures: boolean;
  /** Manifests whose signatures stay behind. */
  readonly unsigned: Set<Digest>;
  /** Blobs that were begun. */
  readonly blobs: Map<string, Promise<void>>;
  /** Manifests that were begun; those that had to be read come out of it. */
  readonly manifests: Map<Digest, Promise<ManifestDocument | undefined>>;
  /** Which index waits for which children. */
  readonly waits: Map<Digest, Set<Digest>>;
  /** Tells what happens. */
  readonly report: Report;
  /** Does one thing on the network when there is a place for it; `task` must not call this again. */
  run<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** Returns a copy under way in which nothing has been begun. */
export function openCopy(options: CopyOptions): Copy {
  return {
    target: options.target,
    pool: options.pool,
    verifyBlobs: options.verifyBlobs ?? false,
    takesSignatures: options.signatures ?? true,
    unsigned: new Set(),
    blobs: new Map(),
    manifests: new Map(),
    waits: new Map(),
    report: options.report ?? (() => {}),
    run: (task, signal) =>
      options.pool.run(async () => {
        signal?.throwIfAborted();
        return await task();
      }),
  };
}

/** Does `task`; when it fails, takes away what it left at the target and throws what it threw. */
export async function orAbandon<T>(target: ContentTarget, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    await target.abandon().catch(() => {});
    throw error;
  }
}

/** Tells whether both are the same repository, so that what lies in one need not be brought to the other. */
export function isSameRepository(a: Repository | undefined, b: Repository | undefined): boolean {
  return a !== undefined && b !== undefined && a.origin === b.origin && a.repository === b.repository && a.isMirrored !== true && b.isMirrored !== true;
}
