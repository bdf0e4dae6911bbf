import { type Bytes, decodeUtf8, encodeUtf8, OciError, quote } from "../../base/mod.ts";
import { isTemporaryName, publishFile, readPlainFile } from "../../content/mod.ts";
import type { DirFiles } from "./dir-files.ts";

/*
 * The version of a directory (containers/image `directory/version.go`): 1.1 as long as every digest in it is of sha256, else 1.2.
 */

const fileName = "version";
const limit = 4096;
const newest = 2;
const grammar = /^Directory Transport Version: (\d{1,3})\.(\d{1,3})\n$/;

/** Checks that a directory which says its version has one that is known; it need not say any. @throws {OciError} `INVALID`, `UNSUPPORTED` */
export async function checkVersion(dir: DirFiles): Promise<void> {
  const found = await readVersion(dir);
  if (found !== undefined) parseVersion(dir, found, "read");
}

/** Checks that the directory, if it is there, is of this kind. @throws {OciError} `INVALID` for one that holds something else, `UNSUPPORTED` for a newer version */
export async function checkDir(dir: DirFiles): Promise<void> {
  const { host, path, what } = dir;
  const found = await readVersion(dir);
  if (found !== undefined) return void parseVersion(dir, found, "write");
  const [other] = (await host.files.list(path)).filter((name) => !isTemporaryName(name));
  if (other === undefined) return;
  throw new OciError(
    "INVALID",
    `Cannot write ${what}: it holds ${quote(other)} and no version file, expected a new or empty directory or one that holds an image`,
  );
}

/** Writes the version, unless the directory says this one or a later one. */
export async function markDir(dir: DirFiles, { isPlain }: { readonly isPlain: boolean }): Promise<void> {
  const { files, random } = dir.host;
  const found = await readVersion(dir);
  const minor = isPlain ? 1 : newest;
  if (found !== undefined && parseVersion(dir, found, "write") >= minor) return;
  await publishFile(files, files.join(dir.path, fileName), encodeUtf8(`Directory Transport Version: 1.${minor}\n`), { random });
}

/** Returns the second number; the first is 1. */
function parseVersion({ what }: DirFiles, bytes: Bytes, verb: "read" | "write"): number {
  const [, major, minor] = grammar.exec(decodeUtf8(bytes, `${fileName} of ${what}`)) ?? [];
  if (major === undefined || minor === undefined) throw new OciError("INVALID", `Cannot ${verb} ${what}: its version file is not one of a directory of images`);
  if (major === "1" && Number(minor) <= newest) return Number(minor);
  throw new OciError("UNSUPPORTED", `Cannot ${verb} ${what}: it has version ${major}.${minor}, expected at most 1.${newest}`);
}

function readVersion({ host, path, what }: DirFiles): Promise<Bytes | undefined> {
  return readPlainFile(host.files, { directory: path, parts: [fileName], what: `${fileName} of ${what}` }, limit);
}
