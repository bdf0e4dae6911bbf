import { concatBytes, iterate, OciError, quote } from "../base/mod.ts";
import type { Promised } from "../content/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { sniffedBytes } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";

/** A file as it was when it was read first. */
export interface ArtifactFile extends Promised {
  /** Its absolute path. */
  readonly path: string;
  /** The last part of it. */
  readonly name: string;
  /** Its first bytes, which tell its type. */
  readonly head: Uint8Array;
}

/** Reads a file for its digest. Its content is read once more where it goes. @throws {OciError} `INVALID` for what is no file, `NOT_FOUND` */
export async function readArtifactFile(context: ListContext, text: string): Promise<ArtifactFile> {
  const { files, hash } = context.host;
  const path = await requireFile(files, text);
  const hasher = hash("sha256");
  let size = 0;
  let head = new Uint8Array();
  for await (const piece of iterate(await files.read(path, signalOf(context)))) {
    if (size < sniffedBytes) head = concatBytes([head, piece.subarray(0, sniffedBytes - size)]);
    hasher.update(piece);
    size += piece.length;
  }
  return { path, name: baseName(files, path), head, digest: `sha256:${hasher.digest()}`, size };
}

async function requireFile(files: FileSystem, text: string): Promise<string> {
  const refuse = (seen: string) => new OciError("INVALID", `Cannot add file ${quote(text)}: ${seen}`);
  if (text === "") throw refuse("the name is empty");
  if (text === "-") throw refuse('standard input has no name and cannot be read twice, expected a file (one of this name is "./-")');
  if (!text.isWellFormed()) throw refuse("the name holds half a surrogate pair");
  const path = files.absolute(text);
  const kind = (await files.status(path, { follow: true }))?.kind;
  if (kind === "directory") throw refuse("it is a directory, expected a file");
  if (kind === "other") throw refuse("it is a pipe or a device, which cannot be read twice, expected a file");
  return path;
}

/** Returns the last part of an absolute path. */
export function baseName(files: FileSystem, path: string): string {
  const separator = files.join("a", "b").slice(1, -1);
  return path.slice(path.lastIndexOf(separator) + separator.length);
}
