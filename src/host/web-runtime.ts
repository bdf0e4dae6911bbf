import type { Clock, Random } from "../core/port/mod.ts";

/** The time of the runtime. */
export const webClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, milliseconds);
      signal?.addEventListener("abort", abort, { once: true });
    }),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** More at once is refused by the web's `getRandomValues`. */
const randomPiece = 65_536;

/** The chance of the runtime. */
export const webRandom: Random = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += randomPiece) crypto.getRandomValues(bytes.subarray(at, at + randomPiece));
    return bytes;
  },
  number: () => Math.random(),
};
