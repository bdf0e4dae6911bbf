import { type Bytes, decodeUtf8, encodeUtf8, OciError, quote } from "../../base/mod.ts";
import { type ContentFiles, isTemporaryName, openContentFiles, openDocument, publishFile, readPlainFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import { type DirLocation, encodedDigest, formatLocation, type ManifestDocument } from "../../spec/mod.ts";

/** What a directory needs of a host. */
export type DirHost = Pick<Host, "files" | "hash" | "random" | "clock">;

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
  /** `DIGITS.manifest.json`. */
  readonly manifests: ContentFiles;
  /** `DIGITS`. */
  readonly blobs: ContentFiles;
}

/** Name of the root. */
export const rootName = "manifest.json";
const version = "Directory Transport Version: 1.1\n";
const versionGrammar = /^Directory Transport Version: 1\.\d{1,3}\n$/;
const versionLimit = 4096;
const rootLimit = 4 * 1024 * 1024;

/** Returns the files at `location`; nothing is read or made before it is needed. */
export function openDirFiles(host: DirHost, location: DirLocation): DirFiles {
  const path = host.files.absolute(location.path);
  const manifests = openContentFiles(host, path, { naming: (digest) => [`${encodedDigest(digest)}.manifest.json`] });
  const blobs = openContentFiles(host, path, { naming: (digest) => [encodedDigest(digest)] });
  const name = formatLocation(location);
  return { host, what: quote(name), name, path, manifests, blobs };
}

/** Returns the root. @throws {OciError} `NOT_FOUND` if there is no directory or no root in it, `INVALID` if it is damaged */
export async function readRoot(dir: DirFiles): Promise<ManifestDocument> {
  const { host, path, what } = dir;
  if ((await host.files.status(path)) === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: there is no such directory`);
  const bytes = await readPlainFile(host.files, { directory: path, parts: [rootName], what: `${rootName} of ${what}` }, rootLimit);
  if (bytes === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: the directory has no ${rootName}`);
  return openRoot(dir, bytes);
}

/** Returns the root in `bytes`. @throws {OciError} `INVALID` if it is damaged */
export function openRoot({ host, what }: DirFiles, bytes: Bytes): ManifestDocument {
  return openDocument(host.hash, bytes, { what: `${rootName} of ${what}` });
}

/** Checks that the directory, if it is there, is of this kind. @throws {OciError} `INVALID` for one that holds something else */
export async function checkDir(dir: DirFiles): Promise<void> {
  const { host, path, what } = dir;
  const found = await readVersion(dir);
  if (found !== undefined && versionGrammar.test(decodeUtf8(found, `version of ${what}`))) return;
  const others = (await host.files.list(path)).filter((name) => !isTemporaryName(name));
  if (others.length === 0) return;
  const seen = found === undefined ? `it holds ${quote(others[0] ?? "")} and no version file` : "its version file is not one of this kind";
  throw new OciError("INVALID", `Cannot write ${what}: ${seen}, expected a new or empty directory or one that holds an image`);
}

/** Writes the version file, unless it is there. */
export async function markDir(dir: DirFiles): Promise<void> {
  const { files, random } = dir.host;
  if ((await readVersion(dir)) === undefined) await publishFile(files, files.join(dir.path, "version"), encodeUtf8(version), { random });
}

function readVersion({ host, path, what }: DirFiles): Promise<Bytes | undefined> {
  return readPlainFile(host.files, { directory: path, parts: ["version"], what: `version of ${what}` }, versionLimit);
}
