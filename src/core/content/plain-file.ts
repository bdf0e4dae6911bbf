import { type Bytes, OciError, quote } from "../base/mod.ts";
import type { FileStatus, FileSystem } from "../port/mod.ts";

/** Which plain file: `parts` lie under `directory`, the last is the file. */
export interface PlainPath {
  /** Where to begin; it is not looked at itself. */
  readonly directory: string;
  /** Names on the way, at least one. */
  readonly parts: readonly string[];
  /** What is looked for, for errors. */
  readonly what: string;
}

/**
 * Returns what is known of a file, or undefined if it is not there. A symbolic link on the way or at the end could lead out
 * of the directory, and a pipe would never end: both are refused.
 * @throws {OciError} `INVALID` for anything that is not a plain file in plain directories
 */
export async function findPlainFile(files: FileSystem, { directory, parts, what }: PlainPath): Promise<FileStatus | undefined> {
  let status: FileStatus | undefined;
  for (let depth = 1; depth <= parts.length; depth++) {
    const path = files.join(directory, ...parts.slice(0, depth));
    const expected = depth === parts.length ? "file" : "directory";
    status = await files.status(path);
    if (status === undefined) return undefined;
    if (status.kind !== expected) throw new OciError("INVALID", `Cannot use ${what}: ${quote(path)} is not a plain ${expected}, and links are not followed`);
  }
  return status;
}

/** Returns the bytes of a plain file of at most `limit` bytes, or undefined if it is not there. @throws {OciError} `INVALID`, `LIMIT` */
export async function readPlainFile(files: FileSystem, path: PlainPath, limit: number): Promise<Bytes | undefined> {
  const status = await findPlainFile(files, path);
  if (status === undefined) return undefined;
  if (status.size > limit) throw new OciError("LIMIT", `Cannot read ${path.what}: ${status.size} bytes are more than ${limit}`);
  return files.readFile(files.join(path.directory, ...path.parts), limit);
}
