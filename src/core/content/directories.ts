import { isOciError } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";

/**
 * Makes a directory and those above it, brings their names to the disk, and returns the ones that this call has made, innermost
 * first. What is there already, whatever it is, is left to whoever uses it.
 * @throws {OciError} `NOT_FOUND` if somebody takes one away meanwhile
 */
export async function makeDirectories(files: FileSystem, path: string): Promise<readonly string[]> {
  if ((await files.status(path)) !== undefined) return [];
  const parent = files.dirname(path);
  const above = parent === path ? [] : await makeDirectories(files, parent);
  try {
    await files.createDirectory(path);
  } catch (error) {
    if (isOciError(error, "EXISTS")) return above;
    throw error;
  }
  await files.syncDirectory(parent);
  return [path, ...above];
}
