import { type Bytes, encodeUtf8, OciError } from "../../base/mod.ts";
import { type ContentFiles, directoryTree, openContentFiles, publishFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import type { OciLocation } from "../../spec/mod.ts";
import { checkMarker, layoutNaming, markerName, markerText, noMarker, type OpenLayout, openLayout, readIndexFile } from "./layout.ts";

/** What a layout needs of a host. */
export type LayoutHost = Pick<Host, "files" | "hash" | "random" | "clock">;

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

/** What {@linkcode makeLayout} found and made. */
export interface MadeLayout {
  /** Whether the directory was made. */
  readonly directory: boolean;
  /** Whether the marker was made. */
  readonly marker: boolean;
  /** The bytes of `index.json`, where there is one. */
  readonly index: Bytes | undefined;
}

/** Makes the directory and the marker, unless they are there. @throws {OciError} `INVALID` if the directory is a damaged layout, `UNSUPPORTED` for another version */
export async function makeLayout(layout: LayoutFiles): Promise<MadeLayout> {
  const { files } = layout.host;
  const directory = (await files.status(layout.path)) === undefined;
  if (directory) {
    await files.makeDirectory(layout.path);
    await files.syncDirectory(files.dirname(layout.path));
  }
  const hasMarker = await checkMarker(layout);
  const index = await readIndexFile(layout);
  if (hasMarker) return { directory, marker: false, index };
  if (index !== undefined) throw noMarker(layout);
  const path = files.join(layout.path, markerName);
  await publishFile(files, path, encodeUtf8(markerText), { random: layout.host.random });
  return { directory, marker: true, index };
}

/** Takes away what {@linkcode makeLayout} made in a directory that was there, and the folders of blobs if they are empty. */
export async function unmakeLayout({ host: { files }, path }: LayoutFiles): Promise<void> {
  const blobs = files.join(path, "blobs");
  const folders = (await files.status(blobs))?.kind === "directory" ? await files.list(blobs) : [];
  const names = await Promise.all(folders.map((folder) => files.list(files.join(blobs, folder)).catch(() => ["not a directory"])));
  if (names.some((each) => each.length > 0)) return;
  await files.remove(blobs);
  await files.remove(files.join(path, markerName));
}
