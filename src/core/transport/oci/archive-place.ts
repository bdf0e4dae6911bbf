import { quote } from "../../base/mod.ts";
import type { Archives } from "../../content/mod.ts";
import type { ContentOptions, ContentPlace } from "../../port/mod.ts";
import { formatLocation, type OciLocation } from "../../spec/mod.ts";
import { type ArchiveFile, type ArchiveLayoutHost, readArchive, steadily } from "./archive-files.ts";
import { rewriteArchive } from "./archive-rewrite.ts";
import { openArchiveTarget } from "./archive-target.ts";
import { readLayout } from "./layout.ts";
import { entryName, removeEntry } from "./layout-index.ts";
import { openLayoutSource } from "./layout-source.ts";

export type { ArchiveLayoutHost } from "./archive-files.ts";

/**
 * Returns the layout in the archive at `location` as a place to read from and to write to; nothing is read or made before it is
 * needed. Any number of processes may write to one archive at once; each writes a whole new one beside it.
 */
export async function openArchivePlace(host: ArchiveLayoutHost, archives: Archives, location: OciLocation): Promise<ContentPlace> {
  const file: ArchiveFile = { host, archives, location, what: quote(formatLocation(location)), path: host.files.absolute(location.path) };
  return {
    source: openLayoutSource(location, (options, task) => steadily(file, options, async () => task(await readArchive(file, options)))),
    target: openArchiveTarget(file),
    removeName: (options) => removeName(file, options),
  };
}

async function removeName(file: ArchiveFile, options: ContentOptions = {}): Promise<void> {
  await steadily(file, options, async () => readLayout(await readArchive(file, options), options));
  const name = entryName(file.location);
  await rewriteArchive(file, { ...options, edit: (index) => removeEntry(index, name), staged: new Map(), used: new Set() });
}
