import { OciError, quote } from "../../base/mod.ts";
import { type ContentFiles, directoryTree, openContentFiles, openDocument, readPlainFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import { type DirLocation, formatLocation, type ManifestDocument } from "../../spec/mod.ts";
import { blobName, manifestName, withOlderNames } from "./dir-names.ts";
import { checkVersion } from "./dir-version.ts";

/** What a directory needs of a host. */
export type DirHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment">;

/** The files of one image in a directory (containers/image `directory/directory_transport.go`). */
export interface DirFiles {
  /** The host. */
  readonly host: DirHost;
  /** The location in words, for messages, in quotes. */
  readonly what: string;
  /** The location in words. */
  readonly name: string;
  /** The directory. */
  readonly path: string;
  /** Manifests, the root left out. */
  readonly manifests: ContentFiles;
  /** Configs and layers. */
  readonly blobs: ContentFiles;
}

/** Name of the root. */
export const rootName = "manifest.json";
const rootLimit = 4 * 1024 * 1024;

/** Returns the files at `location`; nothing is read or made before it is needed. */
export function openDirFiles(host: DirHost, location: DirLocation): DirFiles {
  const path = host.files.absolute(location.path);
  const tree = withOlderNames(directoryTree(host.files, path));
  const manifests = openContentFiles(host, path, { naming: (digest) => [manifestName(digest)], tree });
  const blobs = openContentFiles(host, path, { naming: (digest) => [blobName(digest)], tree });
  const name = formatLocation(location);
  return { host, what: quote(name), name, path, manifests, blobs };
}

/** Returns the root. @throws {OciError} `NOT_FOUND` if there is no directory or no root in it, `INVALID` if it is damaged, `UNSUPPORTED` for a newer version */
export async function readRoot(dir: DirFiles): Promise<ManifestDocument> {
  const { host, path, what } = dir;
  if ((await host.files.status(path)) === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: there is no such directory`);
  const bytes = await readPlainFile(host.files, { directory: path, parts: [rootName], what: `${rootName} of ${what}` }, rootLimit);
  if (bytes === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: the directory has no ${rootName}`);
  await checkVersion(dir);
  return openDocument(host.hash, bytes, { what: `${rootName} of ${what}` });
}
