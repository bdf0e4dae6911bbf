/** Runs at most a fixed number of tasks at once. */
export interface Pool {
  /** How many tasks may run at once. */
  readonly size: number;
  /** Runs `task` when a place is free; a task must not wait for another task of the same pool. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Returns a pool of `size` places; waiting tasks start in the order they came. */
export function createPool(size: number): Pool {
  let free = size;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    size,
    async run(task) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        release();
      }
    },
  };
}

/**
 * Runs `task` for every item at the same time and returns the results in order. The first failure fires the signal that the
 * other tasks were given; when all have ended, it is the one thrown.
 */
export async function mapAll<T, R>(items: readonly T[], task: (item: T, signal: AbortSignal, at: number) => Promise<R>, signal?: AbortSignal): Promise<R[]> {
  const controller = new AbortController();
  const linked = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
  let failure: { readonly error: unknown } | undefined;
  const results = await Promise.all(
    items.map(async (item, at) => {
      try {
        linked.throwIfAborted();
        return { value: await task(item, linked, at) };
      } catch (error) {
        failure ??= { error };
        controller.abort(error);
        return undefined;
      }
    }),
  );
  if (failure) throw failure.error;
  return results.flatMap((result) => (result ? [result.value] : []));
}
