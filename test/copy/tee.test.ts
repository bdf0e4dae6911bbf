import { describe, expect, it } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { type ByteStream, type Bytes, iterate, NetworkError, readAll, streamOf } from "../../src/core/base/mod.ts";
import { type Branch, teeContent } from "../../src/core/copy/tee.ts";
import { testClock } from "../helper/clock.ts";

/** Content of numbered pieces of one byte, and what has become of it. */
interface Numbers {
  readonly open: () => Promise<ByteStream>;
  /** How often it was opened, how many pieces were read, how many readings were ended early. */
  readonly counts: { opened: number; read: number; ended: number };
}

function numbers(count: number, fault?: (at: number) => void): Numbers {
  const counts = { opened: 0, read: 0, ended: 0 };
  async function* pieces(): AsyncGenerator<Bytes, void, void> {
    let at = 0;
    try {
      for (; at < count; at++) {
        await setImmediate();
        fault?.(at);
        counts.read++;
        yield new Uint8Array([at]);
      }
    } finally {
      if (at < count) counts.ended++;
    }
  }
  const open = async (): Promise<ByteStream> => {
    counts.opened++;
    return streamOf(pieces());
  };
  return { open, counts };
}

const allOf = async (branch: Branch): Promise<readonly number[]> => [...(await readAll(await branch.open(), { limit: 1000, what: "numbers" }))];
const first = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

/** Lets everything run that does not wait for a timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

function three(content: Numbers, clock = testClock()): readonly [Branch, Branch, Branch] {
  const [a, b, c] = teeContent(content.open, { count: 3, clock });
  if (!a || !b || !c) throw new Error("no branches");
  return [a, b, c];
}

describe("teeContent()", () => {
  it("gives all of it to each, opened and read once", async () => {
    const content = numbers(50);
    expect(await Promise.all(three(content).map(allOf))).toEqual([first(50), first(50), first(50)]);
    expect(content.counts).toEqual({ opened: 1, read: 50, ended: 0 });
  });

  it("is the content itself for one", async () => {
    const content = numbers(3);
    const [only] = teeContent(content.open, { count: 1, clock: testClock() });
    expect(only && (await allOf(only))).toEqual(first(3));
    expect(only && (await allOf(only))).toEqual(first(3));
    expect(content.counts.opened).toBe(2);
  });

  it("reads no piece before all have taken the one before, so that one is in memory", async () => {
    const content = numbers(10);
    const [a, b, c] = three(content);
    const quick = [allOf(a), allOf(b)];
    const slow = iterate(await c.open());
    for (let taken = 0; taken < 10; taken++) {
      await settle();
      expect(content.counts.read).toBe(taken);
      expect((await slow.next()).value).toEqual(new Uint8Array([taken]));
    }
    expect((await slow.next()).done).toBe(true);
    expect(await Promise.all(quick)).toEqual([first(10), first(10)]);
  });

  it("opens the content as soon as one asks for it, and begins when the others have asked or left", async () => {
    const content = numbers(5);
    const [a, b, c] = three(content);
    const [whole, other] = [allOf(a), allOf(b)];
    await settle();
    expect(content.counts).toEqual({ opened: 1, read: 0, ended: 0 });
    c.leave();
    expect(await Promise.all([whole, other])).toEqual([first(5), first(5)]);
    expect(content.counts).toEqual({ opened: 1, read: 5, ended: 0 });
  });

  it("opens nothing when nobody asks", async () => {
    const content = numbers(5);
    for (const branch of three(content)) branch.leave();
    await settle();
    expect(content.counts.opened).toBe(0);
  });

  it("goes on for the others when one breaks off in the middle", async () => {
    const content = numbers(20);
    const [a, b, c] = three(content);
    const rest = [allOf(a), allOf(b)];
    for await (const piece of iterate(await c.open())) if (piece[0] === 7) break;
    expect(await Promise.all(rest)).toEqual([first(20), first(20)]);
    expect(content.counts).toEqual({ opened: 1, read: 20, ended: 0 });
  });

  it("ends the reading when all have broken off, whether it has begun or not", async () => {
    const content = numbers(20);
    const streams = await Promise.all(three(content).map((branch) => branch.open()));
    const readings = streams.map((stream) => iterate(stream));
    await Promise.all(readings.map((reading) => reading.next()));
    await Promise.all(readings.map((reading) => reading.return()));
    await settle();
    expect(content.counts).toEqual({ opened: 1, read: 1, ended: 1 });
    const cancelled: unknown[] = [];
    const branches = three({ ...content, open: async () => new ReadableStream({ cancel: (reason) => void cancelled.push(reason) }) });
    await branches[0].open();
    for (const branch of branches) branch.leave();
    await settle();
    expect(cancelled).toHaveLength(1);
  });

  it("reads once more for one that begins again, and for one that comes too late", async () => {
    const content = numbers(10);
    const [a, b, c] = three(content);
    const others = Promise.all([allOf(a), allOf(b)]);
    for await (const piece of iterate(await c.open())) if (piece[0] === 3) break;
    expect(await allOf(c)).toEqual(first(10));
    expect(await others).toEqual([first(10), first(10)]);
    expect(content.counts.opened).toBe(2);
    expect(await allOf(a)).toEqual(first(10));
    expect(content.counts.opened).toBe(3);
  });

  it("lets one take part that has let go of a stream it had not begun to read", async () => {
    const content = numbers(10);
    const [a, b, c] = three(content);
    const others = Promise.all([allOf(a), allOf(b)]);
    await (await c.open()).cancel();
    expect(await allOf(c)).toEqual(first(10));
    expect(await others).toEqual([first(10), first(10)]);
    expect(content.counts).toEqual({ opened: 1, read: 10, ended: 0 });
  });

  it("does not wait for ever for one that stands still: it goes on by itself from where it is", async () => {
    const content = numbers(10);
    const clock = testClock();
    const [a, b, c] = three(content, clock);
    const others = Promise.all([allOf(a), allOf(b)]);
    const still = iterate(await c.open());
    for (let taken = 0; taken < 4; taken++) await still.next();
    await settle();
    clock.advance(29_999);
    await settle();
    expect(content.counts).toEqual({ opened: 1, read: 4, ended: 0 });
    clock.advance(1);
    expect(await others).toEqual([first(10), first(10)]);
    const rest: number[] = [];
    for await (const piece of still) rest.push(...piece);
    expect(rest).toEqual([4, 5, 6, 7, 8, 9]);
    expect(content.counts.opened).toBe(2);
  });

  it("does not wait for ever for one that never asks", async () => {
    const content = numbers(10);
    const clock = testClock();
    const [a, b, c] = three(content, clock);
    const others = Promise.all([allOf(a), allOf(b)]);
    await settle();
    clock.advance(30_000);
    expect(await others).toEqual([first(10), first(10)]);
    expect(await allOf(c)).toEqual(first(10));
    expect(content.counts.opened).toBe(2);
  });

  it("watches nobody while a piece is on its way, or when nobody waits any more", async () => {
    const clock = testClock();
    let arrive: ((piece: Bytes | undefined) => void) | undefined;
    const slow = async function* (): AsyncGenerator<Bytes, void, void> {
      const piece = await new Promise<Bytes | undefined>((resolve) => (arrive = resolve));
      if (piece) yield piece;
    };
    const content = { counts: { opened: 0, read: 0, ended: 0 }, open: async () => streamOf(slow()) };
    const [a, b, c] = three(content, clock);
    const waiting = (await a.open()).getReader();
    const gone = waiting.read();
    await settle();
    a.leave();
    expect((await gone).done).toBe(true);
    clock.advance(60_000);
    const both = Promise.all([allOf(b), allOf(c)]);
    await settle();
    clock.advance(60_000);
    await settle();
    arrive?.(new Uint8Array([9]));
    expect(await both).toEqual([[9], [9]]);
  });

  it("fails for all who read when the content fails, and not for who has left", async () => {
    const broken = new NetworkError("broken", "reset");
    const content = numbers(10, (at) => {
      if (at === 5) throw broken;
    });
    const [a, b, c] = three(content);
    c.leave();
    const outcomes = await Promise.allSettled([allOf(a), allOf(b)]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && outcome.reason)).toEqual([broken, broken]);
  });

  it("opens it again for who asks again after it could not be opened", async () => {
    const content = numbers(5);
    let tries = 0;
    const [a, b, c] = three({
      ...content,
      open: async () => {
        if (tries++ === 0) throw new NetworkError("not yet", "refused");
        return await content.open();
      },
    });
    await expect(a.open()).rejects.toThrow("not yet");
    expect(await Promise.all([a, b, c].map(allOf))).toEqual([first(5), first(5), first(5)]);
    expect(tries).toBe(2);
  });
});
