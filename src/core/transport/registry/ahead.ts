import type { ByteStream } from "../../base/mod.ts";

/** Content that is being opened already. */
export interface Ahead {
  /** Returns the content that was opened ahead, the first time; after that opens it anew. */
  readonly open: () => Promise<ByteStream>;
  /** Lets go of content that nobody took. */
  readonly close: () => Promise<void>;
}

/** Opens content ahead of its use: where it comes from answers while where it goes makes ready, which saves a round trip for every image. */
export function openAhead(open: () => Promise<ByteStream>): Ahead {
  let first: Promise<ByteStream> | undefined = open();
  // Whoever takes it hears of a failure; if nobody does, it does not matter.
  first.catch(() => {});
  const take = (): Promise<ByteStream> | undefined => {
    const taken = first;
    first = undefined;
    return taken;
  };
  return {
    open: () => take() ?? open(),
    close: async () => {
      const stream = await take()?.catch(() => undefined);
      await stream?.cancel().catch(() => {});
    },
  };
}
