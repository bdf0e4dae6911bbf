import type { ByteStream } from "../base/mod.ts";
import type { ContentFiles, Promised, PutContentOptions } from "../content/mod.ts";

/** Takes in what an edit is about to make a list refer to. */
export interface ContentKeeper {
  /**
   * Takes content in, verified; what the store has already is not asked of `open`, which may be called again later, even after the
   * edit. @throws {OciError} `MISMATCH` if the content is not the one promised
   */
  put(promised: Promised, open: () => Promise<ByteStream>, options?: PutContentOptions): Promise<"copied" | "exists">;
}

/** Runs `task`, see `ListStore.keep`. */
export async function keepContent<T>(content: ContentFiles, task: (keeper: ContentKeeper) => Promise<T>): Promise<T> {
  return await task({ put: (promised, open, options) => content.put(promised, open, options) });
}
