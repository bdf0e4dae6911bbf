import { streamBytes } from "../base/mod.ts";
import type { ContentReader } from "../content/mod.ts";
import { copyImage } from "../copy/mod.ts";
import type { ContentSource, ContentTarget } from "../port/mod.ts";
import type { Descriptor } from "../spec/mod.ts";
import type { ContentKeeper } from "../store/mod.ts";
import { type ListContext, quietly } from "./context.ts";

/** Puts a manifest and all that it leads to into the store: children to 10 levels, configs, layers. */
export async function keepImage(context: ListContext, keeper: ContentKeeper, { descriptor, source, signal }: KeptImage): Promise<void> {
  const { pool, report } = context;
  await copyImage({ descriptor, source, target: keeperTarget(keeper, source), pool, report: quietly(report), ...(signal && { signal }) });
}

/** An image that is to be kept. */
export interface KeptImage {
  /** Its manifest. */
  readonly descriptor: Descriptor;
  /** Where its content can be had. */
  readonly source: ContentSource;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/**
 * The store holds content by its digest alone, so it has no roots; what is there already, the keeper finds out by itself. It keeps
 * hold of what it may open later: a manifest is read again from `source` then, as its bytes would stay in memory until the end.
 */
function keeperTarget(keeper: ContentKeeper, source: ContentSource): ContentTarget {
  const none = () => Promise.reject(new TypeError("the content of the store has no root"));
  return {
    name: "local store",
    accepts: () => true,
    hasManifest: async () => false,
    putBlob: (descriptor, open, options) => keeper.put(descriptor, open, options),
    async putManifest({ descriptor }, options) {
      await keeper.put(descriptor, async () => streamBytes((await source.manifest(descriptor, options)).bytes), options);
    },
    putRoot: none,
    abandon: async () => {},
  };
}

/** Returns what the store keeps as a source; there is no root in it, and nothing that refers to others. */
export function keptSource(content: ContentReader): ContentSource {
  const none = () => Promise.reject(new TypeError("the content of the store has no root"));
  return {
    name: "local store",
    resolve: none,
    describe: none,
    manifest: (descriptor, options) => content.readManifest(descriptor, options),
    smallBlob: (descriptor, options) => content.readSmall(descriptor, options),
    blob: (descriptor, options) => content.read(descriptor, options),
    referrers: async () => [],
  };
}
