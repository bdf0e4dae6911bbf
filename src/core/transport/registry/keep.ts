/** A map that forgets its oldest values when they grow too many. */
export interface Keep<K, V> {
  /** Returns the value of `key`. */
  get(key: K): V | undefined;
  /** Keeps `value`. */
  set(key: K, value: V): void;
}

/** Returns a {@linkcode Keep} of at most `limit` bytes, as `sizeOf` counts them. */
export function createKeep<K, V>(limit: number, sizeOf: (value: V) => number): Keep<K, V> {
  const values = new Map<K, V>();
  let size = 0;
  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (values.has(key)) return;
      values.set(key, value);
      size += sizeOf(value);
      for (const [oldest, old] of values) {
        if (size <= limit) return;
        values.delete(oldest);
        size -= sizeOf(old);
      }
    },
  };
}
