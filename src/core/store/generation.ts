import { type Bytes, formatHex, OciError, quote } from "../base/mod.ts";
import type { FileSystem, Random } from "../port/mod.ts";
import { unlessMissing } from "./missing.ts";

/** A record as it stood at one moment: the newest of its directory. */
export interface Generation {
  /** Its number, from 1. */
  readonly number: number;
  /** The file it was read from, for messages. */
  readonly path: string;
  /** What it says. */
  readonly bytes: Bytes;
}

const grammar = /^([1-9]\d{0,14})\.json$/;
const sizeLimit = 64 * 1024 * 1024;
/** Only a directory that somebody emptied, or one where a thousand writers overtake one reader, is read this often in vain. */
const attempts = 1000;

/** The one file of a generation that is a directory, where the file system has no links. */
export const innerName = "record.json";

/** Returns the name of generation `number`. */
export function generationName(number: number): string {
  return `${number}.json`;
}

/** Returns the numbers of the generations among the names of a directory, lowest first. */
export function generationsIn(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => Number(grammar.exec(name)?.[1] ?? []))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
}

/** Returns a name nobody else has. */
export function uniqueName(random: Random): string {
  return formatHex(random.bytes(16));
}

/**
 * Returns the newest generation in `directory`, or undefined where there is no such directory; it takes no lock and writes nothing.
 *
 * A listing is not taken at one instant, so it only gives a place to start from. Generations are removed lowest first and
 * never the newest, so those there are have no gap (see `register.ts`): one that has no successor, and is there
 * afterwards, was the newest when the successor was looked for.
 * @throws {OciError} `DAMAGED` where the directory holds no generation
 */
export async function readNewest(files: FileSystem, directory: string): Promise<Generation | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const names = await listDirectory(files, directory);
    if (names === undefined) return undefined;
    let number = generationsIn(names).at(-1);
    if (number === undefined) continue;
    while ((await files.status(files.join(directory, generationName(number + 1)))) !== undefined) number++;
    const path = files.join(directory, generationName(number));
    const bytes = await readGeneration(files, path);
    if (bytes !== undefined) return { number, path, bytes };
  }
  throw new OciError("DAMAGED", `Cannot read record ${quote(directory)}: the directory holds no generation of it`);
}

/** Returns the names in a directory, or undefined where there is none. */
export async function listDirectory(files: FileSystem, directory: string): Promise<readonly string[] | undefined> {
  return unlessMissing(files.list(directory));
}

/** Returns what a generation says, or undefined if it is gone. */
export async function readGeneration(files: FileSystem, path: string): Promise<Bytes | undefined> {
  try {
    return await unlessMissing(files.readFile(path, sizeLimit));
  } catch (error) {
    const status = await files.status(path);
    if (status === undefined) return undefined;
    if (status.kind !== "directory") throw error;
    return unlessMissing(files.readFile(files.join(path, innerName), sizeLimit));
  }
}
