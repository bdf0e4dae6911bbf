import { type ByteStream, isOciError } from "../base/mod.ts";
import type { Promised, PutContentOptions } from "../content/mod.ts";
import { settleAsides } from "./free.ts";
import { type KeptFiles, type KeptPlace, makeFolders } from "./kept-files.ts";
import { unlessMissing } from "./missing.ts";
import type { Shelves } from "./shelves.ts";

/** Takes in what an edit is about to make a list refer to. */
export interface ContentKeeper {
  /**
   * Takes content in, verified; what the store has already is not asked of `open`, which may be called again later, even after the
   * edit. @throws {OciError} `MISMATCH` if the content is not the one promised
   */
  put(promised: Promised, open: () => Promise<ByteStream>, options?: PutContentOptions): Promise<"copied" | "exists">;
}

/** What a task has put. */
interface Piece {
  readonly promised: Promised;
  readonly open: () => Promise<ByteStream>;
  /** Whether it is another name of what the main place has. */
  readonly outcome: Promise<"copied" | "exists">;
}

/** Runs `task` with content that it puts aside, and puts it into the main place when the task is done; see `kept-files.ts`. */
export async function keepContent<T>(shelves: Shelves, kept: KeptFiles, task: (keeper: ContentKeeper) => Promise<T>): Promise<T> {
  const pieces = new Map<string, Piece>();
  let opened: Promise<KeptPlace> | undefined;
  const put: ContentKeeper["put"] = (promised, open, options) => {
    const key = `${promised.digest} ${promised.size}`;
    const begun = pieces.get(key);
    if (begun) return begun.outcome;
    opened ??= kept.openAside();
    const outcome = opened.then((aside) => putAside(kept, aside, { promised, open, options }));
    pieces.set(key, { promised, open, outcome });
    outcome.catch(() => pieces.delete(key));
    return outcome;
  };
  let result: T;
  try {
    result = await task({ put });
  } catch (error) {
    // An edit may have failed after its record was written; then the record tells.
    await opened?.then((aside) => settleAsides(shelves, kept, [aside])).catch(() => {});
    throw error;
  }
  if (opened) await settleOwn(kept, await opened, [...pieces.values()]);
  return result;
}

interface Putting {
  readonly promised: Promised;
  readonly open: () => Promise<ByteStream>;
  readonly options: PutContentOptions | undefined;
}

/** What the main place has gets another name, which nobody takes away; it is read and verified as everything that is put. */
async function putAside({ host, main }: KeptFiles, aside: KeptPlace, { promised, open, options }: Putting): Promise<"copied" | "exists"> {
  const { digest } = promised;
  await makeFolders(host, aside, [digest]);
  await host.files.link(main.content.path(digest), aside.content.path(digest)).catch((error: unknown) => {
    if (!isOciError(error)) throw error;
  });
  return aside.content.put(promised, open, options);
}

/** By now a record refers to all of it, so content that has to stay aside is as safe there, and is put where it belongs by who frees. */
async function settleOwn(kept: KeptFiles, aside: KeptPlace, pieces: readonly Piece[]): Promise<void> {
  try {
    await publish(kept, aside, pieces);
    await kept.host.files.remove(aside.directory);
  } catch (error) {
    if (!isOciError(error)) throw error;
    for (const { promised } of pieces) if (!(await isThere([kept.main, aside], promised))) throw error;
  }
}

async function isThere(places: readonly KeptPlace[], { digest, size }: Promised): Promise<boolean> {
  for (const { content } of places) if (await content.has(digest, size)) return true;
  return false;
}

async function publish(kept: KeptFiles, aside: KeptPlace, pieces: readonly Piece[]): Promise<void> {
  const { host, main } = kept;
  const digests = pieces.map(({ promised }) => promised.digest);
  const folders = await makeFolders(host, main, digests);
  for (const piece of pieces) if (!(await tryLink(kept, aside, piece))) await main.content.put(piece.promised, () => reopen(aside, piece));
  for (const folder of folders) await host.files.syncDirectory(folder);
}

/** Tells whether the main place has the piece for certain: something else of its name may be what was found damaged. */
async function tryLink({ host: { files }, main }: KeptFiles, aside: KeptPlace, { promised: { digest }, outcome }: Piece): Promise<boolean> {
  try {
    await files.link(aside.content.path(digest), main.content.path(digest));
    return true;
  } catch (error) {
    if (!isOciError(error)) throw error;
    return error.code === "EXISTS" && (await outcome) === "exists";
  }
}

async function reopen(aside: KeptPlace, { promised, open }: Piece): Promise<ByteStream> {
  return (await unlessMissing(aside.content.read(promised))) ?? open();
}
