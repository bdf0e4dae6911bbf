import type { Bytes } from "../base/mod.ts";
import type { Cache } from "./cache.ts";

/** A cache whose writer goes on at once. */
export interface WriteBehind extends Cache {
  /** Waits until all that was written is kept. @throws what writing failed with, which is a defect: what cannot be kept is no failure */
  settle(): Promise<void>;
}

/** Bytes that may be on their way; whoever writes more waits. */
const mostBytes = 4 * 1024 * 1024;
/** Writes that may be: each has a file open. */
const mostWrites = 32;

/** Returns `cache` for those whose next request should not wait for a disk; who reads what is on its way gets it all the same. */
export function writeBehind(cache: Cache): WriteBehind {
  const pending = new Map<string, Promise<void>>();
  let size = 0;
  let failed: { readonly error: unknown } | undefined;
  const keep = async (name: string, key: readonly string[], bytes: Bytes): Promise<void> => {
    size += bytes.length;
    try {
      await pending.get(name);
      await cache.write(key, bytes);
    } catch (error) {
      failed ??= { error };
    }
    size -= bytes.length;
  };
  const settle = async (): Promise<void> => {
    await Promise.all(pending.values());
    if (failed) throw failed.error;
  };
  return {
    settle,
    async read(key) {
      await pending.get(JSON.stringify(key));
      return await cache.read(key);
    },
    async write(key, bytes) {
      const name = JSON.stringify(key);
      const kept = keep(name, key, bytes).then(() => {
        if (pending.get(name) === kept) pending.delete(name);
      });
      pending.set(name, kept);
      if (size > mostBytes || pending.size > mostWrites) await settle();
    },
  };
}
