import { isOciError, OciError, quote } from "../../base/mod.ts";
import { type Archive, type Archives, openContentReader } from "../../content/mod.ts";
import type { ContentOptions, Host } from "../../port/mod.ts";
import { formatLocation, type OciLocation } from "../../spec/mod.ts";
import { layoutNaming, markerName, type OpenLayout, openLayout } from "./layout.ts";

/** What an archive of a layout needs of a host. */
export type ArchiveLayoutHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment">;

/** One archive that holds, or will hold, a layout. */
export interface ArchiveFile {
  /** The host. */
  readonly host: ArchiveLayoutHost;
  /** The archives of this run. */
  readonly archives: Archives;
  /** The location. */
  readonly location: OciLocation;
  /** The location in words, for messages, in quotes. */
  readonly what: string;
  /** The file. */
  readonly path: string;
}

/** The layout in an archive. */
export interface ArchiveLayout extends OpenLayout {
  /** The archive. */
  readonly archive: Archive;
}

/** Returns the layout in the archive. @throws {OciError} `NOT_FOUND`, `INVALID` for what is no archive */
export async function readArchive(file: ArchiveFile, options: ContentOptions = {}): Promise<ArchiveLayout> {
  const { transport, path } = file.location;
  const what = quote(formatLocation({ transport, path }));
  const archive = await file.archives.open({ path: file.path, what }, options);
  const layout = openLayout(file.location, archive.tree, openContentReader(file.host.hash, archive.tree, layoutNaming));
  return { ...layout, archive };
}

/**
 * Returns the layout in the archive for an edit of it, or undefined where there is no archive yet. What cannot be kept as it is
 * will not be replaced: a link, a compressed archive, a file that is something else.
 * @throws {OciError} `INVALID`, `UNSUPPORTED`
 */
export async function readArchiveToEdit(file: ArchiveFile, options: ContentOptions = {}): Promise<ArchiveLayout | undefined> {
  const { host, path, what } = file;
  const status = await host.files.status(path);
  if (status === undefined || (status.kind === "file" && status.size === 0)) return undefined;
  if (status.kind === "link")
    throw new OciError("UNSUPPORTED", `Cannot write ${what}: it is a link, which a new archive would replace; name the file it leads to`);
  const layout = await tryRead(file, options);
  if (layout === undefined) return undefined;
  const { archive } = layout;
  if (archive.compression !== undefined)
    throw new OciError("UNSUPPORTED", `Cannot write ${what}: the archive is compressed with ${archive.compression}, which is read only; unpack it first`);
  if (!archive.members.has(markerName))
    throw new OciError("INVALID", `Cannot write ${what}: the file is there and has no "${markerName}" in it, so it is no archive of an OCI layout`);
  return layout;
}

const maximumTries = 20;

/**
 * Does `task`, which reads the archive; again when it failed and somebody has put another archive in its place meanwhile, since
 * what was looked for where it had been is then something else.
 */
export async function steadily<T>({ archives, path }: ArchiveFile, options: ContentOptions, task: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await task();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (tries === maximumTries || !(await archives.hasChanged(path))) throw error;
    }
  }
}

/** A file that somebody takes away meanwhile is not there. */
async function tryRead(file: ArchiveFile, options: ContentOptions): Promise<ArchiveLayout | undefined> {
  try {
    return await readArchive(file, options);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
