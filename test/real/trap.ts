import { afterAll, beforeAll, expect, it } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { sampleLayout } from "./containers.ts";
import { must, programs, run, Scratch } from "./helper.ts";
import { type Measured, start } from "./process.ts";

export const mebibyte: number = 2 ** 20;
export const gibibyte: number = 2 ** 30;
const limit = 128 * mebibyte;

/** Something that is wrong with what lies at {@linkcode Trap.place}. */
export interface Fault {
  /** What is wrong, as the object of "refuses". */
  readonly what: string;
  /** Makes it. */
  readonly make: () => void;
  /** What the sentence says. */
  readonly says: string | RegExp;
  /** Whether it shows only where content is read: at the push. @default false */
  readonly late?: boolean;
}

/** What a command left, and how large a file it had in the work directory. */
export interface Watched extends Measured {
  readonly disk: number;
}

/** Where something lies that was made to do harm. */
export interface Trap {
  /** The file or directory. */
  readonly place: string;
  /** A layout with images that are right. */
  readonly samples: string;
  /** A file that nobody must touch. */
  readonly outside: string;
  /** Runs the executable, which may need 128 MiB. */
  watch(...args: readonly string[]): Promise<Watched>;
  /** Checks that the location is refused in one sentence with 125, and that nothing is there afterwards but the store. */
  expectRefused(fault: Fault, location: string): Promise<Watched>;
  /** Makes a test of each fault. */
  refuses(faults: readonly Fault[], location: string): void;
}

/** Sets a trap for the tests of a file, and tells at the end how much memory was needed. */
export function setTrap(name: string): Trap {
  const scratch = new Scratch();
  const [place, samples, outside, work] = [scratch.join("place"), scratch.join("samples"), scratch.join("outside"), scratch.join("work")];
  const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache"), TMPDIR: work };
  const peaks: number[] = [];
  beforeAll(async () => {
    await sampleLayout(samples);
    mkdirSync(work);
    writeFileSync(outside, "mine");
  });
  afterAll(() => {
    console.log(`${name}: ${peaks.length} times refused, most memory ${(Math.max(...peaks) / mebibyte).toFixed(0)} MiB`);
    scratch[Symbol.dispose]();
  });

  const beside = (): readonly string[] => readdirSync(scratch.path).filter((each) => each !== "store" && each !== "cache");
  const watch = async (...args: readonly string[]): Promise<Watched> => {
    let disk = 0;
    const size = (file: string): number => statSync(`${work}/${file}`, { throwIfNoEntry: false })?.size ?? 0;
    const timer = setInterval(() => (disk = Math.max(disk, ...readdirSync(work).map(size))), 20);
    const ended = await start([...programs.executable, "manifest", ...args], { cwd: scratch.path, env, memory: true }).ended;
    clearInterval(timer);
    expect(ended.peak).toBeLessThanOrEqual(limit);
    return { ...ended, disk };
  };
  const expectRefused = async ({ make, says, late = false }: Fault, location: string): Promise<Watched> => {
    rmSync(place, { recursive: true, force: true });
    make();
    const before = beside().toSorted();
    const created = await watch("create", "--replace", "hostile", location);
    if (late) expect({ status: created.status, stderr: created.stderr }).toEqual({ status: 0, stderr: "" });
    const ended = late ? await watch("push", "--quiet", "hostile", `oci:${scratch.join("target")}:1`) : created;
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status: 125, stdout: "" });
    expect(ended.stderr).toMatch(/^Error: Cannot [^\n]+\n$/);
    if (typeof says === "string") expect(ended.stderr).toContain(says);
    else expect(ended.stderr).toMatch(says);
    expect(run([...programs.executable, "manifest", "exists", "hostile"], { env }).status).toBe(late ? 0 : 1);
    if (late) must([...programs.executable, "manifest", "rm", "hostile"], { env });
    expect(beside().toSorted()).toEqual([...before]);
    expect(readdirSync(work)).toEqual([]);
    expect(readFileSync(outside, "utf8")).toBe("mine");
    peaks.push(ended.peak);
    return ended;
  };
  return {
    place,
    samples,
    outside,
    watch,
    expectRefused,
    refuses(faults, location) {
      for (const fault of faults) it(`refuses ${fault.what}`, () => expectRefused(fault, location).then(() => {}));
    },
  };
}
