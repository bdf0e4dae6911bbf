import { type ByteStream, type Bytes, compareUtf8, encodeUtf8, equalBytes, OciError, streamBytes } from "../../base/mod.ts";
import { type ContentFiles, replaceFile, sweepTemporaries, type TarContent, temporaryName, writeFile, writeTar } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import type { Digest, ImageIndex } from "../../spec/mod.ts";
import { type ArchiveFile, type ArchiveLayout, readArchiveToEdit, steadily } from "./archive-files.ts";
import { indexName, layoutNaming, markerName, markerText, readLayout } from "./layout.ts";
import { encodeLayoutIndex, readLayoutIndexToEdit } from "./layout-index.ts";

/** What becomes of an archive. */
export interface Rewriting extends ContentOptions {
  /** Returns the new `index.json`. It may be called again. */
  readonly edit: (index: ImageIndex) => ImageIndex;
  /** Content to put in, with its size. */
  readonly staged: ReadonlyMap<Digest, number>;
  /** Where that content lies. */
  readonly content?: ContentFiles;
  /** Content the edit relies on, which must be in there. */
  readonly used: ReadonlySet<Digest>;
}

/**
 * Replaces an archive by one with new content and an edited `index.json`; everything else it holds stays. The new one is written
 * beside it and renamed, so there is the old one or the new one at every instant; if somebody else replaces it meanwhile, the
 * edit begins again with theirs. The same content gives the same bytes.
 * @throws {OciError} `CONFLICT`, `INVALID`, what the edit throws
 */
export async function rewriteArchive(file: ArchiveFile, rewriting: Rewriting): Promise<void> {
  const { host, path } = file;
  await sweepTemporaries(host, host.files.dirname(path));
  while (!(await steadily(file, rewriting, () => tryRewrite(file, rewriting))));
}

/** Returns false where somebody else was faster. */
async function tryRewrite(file: ArchiveFile, rewriting: Rewriting): Promise<boolean> {
  const { host, path, what } = file;
  const { files } = host;
  const { signal } = rewriting;
  const base = await readArchiveToEdit(file, rewriting);
  const old = base && (await readLayout(base, rewriting));
  const next = encodeLayoutIndex(rewriting.edit(readLayoutIndexToEdit(old, what)), what);
  const contents = contentsOf(file, base, { ...rewriting, index: next });
  if (old !== undefined && equalBytes(old, next) && rewriting.staged.size === 0) return true;
  const directory = files.dirname(path);
  const prepared = files.join(directory, temporaryName(host.random));
  try {
    await writeFile(files, prepared, writeTar(contents), signal ? { signal } : {});
    const options = { directory, name: nameOf(file), prepared, isCurrent: () => isUnchanged(file, base, old), ...(signal && { signal }) };
    const isReplaced = await replaceFile(host, options);
    file.archives.forget(path);
    return isReplaced;
  } finally {
    await files.remove(prepared);
  }
}

/** Blobs are what their names say, so names and `index.json` tell one archive from another. */
async function isUnchanged(file: ArchiveFile, base: ArchiveLayout | undefined, index: Bytes | undefined): Promise<boolean> {
  file.archives.forget(file.path);
  const now = await readArchiveToEdit(file);
  if (now === undefined || base === undefined || index === undefined) return now === base;
  const [before, after] = [base.archive.members, now.archive.members];
  if (before.size !== after.size || [...before].some(([name, { start }]) => after.get(name)?.start !== start)) return false;
  return equalBytes(index, await readLayout(now));
}

function nameOf({ host: { files }, path }: ArchiveFile): string {
  return path.slice(files.dirname(path).length).replace(/^[/\\]/, "");
}

/** Returns what the new archive holds, by name. */
function contentsOf(file: ArchiveFile, base: ArchiveLayout | undefined, rewriting: Rewriting & { readonly index: Bytes }): readonly TarContent[] {
  const { staged, content, signal, index } = rewriting;
  const contents = new Map<string, TarContent>();
  const add = (name: string, size: number, open: () => Promise<ByteStream>): void => void contents.set(name, { name, size, open });
  const addBytes = (name: string, bytes: Bytes): void => add(name, bytes.length, async () => streamBytes(bytes));
  for (const [name, member] of base?.archive.members ?? []) {
    if (member.target !== undefined) throw new OciError("UNSUPPORTED", `Cannot write ${file.what}: the archive holds links, which are only read`);
    add(name, member.size, () => readMember(base, name, signal));
  }
  if (content !== undefined)
    for (const [digest, size] of staged) add(layoutNaming(digest).join("/"), size, () => content.read({ digest, size }, signal ? { signal } : {}));
  addBytes(markerName, encodeUtf8(markerText));
  addBytes(indexName, index);
  const missing = [...rewriting.used].find((digest) => !contents.has(layoutNaming(digest).join("/")));
  if (missing !== undefined) throw new OciError("CONFLICT", `Cannot write ${file.what}: somebody removed ${missing} in the meantime, run the command again`);
  return [...contents.values()].sort((a, b) => compareUtf8(a.name, b.name));
}

async function readMember(base: ArchiveLayout | undefined, name: string, signal: AbortSignal | undefined): Promise<ByteStream> {
  if (base === undefined) throw new TypeError("a member of no archive");
  return base.archive.tree.read({ parts: [name], what: name }, signal ? { signal } : {});
}
