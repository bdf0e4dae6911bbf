import { OciError } from "../../src/core/base/mod.ts";
import type { Clock, FileSystem, Random } from "../../src/core/port/mod.ts";

/** Writers whose calls to one file system are carried out one at a time, in an order chance decides. */
export interface Simulation {
  /** Returns the file system as one process sees it, and when that process has died: from then on none of its calls returns. */
  process(options?: ProcessOptions): { readonly files: FileSystem; readonly clock: Clock; readonly death: Promise<void> };
  /** Carries out calls until `task` settles, or only so many; processes that were killed are not waited for. */
  run(task: Promise<unknown>, calls?: number): Promise<void>;
}

export interface ProcessOptions {
  /** How much less often than others this process advances. */
  readonly slowness?: number;
  /** Whether link(2) is refused, as on exFAT. */
  readonly linkless?: boolean;
  /** How many calls the process makes before it dies. @default it does not */
  readonly calls?: number;
}

interface Call {
  readonly slowness: number;
  readonly carryOut: () => Promise<void>;
}

const limit = 1_000_000;

export function createSimulation(files: FileSystem, random: Random): Simulation {
  const waiting: Call[] = [];
  let time = 0;
  const pick = (count: number) => Math.floor(random.number() * count);
  const next = async (): Promise<void> => {
    for (;;) {
      const at = pick(waiting.length);
      const call = waiting[at];
      if (call === undefined || random.number() * call.slowness > 1) continue;
      waiting.splice(at, 1);
      return call.carryOut();
    }
  };
  return {
    process({ slowness = 1, linkless = false, calls = Number.POSITIVE_INFINITY } = {}) {
      let left = calls;
      let die = () => {};
      const death = new Promise<void>((resolve) => {
        die = resolve;
      });
      const turn = <T>(action: () => Promise<T>): Promise<T> =>
        new Promise<T>((resolve, reject) => {
          if (left-- <= 0) return die();
          const carryOut = async () => {
            // A process that dies takes the calls along that it has not made.
            if (left > 0) await action().then(resolve, reject);
            else die();
          };
          waiting.push({ slowness, carryOut });
        });
      return {
        files: {
          ...files,
          create: async (path, options) => {
            // Nobody waits for a turn, so that as many as possible get in each other's way.
            if (path.endsWith("/turn")) throw new OciError("IO", `Cannot create "${path}": the simulation has no turns`);
            const writer = await turn(() => files.create(path, options));
            return { write: (bytes) => turn(() => writer.write(bytes)), sync: () => turn(writer.sync), close: () => turn(writer.close) };
          },
          read: (path, options) => turn(() => files.read(path, options)),
          readFile: (path, most) => turn(() => files.readFile(path, most)),
          status: (path) => turn(() => files.status(path)),
          // A directory is read piece by piece: what comes or goes meanwhile may be seen or not.
          async list(path) {
            const [before, after] = [await turn(() => files.list(path)), await turn(() => files.list(path))];
            const all = [...new Set([...before, ...after])].sort();
            return all.filter((name) => (before.includes(name) && after.includes(name)) || random.number() < 0.5);
          },
          createDirectory: (path, options) => turn(() => files.createDirectory(path, options)),
          makeDirectory: (path, options) => turn(() => files.makeDirectory(path, options)),
          async link(from, to) {
            if (linkless) throw new OciError("UNSUPPORTED", `Cannot link "${from}": the file system refuses`);
            await turn(() => files.link(from, to));
          },
          rename: (from, to) => turn(() => files.rename(from, to)),
          // A directory goes piece by piece as well.
          async remove(path) {
            const isDirectory = (await turn(() => files.status(path)))?.kind === "directory";
            const names = isDirectory ? await turn(() => files.list(path)).catch(() => []) : [];
            for (const name of names) await turn(() => files.remove(files.join(path, name)));
            await turn(() => files.remove(path));
          },
          removeDirectory: (path) => turn(() => files.removeDirectory(path)),
          syncDirectory: (path) => turn(() => files.syncDirectory(path)),
        },
        clock: {
          now: () => time,
          monotonic: () => time,
          after: () => () => {},
          sleep: (milliseconds) =>
            turn(async () => {
              time += milliseconds;
            }),
        },
        death,
      };
    },
    async run(task, calls = Number.POSITIVE_INFINITY) {
      let settled = false;
      const done = task.finally(() => {
        settled = true;
      });
      done.catch(() => {});
      for (let steps = 0; !settled; steps++) {
        if (steps >= calls) return;
        if (steps > limit) throw new Error("the simulation does not come to an end");
        await settle();
        if (waiting.length > 0) await next();
      }
      await done;
    },
  };
}

/** Lets everything run that waits for nothing but other promises. */
async function settle(): Promise<void> {
  for (let at = 0; at < 24; at++) await Promise.resolve();
}
