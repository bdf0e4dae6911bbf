/** What {@linkcode retry} needs from outside: the time and a die. */
export interface RetryTools {
  /** Waits, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Returns a number from 0 up to, not including, 1. */
  random(): number;
}

/** How often and how long to try again. */
export interface RetryPolicy {
  /** Further tries after the first. */
  readonly retries: number;
  /** Upper bound of the first wait in milliseconds; it doubles with every try. */
  readonly delay: number;
  /** Upper bound of every wait in milliseconds. */
  readonly maximumDelay: number;
  /** Whether every wait is {@linkcode delay} itself. @default false: full jitter below bounds that double */
  readonly isConstant?: boolean;
}

/** Options of {@linkcode retry}. */
export interface RetryOptions {
  /** How often and how long. */
  readonly policy: RetryPolicy;
  /** Clock and die. */
  readonly tools: RetryTools;
  /** Ends waiting and trying. */
  readonly signal?: AbortSignal;
  /** Tells whether `error` may pass; a number is the least wait in milliseconds the other side asked for. */
  readonly isTransient: (error: unknown) => boolean | number;
  /** Tells whether the try that failed began further on than the one before, so that tries are counted anew. @default never */
  readonly gotFurther?: () => boolean;
  /** Is told before each wait. */
  readonly onRetry?: (error: unknown, wait: number, attempt: number) => void;
}

/** Runs `task` until it succeeds, fails for good, or the tries are used up; waits with full jitter in between. */
export async function retry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, tools, signal } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      return await task(attempt);
    } catch (error) {
      const transient = options.isTransient(error);
      if (options.gotFurther?.() === true) attempt = 0;
      if (transient === false || attempt >= policy.retries || signal?.aborted) throw error;
      const wait = Math.max(typeof transient === "number" ? transient : 0, waitOf(policy, attempt, tools));
      options.onRetry?.(error, wait, attempt + 1);
      await tools.sleep(wait, signal);
    }
  }
}

function waitOf({ delay, maximumDelay, isConstant }: RetryPolicy, attempt: number, { random }: RetryTools): number {
  return isConstant === true ? delay : Math.min(delay * 2 ** attempt, maximumDelay) * random();
}
