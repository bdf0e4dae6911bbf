import { describe, expect, it } from "bun:test";
import { decodeUtf8, encodeUtf8 } from "../../src/core/base/mod.ts";
import type { Clock, FileSystem, Random } from "../../src/core/port/mod.ts";
import { generationsIn, readNewest } from "../../src/core/store/generation.ts";
import { openRegisters, type Registers } from "../../src/core/store/register.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { forgetfulFiles } from "./forgetful.ts";
import { createSimulation, type ProcessOptions } from "./simulation.ts";

const directory = "/store/list";
const workshop = "/store/tmp";
const empty = encodeUtf8("[]");

function itemsOf(bytes: Uint8Array): readonly string[] {
  return JSON.parse(decodeUtf8(bytes, "record"));
}

async function append(registers: Registers, item: string): Promise<string> {
  return registers.update(directory, async ({ bytes }) => encodeUtf8(JSON.stringify([...itemsOf(bytes), item])));
}

async function openMemory(random: Random): Promise<{ readonly files: FileSystem; readonly registers: Registers }> {
  const { files, clock } = memoryHost({ clock: memoryClock() });
  await files.makeDirectory(workshop);
  const registers = openRegisters({ files, clock, random, workshop });
  expect(await registers.create(directory, empty)).toBe(true);
  return { files, registers };
}

interface Trial {
  readonly seed: number;
  readonly processes: readonly ProcessOptions[];
  readonly edits: number;
  /** How many processes are killed at some call. */
  readonly kills: number;
}

/** Runs processes that append, and one that reads, in one random order; returns what was acknowledged and what is there. */
async function runTrial({ seed, processes, edits, kills }: Trial): Promise<{ readonly acknowledged: readonly string[]; readonly items: readonly string[] }> {
  const random = memoryRandom(seed);
  const { files } = await openMemory(random);
  const simulation = createSimulation(files, random);
  const acknowledged: string[] = [];
  let writing = processes.length;
  const works = processes.map(async (options, at) => {
    const calls = at < kills ? Math.floor(random.number() * edits * 12) : Number.POSITIVE_INFINITY;
    const { files: own, clock, death } = simulation.process({ ...options, calls });
    const registers = openRegisters({ files: own, clock, random, workshop });
    const work = (async () => {
      for (let edit = 0; edit < edits; edit++) {
        expect(await append(registers, `${at}.${edit}`)).toBe("written");
        acknowledged.push(`${at}.${edit}`);
      }
    })();
    await Promise.race([work, death]);
    writing--;
  });
  const reader = simulation.process({ slowness: 8 });
  const numbers: number[] = [];
  const reading = (async () => {
    while (writing > 0) numbers.push((await readNewest(reader.files, directory))?.number ?? 0);
  })();
  await simulation.run(Promise.all([...works, reading]));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  const newest = await readNewest(files, directory);
  return { acknowledged, items: itemsOf(newest?.bytes ?? empty) };
}

const crowd: readonly ProcessOptions[] = [{}, {}, {}, { slowness: 10 }, { slowness: 40 }];
const linkless = crowd.map((options) => ({ ...options, linkless: true }));

describe("openRegisters()", () => {
  it.each([
    ["with links", crowd],
    ["without links", linkless],
  ])("loses no acknowledged edit and makes none twice, whatever the order of calls, %s", async (_, processes) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { acknowledged, items } = await runTrial({ seed, processes, edits: 8, kills: 0 });
      expect(acknowledged.length).toBe(40);
      expect([...items].sort()).toEqual([...acknowledged].sort());
    }
  });

  it.each([
    ["with links", crowd],
    ["without links", linkless],
  ])("loses no acknowledged edit when processes die at any call, %s", async (_, processes) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { acknowledged, items } = await runTrial({ seed, processes, edits: 8, kills: 3 });
      expect(new Set(items).size).toBe(items.length);
      expect(acknowledged.filter((item) => !items.includes(item))).toEqual([]);
      // An edit may be made by a process that died before it said so; at most one each.
      expect(items.length - acknowledged.length).toBeLessThanOrEqual(3);
    }
  });

  it.each([
    ["with links", crowd],
    ["without links", linkless],
  ])("has every acknowledged edit when the machine dies at any call and forgets what was not brought to the disk, %s", async (_, processes) => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = memoryRandom(seed);
      const disk = forgetfulFiles();
      const open = (files: FileSystem, clock: Clock) => openRegisters({ files, clock, random, workshop });
      await disk.files.makeDirectory(workshop);
      for (const path of ["/", "/store"]) await disk.files.syncDirectory(path);
      expect(await open(disk.files, memoryClock()).create(directory, empty)).toBe(true);
      const simulation = createSimulation(disk.files, random);
      const acknowledged: string[] = [];
      const works = processes.map(async (options, at) => {
        const { files, clock } = simulation.process(options);
        const registers = open(files, clock);
        for (let edit = 0; edit < 8; edit++) {
          await append(registers, `${at}.${edit}`);
          acknowledged.push(`${at}.${edit}`);
        }
      });
      await simulation.run(Promise.all(works), Math.floor(random.number() * 400));
      const { files } = disk.crash(seed % 2 === 0 ? random : { number: () => 0.9 });
      const items = itemsOf((await readNewest(files, directory))?.bytes ?? empty);
      expect([seed, acknowledged.filter((item) => !items.includes(item))]).toEqual([seed, []]);
      expect(await append(open(files, memoryClock()), "after")).toBe("written");
    }
  });

  it("refuses a writer that read a generation whose successor has been pruned", async () => {
    const { registers } = await openMemory(memoryRandom());
    let seen = 0;
    const outcome = await registers.update(directory, async ({ bytes }) => {
      if (seen++ === 0) for (let at = 0; at < 20; at++) await append(registers, String(at));
      return encodeUtf8(JSON.stringify([...itemsOf(bytes), "late"]));
    });
    expect(outcome).toBe("written");
    expect(seen).toBeGreaterThan(1);
    expect(await append(registers, "last")).toBe("written");
  });

  it("keeps few old generations", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    for (let at = 0; at < 40; at++) await append(registers, String(at));
    const names = await files.list(directory);
    expect(generationsIn(names).length).toBeLessThanOrEqual(8);
    expect(names.filter((name) => name.endsWith(".new"))).toEqual([]);
    expect(itemsOf((await readNewest(files, directory))?.bytes ?? empty).length).toBe(40);
  });

  it("makes a register once", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    expect(await registers.create(directory, encodeUtf8("[1]"))).toBe(false);
    expect((await readNewest(files, directory))?.bytes).toEqual(empty);
    expect(await files.list(workshop)).toEqual([]);
  });

  it("says that a register is absent", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    await registers.discard(directory);
    expect(await append(registers, "x")).toBe("absent");
    expect(await readNewest(files, directory)).toBeUndefined();
    expect(await files.list(workshop)).toEqual([]);
  });

  it("takes a late writer's slot away with the register", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    let calls = 0;
    const outcome = await registers.update(directory, async () => {
      if (calls++ === 0) {
        await registers.discard(directory);
        await registers.create(directory, empty);
      }
      return encodeUtf8('["late"]');
    });
    expect([outcome, calls]).toEqual(["written", 2]);
    expect((await readNewest(files, directory))?.number).toBe(2);
  });

  it("counts a link as made when the name holds its own bytes, as after a repeated call of NFS", async () => {
    const { files, clock } = memoryHost({ clock: memoryClock() });
    const random = memoryRandom();
    await files.makeDirectory(workshop);
    const repeating: FileSystem = {
      ...files,
      async link(from, to) {
        await files.link(from, to);
        await files.link(from, to);
      },
    };
    const registers = openRegisters({ files: repeating, clock, random, workshop });
    await registers.create(directory, empty);
    expect(await append(registers, "once")).toBe("written");
    expect(itemsOf((await readNewest(files, directory))?.bytes ?? empty)).toEqual(["once"]);
  });

  it("reports a directory that holds no generation", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    await files.remove(`${directory}/1.json`);
    await expect(append(registers, "x")).rejects.toThrow('Cannot read record "/store/list": the directory holds no generation of it');
  });

  it("gives a turn that nobody ends to the next writer after half a second", async () => {
    const { files, registers } = await openMemory(memoryRandom());
    await (await files.create(`${directory}/turn`)).close();
    expect(await append(registers, "x")).toBe("written");
    expect(await files.list(directory)).toEqual(["1.json", "2.json"]);
  });
});
