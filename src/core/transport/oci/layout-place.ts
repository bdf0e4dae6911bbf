import { swapFile } from "../../content/mod.ts";
import type { ContentOptions, ContentPlace } from "../../port/mod.ts";
import type { OciLocation } from "../../spec/mod.ts";
import { readLayout } from "./layout.ts";
import { findLayoutFiles, type LayoutFiles, type LayoutHost, openLayoutFiles } from "./layout-files.ts";
import { encodeLayoutIndex, readLayoutIndexToEdit, removeEntry } from "./layout-index.ts";
import { openLayoutSource } from "./layout-source.ts";
import { openLayoutTarget } from "./layout-target.ts";

export type { LayoutHost } from "./layout-files.ts";

/**
 * Returns the layout at `location` as a place to read from and to write to; nothing is read or made before it is needed.
 * Any number of processes may write to one layout at once.
 */
export async function openLayoutPlace(host: LayoutHost, location: OciLocation): Promise<ContentPlace> {
  const layout = openLayoutFiles(host, location);
  return {
    source: openLayoutSource(location, async (_options, task) => task(await findLayoutFiles(layout))),
    target: openLayoutTarget(layout),
    removeName: (options) => removeName(layout, options),
  };
}

async function removeName(layout: LayoutFiles, { signal }: ContentOptions = {}): Promise<void> {
  const { host, location, path, what } = layout;
  signal?.throwIfAborted();
  await readLayout(await findLayoutFiles(layout));
  await swapFile(host, async (current) => encodeLayoutIndex(removeEntry(readLayoutIndexToEdit(current, what), { ...location, what }), what), {
    directory: path,
    name: "index.json",
    ...(signal && { signal }),
  });
}
