import type { ContentSource } from "../../port/mod.ts";
import { type Descriptor, formatLocation } from "../../spec/mod.ts";
import { type LayoutFiles, readLayout } from "./layout-files.ts";
import { findEntry, noSuchEntry, readLayoutIndex } from "./layout-index.ts";

/** Returns the reading side of a layout. */
export function openLayoutSource(layout: LayoutFiles): ContentSource {
  const { content, location, what } = layout;
  const entry = async (signal: AbortSignal | undefined): Promise<Descriptor> => {
    signal?.throwIfAborted();
    const index = readLayoutIndex(await readLayout(layout), what);
    const name = { ...location, what };
    const found = findEntry(index, name);
    if (found === undefined) throw noSuchEntry("read", index, name);
    return found;
  };
  return {
    name: formatLocation(location),
    resolve: async (options) => content.readManifest(await entry(options?.signal), options),
    async describe(options) {
      const { mediaType, digest, size } = await entry(options?.signal);
      return { mediaType, digest, size };
    },
    manifest: (descriptor, options) => content.readManifest(descriptor, options),
    smallBlob: (descriptor, options) => content.readSmall(descriptor, options),
    blob: (descriptor, options) => content.read(descriptor, options),
  };
}
