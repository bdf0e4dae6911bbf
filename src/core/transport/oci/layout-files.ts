import { encodeUtf8, OciError } from "../../base/mod.ts";
import { type ContentFiles, directoryTree, openContentFiles, publishFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import type { OciLocation } from "../../spec/mod.ts";
import { layoutNaming, markerName, markerText, type OpenLayout, openLayout, readMarked } from "./layout.ts";
import { readLayoutIndexToEdit } from "./layout-index.ts";

/** What a layout needs of a host. */
export type LayoutHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment">;

/** A layout in a directory. */
export interface LayoutFiles extends OpenLayout {
  /** The host. */
  readonly host: LayoutHost;
  /** The directory. */
  readonly path: string;
  /** The blobs. */
  readonly content: ContentFiles;
}

/** Returns the files of the layout at `location`; nothing is read or made before it is needed. */
export function openLayoutFiles(host: LayoutHost, location: OciLocation): LayoutFiles {
  const path = host.files.absolute(location.path);
  const content = openContentFiles(host, path, { naming: layoutNaming });
  return { ...openLayout(location, directoryTree(host.files, path), content), host, path, content };
}

/** Returns the layout if its directory is there. @throws {OciError} `NOT_FOUND` */
export async function findLayoutFiles(layout: LayoutFiles): Promise<LayoutFiles> {
  if ((await layout.host.files.status(layout.path)) !== undefined) return layout;
  throw new OciError("NOT_FOUND", `Cannot read ${layout.what}: there is no such directory`);
}

/** Checks that what lies in the directory, if anything, can be written to. @throws {OciError} `INVALID` for a damaged layout, `UNSUPPORTED` for another version */
export async function checkLayout(layout: LayoutFiles): Promise<void> {
  readLayoutIndexToEdit((await readMarked(layout)).index, layout.what);
}

/** Writes the marker, unless it is there. */
export async function mark(layout: LayoutFiles): Promise<void> {
  const { files, random } = layout.host;
  if ((await readMarked(layout)).isMarked) return;
  await publishFile(files, files.join(layout.path, markerName), encodeUtf8(markerText), { random });
}
