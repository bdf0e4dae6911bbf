import { isOciError } from "../base/mod.ts";
import { isTemporaryName, sweepTemporaries } from "../content/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { listDirectory } from "./generation.ts";
import { foldersOf, type KeptFiles, type KeptPlace, listPlace, makeFolders } from "./kept-files.ts";
import { unlessMissing } from "./missing.ts";
import { readReferences } from "./references.ts";
import type { Shelves } from "./shelves.ts";
import { isYoung } from "./young.ts";

/**
 * Frees the content that no record refers to, and what processes that died have left aside; see `kept-files.ts`.
 * @throws {OciError} if a record or a manifest that it refers to cannot be read: then nothing is freed
 */
export async function freeContent(shelves: Shelves, kept: KeptFiles): Promise<void> {
  const [there, left] = [await listPlace(kept.host, kept.main), await findLeft(kept)];
  if (there.length === 0 && left.length === 0) return;
  const needed = await readReferences(shelves, kept.reader);
  const garbage = there.filter((digest) => !needed.has(digest));
  const taken: KeptPlace[] = [];
  if (garbage.length > 0) taken.push(await takeFrom(kept, kept.main, garbage));
  for (const aside of left) {
    taken.push(await takeFrom(kept, aside, await listPlace(kept.host, aside)));
    await clearLeft(kept, aside);
  }
  if (taken.length > 0) await settleAsides(shelves, kept, taken);
  for (const folder of foldersOf(kept.host, kept.main)) await sweepTemporaries(kept.host, folder);
}

/** Decides on what lies in asides of one's own: what a record refers to goes back into the main place, the rest goes for good. */
export async function settleAsides(shelves: Shelves, kept: KeptFiles, asides: readonly KeptPlace[]): Promise<void> {
  const { files } = kept.host;
  const needed = await readReferences(shelves, kept.reader).catch((error: unknown) => {
    if (isOciError(error)) return undefined;
    throw error;
  });
  for (const aside of asides) {
    const digests = await listPlace(kept.host, aside);
    await giveBack(kept, aside, needed ? digests.filter((digest) => needed.has(digest)) : digests);
    await files.remove(aside.directory);
  }
}

/** Moves content into an aside of one's own. What cannot be moved, as it is gone or the system refuses, stays where it is. */
async function takeFrom(kept: KeptFiles, place: KeptPlace, digests: readonly Digest[]): Promise<KeptPlace> {
  const { files } = kept.host;
  const own = await kept.openAside();
  await makeFolders(kept.host, own, digests);
  for (const digest of digests) await files.rename(place.content.path(digest), own.content.path(digest)).catch(ignoreFailure);
  return own;
}

/** Links content into the main place where nothing has its name, and brings that to the disk. */
async function giveBack(kept: KeptFiles, aside: KeptPlace, digests: readonly Digest[]): Promise<void> {
  const folders = await makeFolders(kept.host, kept.main, digests);
  for (const digest of digests) await giveBackOne(kept, aside, digest);
  for (const folder of folders) await kept.host.files.syncDirectory(folder);
}

async function giveBackOne({ host: { files }, main }: KeptFiles, aside: KeptPlace, digest: Digest): Promise<void> {
  const [from, to] = [aside.content.path(digest), main.content.path(digest)];
  try {
    await files.link(from, to);
  } catch (error) {
    if (isOciError(error, "EXISTS") || isOciError(error, "NOT_FOUND")) return;
    if (!isOciError(error, "UNSUPPORTED")) throw error;
    if ((await files.status(to)) === undefined) await unlessMissing(files.rename(from, to));
  }
}

/** Tells whether somebody who died has left content aside. */
export async function hasLeft(kept: KeptFiles): Promise<boolean> {
  return (await findLeft(kept)).length > 0;
}

/** Returns the asides that nobody has touched for long. */
async function findLeft(kept: KeptFiles): Promise<readonly KeptPlace[]> {
  const left: KeptPlace[] = [];
  for (const aside of await kept.asides()) if (await isLeft(kept, aside)) left.push(aside);
  return left;
}

async function isLeft({ host }: KeptFiles, aside: KeptPlace): Promise<boolean> {
  const { files } = host;
  const paths = [aside.directory];
  for (const folder of foldersOf(host, aside)) paths.push(folder, ...((await listDirectory(files, folder)) ?? []).map((name) => files.join(folder, name)));
  for (const path of paths) if (await isYoung(host, path)) return false;
  return true;
}

/** Takes away the directories of an aside whose content was taken. Its owner may be alive after all: what is put there now stays. */
async function clearLeft({ host }: KeptFiles, aside: KeptPlace): Promise<void> {
  const { files } = host;
  for (const folder of foldersOf(host, aside)) {
    for (const name of (await listDirectory(files, folder)) ?? []) if (isTemporaryName(name)) await files.remove(files.join(folder, name));
    await files.removeDirectory(folder).catch(ignoreFailure);
  }
  await files.removeDirectory(aside.directory).catch(ignoreFailure);
}

function ignoreFailure(error: unknown): void {
  if (!isOciError(error)) throw error;
}
