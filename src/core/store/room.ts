import { OciError, quote } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { listDirectory } from "./generation.ts";

/**
 * Returns the directories that get a new name when `directory` is made, lowest first; none where it is there.
 * @throws {OciError} `INVALID` where it, or what it lies in, is no directory
 */
export async function findRoom(files: FileSystem, directory: string): Promise<readonly string[]> {
  const above: string[] = [];
  let path = directory;
  for (let status = await files.status(path); status?.kind !== "directory"; status = await files.status(path)) {
    // A symbolic link may lead to a directory.
    if (status !== undefined && (await listDirectory(files, path)) === undefined)
      throw new OciError("INVALID", `Cannot use the local lists: ${quote(path)} is no directory`);
    const parent = files.dirname(path);
    if (status !== undefined || parent === path) break;
    above.push(parent);
    path = parent;
  }
  return above;
}

/** Makes `directory` for its owner only; it and whatever was made above it stays, whatever happens to the machine. @throws {OciError} `INVALID` as above */
export async function makeRoom(files: FileSystem, directory: string): Promise<void> {
  const above = await findRoom(files, directory);
  if (above.length === 0) return;
  await files.makeDirectory(directory, { mode: 0o700 });
  for (const path of above) await files.syncDirectory(path);
}
