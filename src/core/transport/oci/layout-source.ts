import type { ContentOptions, ContentSource } from "../../port/mod.ts";
import { type Descriptor, formatLocation, type OciLocation } from "../../spec/mod.ts";
import { type OpenLayout, readLayout, type UseLayout } from "./layout.ts";
import { findEntry, noSuchEntry, readLayoutIndex } from "./layout-index.ts";
import { openLayoutReferrers } from "./layout-referrers.ts";

/** Returns the reading side of the layout at `location`. */
export function openLayoutSource(location: OciLocation, use: UseLayout): ContentSource {
  return {
    name: formatLocation(location),
    resolve: (options = {}) => use(options, async (layout) => layout.content.readManifest(await readEntry(layout, options), options)),
    async describe(options = {}) {
      const { mediaType, digest, size } = await use(options, (layout) => readEntry(layout, options));
      return { mediaType, digest, size };
    },
    manifest: (descriptor, options = {}) => use(options, ({ content }) => content.readManifest(descriptor, options)),
    smallBlob: (descriptor, options = {}) => use(options, ({ content }) => content.readSmall(descriptor, options)),
    blob: (descriptor, options = {}) => use(options, ({ content }) => content.read(descriptor, options)),
    referrers: openLayoutReferrers(use),
  };
}

async function readEntry(layout: OpenLayout, options: ContentOptions): Promise<Descriptor> {
  options.signal?.throwIfAborted();
  const index = readLayoutIndex(await readLayout(layout, options), layout.what);
  const name = { ...layout.location, what: layout.what };
  const found = findEntry(index, name);
  if (found === undefined) throw noSuchEntry("read", index, name);
  return found;
}
