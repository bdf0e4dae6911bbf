import type { ContentOptions, ContentSource } from "../../port/mod.ts";
import { type Descriptor, formatLocation, type OciLocation } from "../../spec/mod.ts";
import { type OpenLayout, readLayout } from "./layout.ts";
import { findEntry, noSuchEntry, readLayoutIndex } from "./layout-index.ts";

/** Returns the reading side of the layout at `location`, which `open` returns each time it is needed. */
export function openLayoutSource(location: OciLocation, open: (options: ContentOptions) => Promise<OpenLayout>): ContentSource {
  const content = async (options: ContentOptions = {}) => (await open(options)).content;
  return {
    name: formatLocation(location),
    async resolve(options = {}) {
      const layout = await open(options);
      return layout.content.readManifest(await readEntry(layout, options), options);
    },
    async describe(options = {}) {
      const { mediaType, digest, size } = await readEntry(await open(options), options);
      return { mediaType, digest, size };
    },
    manifest: async (descriptor, options) => (await content(options)).readManifest(descriptor, options),
    smallBlob: async (descriptor, options) => (await content(options)).readSmall(descriptor, options),
    blob: async (descriptor, options) => (await content(options)).read(descriptor, options),
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
