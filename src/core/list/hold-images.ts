import { createPool, mapAll } from "../base/mod.ts";
import type { ContentKeeper } from "../store/mod.ts";
import type { ListContext } from "./context.ts";
import { openEntrySource } from "./entry-source.ts";
import type { FoundImage } from "./found-image.ts";
import { keepImage } from "./kept-content.ts";

/**
 * Runs `task`, which makes a local list refer to `images`, with the store keeping what has to be kept of them: all that an image
 * leads to whose content can be had in this run only, and what it keeps already for another list, which may go at any time. A few
 * more are begun than the pool has places, so that a long list does not hold all its manifests in memory.
 */
export async function holdImages<T>(context: ListContext, images: readonly FoundImage[], task: (images: readonly FoundImage[]) => Promise<T>): Promise<T> {
  if (!images.some(isHeld)) return task(images);
  const ahead = createPool(context.pool.size * 2);
  return context.store.keep(async (keeper) => {
    const hold = (image: FoundImage, signal: AbortSignal) => ahead.run(() => holdImage(context, keeper, { image, signal }));
    return task(await mapAll(images, hold, context.signal));
  });
}

function isHeld({ content, source }: FoundImage): boolean {
  return content !== undefined || source?.kept !== undefined;
}

interface Holding {
  readonly image: FoundImage;
  readonly signal: AbortSignal;
}

async function holdImage(context: ListContext, keeper: ContentKeeper, { image, signal }: Holding): Promise<FoundImage> {
  const { entry: descriptor, source, content } = image;
  if (source === undefined || !isHeld(image)) return image;
  if (content === undefined && source.kept === "manifest") {
    await keeper.put(descriptor, () => context.store.content.read(descriptor, { signal }), { signal });
    return image;
  }
  await keepImage(context, keeper, { descriptor, source: content ?? (await openEntrySource(context, source, descriptor)), signal });
  return { ...image, source: { ...source, kept: "all" } };
}
