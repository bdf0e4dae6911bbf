import { type ByteStream, type Bytes, iterate, skipBytes, streamOf } from "../base/mod.ts";
import type { Clock } from "../port/mod.ts";

/** One of several who read the same content. */
export interface Branch {
  /** Returns the content: what all read together, unless this one has begun with that before or came too late; then it is read once more. */
  open(): Promise<ByteStream>;
  /** Says that nothing more is wanted; nobody waits for this one any more. */
  leave(): void;
}

/** Options of {@linkcode teeContent}. */
export interface TeeOptions {
  /** How many read. */
  readonly count: number;
  /** Notices who keeps the others waiting. */
  readonly clock: Pick<Clock, "after">;
}

/**
 * Milliseconds for which the others wait for one that does not ask for the next piece; a connection that stands still is given up
 * later than that. It also ends what would last for ever: two blobs, each waiting for a place at a registry where the other has it.
 */
const patience = 30_000;

/** Waits for the next piece; nothing comes after the last. */
interface Taker {
  readonly give: (piece: Bytes | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** What is read together. */
interface Reading {
  readonly open: () => Promise<ByteStream>;
  readonly clock: Pick<Clock, "after">;
  /** Who takes part. */
  readonly members: Set<Branch>;
  /** Which of them have asked for the next piece. */
  readonly takers: Map<Branch, Taker>;
  /** The content, once somebody wanted it. */
  content: Promise<ByteStream> | undefined;
  /** The same as pieces, once all wanted the first. */
  pieces: AsyncGenerator<Bytes, void, void> | undefined;
  /** Whether a piece is on its way. */
  isReading: boolean;
  /** Stops the watch over those who have not asked. */
  disarm: () => void;
}

/**
 * Returns `count` branches of content that is opened once and read as fast as the slowest of them takes it, so that one piece is in
 * memory however long it is. One that leaves holds nobody up, and one that stands still does so for half a minute: then it goes on
 * by itself from where it is.
 */
export function teeContent(open: () => Promise<ByteStream>, { count, clock }: TeeOptions): readonly Branch[] {
  if (count === 1) return [{ open, leave() {} }];
  const state = { content: undefined, pieces: undefined, isReading: false, disarm: () => {} };
  const reading: Reading = { open, clock, members: new Set(), takers: new Map(), ...state };
  return Array.from({ length: count }, () => {
    const branch = createBranch(reading);
    reading.members.add(branch);
    return branch;
  });
}

function createBranch(reading: Reading): Branch {
  let isBegun = false;
  const branch: Branch = {
    async open() {
      if (isBegun) branch.leave();
      if (!reading.members.has(branch)) return await reading.open();
      await openOnce(reading);
      return streamOf(piecesFor(reading, branch, () => (isBegun = true)));
    },
    leave() {
      reading.members.delete(branch);
      reading.takers.get(branch)?.give(undefined);
      reading.takers.delete(branch);
      goOn(reading);
    },
  };
  return branch;
}

/** The place the content comes from answers before anybody takes up a place where it goes, which may be the only one at the same host. */
async function openOnce(reading: Reading): Promise<void> {
  try {
    await (reading.content ??= reading.open());
  } catch (error) {
    reading.content = undefined;
    throw error;
  }
}

async function* piecesFor(reading: Reading, branch: Branch, begin: () => void): AsyncGenerator<Bytes, void, void> {
  let offset = 0;
  begin();
  try {
    while (reading.members.has(branch)) {
      const piece = await askFor(reading, branch);
      if (piece === undefined) return;
      offset += piece.length;
      yield piece;
    }
  } finally {
    branch.leave();
  }
  yield* iterate(skipBytes(await reading.open(), offset));
}

function askFor(reading: Reading, branch: Branch): Promise<Bytes | undefined> {
  return new Promise((give, fail) => {
    if (reading.takers.size === 0) reading.disarm = reading.clock.after(patience, () => leaveBehind(reading));
    reading.takers.set(branch, { give, fail });
    goOn(reading);
  });
}

function leaveBehind(reading: Reading): void {
  for (const member of reading.members) if (!reading.takers.has(member)) reading.members.delete(member);
  goOn(reading);
}

/** Reads the next piece as soon as all have asked for it, and lets go of the content when nobody is left. */
function goOn(reading: Reading): void {
  const { members, takers } = reading;
  if (takers.size === 0) reading.disarm();
  if (members.size === 0) return close(reading);
  if (reading.isReading || takers.size < members.size) return;
  reading.disarm();
  const asked = [...takers.values()];
  takers.clear();
  void giveNext(reading, asked);
}

async function giveNext(reading: Reading, asked: readonly Taker[]): Promise<void> {
  reading.isReading = true;
  try {
    const stream = await (reading.content ??= reading.open());
    const next = await (reading.pieces ??= iterate(stream)).next();
    for (const taker of asked) taker.give(next.done ? undefined : next.value);
  } catch (error) {
    for (const taker of asked) taker.fail(error);
  } finally {
    reading.isReading = false;
  }
}

/** What has been read to its end, or has failed, does not mind. */
function close({ content, pieces }: Reading): void {
  const closing = pieces ? pieces.return() : content?.then((stream) => stream.cancel());
  closing?.catch(() => {});
}
