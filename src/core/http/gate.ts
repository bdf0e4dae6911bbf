import type { Clock } from "../port/mod.ts";
import type { HttpResponse } from "./message.ts";

/** How a request passes a {@linkcode Gate}. */
export interface Passing {
  /** Host and port the request goes to. */
  readonly host: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Lets the request through at once: one that has a place already waits for it. */
  readonly urgent?: boolean;
}

/** Bounds how many requests run at once to a host that has said "too many". */
export interface Gate {
  /** Runs `task` when there is a place at the host. The place is free again when the answer begins, so that its body can go on to the same host. */
  run(passing: Passing, task: () => Promise<HttpResponse>): Promise<HttpResponse>;
}

/** What is known of a host. */
interface Room {
  /** Requests without an answer. */
  running: number;
  /** Most of them; without end until the host says "too many". */
  limit: number;
  /** Counts how often the limit was lowered: what was sent before says nothing of the new one. */
  epoch: number;
  /** Answers since the limit was changed last. */
  successes: number;
  /** Monotonic time before which nothing is sent. */
  resume: number;
  /** Those who wait for a place, first come, first served. */
  readonly waiting: Set<() => void>;
}

/** What the gate understands of an answer. */
const tooMany = 429;
/** Good answers for every place before there is one more. */
const rounds = 4;

/**
 * Returns a gate that leaves all hosts alone until one answers 429. From then on half as many requests run at once to that host,
 * at least one, nothing is sent before the time it asked for in `Retry-After`, and one more runs after four rounds of good answers:
 * additive increase, multiplicative decrease, as TCP has it (RFC 5681), but slower, since a refused request is worse than a lost packet.
 */
export function createGate(clock: Pick<Clock, "monotonic" | "sleep">): Gate {
  const rooms = new Map<string, Room>();
  return {
    async run({ host, signal, urgent = false }, task) {
      const room = rooms.get(host) ?? { running: 0, limit: Number.POSITIVE_INFINITY, epoch: 0, successes: 0, resume: 0, waiting: new Set() };
      rooms.set(host, room);
      await enter(room, signal, urgent);
      try {
        const wait = room.resume - clock.monotonic();
        if (wait > 0 && !urgent) await clock.sleep(wait, signal);
        const { epoch } = room;
        const response = await task();
        if (response.status === tooMany) slowDown(room, epoch, clock.monotonic() + (response.retryAfter ?? 0));
        else speedUp(room, epoch);
        return response;
      } finally {
        room.running--;
        wake(room);
      }
    },
  };
}

async function enter(room: Room, signal: AbortSignal, urgent: boolean): Promise<void> {
  if (urgent || (room.running < room.limit && room.waiting.size === 0)) {
    room.running++;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      room.waiting.delete(go);
      reject(signal.reason);
    };
    const go = (): void => {
      room.waiting.delete(go);
      signal.removeEventListener("abort", stop);
      room.running++;
      resolve();
    };
    signal.throwIfAborted();
    room.waiting.add(go);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function wake(room: Room): void {
  for (const go of room.waiting) {
    if (room.running >= room.limit) return;
    go();
  }
}

/** Requests that ran together are refused together: the first of them lowers the limit for all. */
function slowDown(room: Room, epoch: number, resume: number): void {
  room.resume = Math.max(room.resume, resume);
  if (epoch !== room.epoch) return;
  room.limit = Math.max(1, Math.floor(Math.min(room.limit, room.running) / 2));
  room.epoch++;
  room.successes = 0;
}

function speedUp(room: Room, epoch: number): void {
  if (room.limit === Number.POSITIVE_INFINITY || epoch !== room.epoch || ++room.successes < room.limit * rounds) return;
  room.limit++;
  room.successes = 0;
}
