import { isOciError } from "../../src/core/base/mod.ts";
import type { FileSystem, Random } from "../../src/core/port/mod.ts";
import type { Digest } from "../../src/core/spec/mod.ts";
import { freeContent } from "../../src/core/store/free.ts";
import { openKeptFiles } from "../../src/core/store/kept-files.ts";
import { type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { openShelves } from "../../src/core/store/shelves.ts";
import { sweep } from "../../src/core/store/sweep.ts";
import { memoryClock, memoryHost } from "../../src/host/memory.ts";
import { contentIn, imageOf, keepIn, withKept, withoutImage } from "./kept-sample.ts";
import { emptyState } from "./sample.ts";
import { createSimulation, type ProcessOptions } from "./simulation.ts";

const root = "/data";
const content = `${root}/ocidex/content`;
const later = 1e9;
const names = ["one", "two", "three"];

export interface KeptSimulation {
  readonly random: Random;
  /** One for each process. */
  readonly processes: readonly (ProcessOptions & { readonly impatient?: boolean })[];
  /** What each process does in a row. */
  readonly turns: number;
}

export interface KeptOutcome {
  /** Pieces that a record referred to at some instant and that were nowhere, of additions that had been acknowledged. */
  readonly lost: readonly string[];
  /** The same of additions that had not been. */
  readonly dangling: readonly string[];
  /** Content files that nobody refers to, and files that are no content, after everything was freed. */
  readonly left: readonly string[];
  /** How many entries there are, and how many edits were acknowledged. */
  readonly entries: number;
  readonly acknowledged: number;
  /** Why edits failed that ran to their end. */
  readonly failures: readonly string[];
}

/** Lets processes add images to lists, copy them from list to list, remove them and remove lists, and looks what is left of it all. */
export async function simulateKept({ random, processes, turns }: KeptSimulation): Promise<KeptOutcome> {
  const { files } = memoryHost({ clock: memoryClock() });
  const simulation = createSimulation(files, random);
  const acknowledged = new Set<string>();
  const failures: string[] = [];
  const works = processes.map(async ({ impatient = false, ...options }, at) => {
    const { files: own, clock, death } = simulation.process(options);
    const store = openListStore({ ...memoryHost({ random }), files: own, clock: impatient ? { ...clock, now: () => later } : clock }, { root });
    const work = async () => {
      for (let turn = 0; turn < turns; turn++) {
        const location = `dir:/${at}/${turn}`;
        await act(store, { random, location }).then(
          () => acknowledged.add(location),
          (error: unknown) => {
            if (!isOciError(error)) throw error;
            failures.push(error.message);
          },
        );
      }
    };
    await Promise.race([work(), death]);
  });
  const lost = new Set<string>();
  const dangling = new Set<string>();
  const note = ({ missing }: Found) => {
    for (const { location, piece } of missing) (acknowledged.has(location) ? lost : dangling).add(piece);
  };
  let working = true;
  const all = Promise.all(works).finally(() => {
    working = false;
  });
  while (working) {
    await simulation.run(all, Math.floor(random.number() * 100));
    note(await findDangling(files));
  }
  await free(files);
  const found = await findDangling(files);
  note(found);
  return {
    lost: [...lost],
    dangling: [...dangling],
    left: (await contentIn(files, content)).filter((path) => !found.needed.has(path)),
    entries: found.entries,
    acknowledged: acknowledged.size,
    failures,
  };
}

/** They share layers, and are few, so that some are always being added while others free them. */
const images = [imageOf("a", ["x"]), imageOf("b", ["x", "y"]), imageOf("c", ["y"])];

interface Acting {
  readonly random: Random;
  /** Tells whose addition of an entry stands in a record. */
  readonly location: string;
}

async function act(store: ListStore, { random, location }: Acting): Promise<void> {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random.number() * items.length)];
  const name = pick(names) ?? "";
  const list = (await store.find(name)) ?? (await store.create(name, emptyState));
  const deed = random.number();
  const entry = pick(list.index.manifests);
  const image = pick(images);
  if (image && (deed < 0.45 || entry === undefined)) await keepIn(store, list.id, image, location);
  else if (entry === undefined) return;
  else if (deed < 0.75) await store.edit(list.id, (state) => withoutImage(state, entry.digest));
  else if (deed < 0.8) await store.remove(list.id);
  else await copyEntry(store, { to: (await store.find(pick(names) ?? ""))?.id ?? list.id, digest: entry.digest, location });
}

/** The other list may go at any time, and its content with it. */
async function copyEntry(
  store: ListStore,
  { to, digest, location }: { readonly to: string; readonly digest: Digest; readonly location: string },
): Promise<void> {
  const image = images.find(({ document }) => document.descriptor.digest === digest);
  if (image === undefined) throw new Error(`no image ${digest}`);
  await store.keep(async (keeper) => {
    for (const { descriptor } of image.pieces) await keeper.put(descriptor, () => store.content.read(descriptor));
    await store.edit(to, (state) => withKept(state, image, location));
  });
}

/** What the next process does that frees content, and has waited long enough for everybody. */
async function free(files: FileSystem): Promise<void> {
  const host = { ...memoryHost({ clock: memoryClock(later) }), files };
  const shelves = openShelves(host, `${root}/ocidex`);
  await sweep(shelves);
  await freeContent(shelves, openKeptFiles(host, `${root}/ocidex`, shelves.prepare));
}

interface Found {
  /** What is not there of the content that records refer to, and whose addition it is. */
  readonly missing: readonly { readonly location: string; readonly piece: string }[];
  /** Where the content should lie that they refer to. */
  readonly needed: ReadonlySet<string>;
  readonly entries: number;
}

/** Looks at the lists at one instant. */
async function findDangling(files: FileSystem): Promise<Found> {
  const store = openListStore({ ...memoryHost({ clock: memoryClock(later) }), files }, { root });
  const { records } = await store.all();
  const missing: { location: string; piece: string }[] = [];
  const needed = new Set<string>();
  for (const { index, sources } of records) {
    for (const { digest } of index.manifests) {
      const image = images.find(({ document }) => document.descriptor.digest === digest);
      for (const { descriptor } of image?.pieces ?? []) {
        needed.add(`${content}/${descriptor.digest.replace(":", "/")}`);
        if (!(await store.content.has(descriptor.digest, descriptor.size)))
          missing.push({ location: sources[digest]?.location ?? "", piece: descriptor.digest });
      }
    }
  }
  return { missing, needed, entries: records.flatMap(({ index }) => index.manifests).length };
}
