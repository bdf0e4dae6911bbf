import * as v from "valibot";
import { type Bytes, type EntriesOf, encodeUtf8, parseAs } from "../base/mod.ts";
import { digestBytes } from "../content/mod.ts";
import type { Hash } from "../port/mod.ts";
import { encodedDigest } from "../spec/mod.ts";
import type { Generation } from "./generation.ts";
import type { ListStamp } from "./list-record.ts";
import { damagedRecord, type RecordVersion, RecordVersionSchema, recordVersion, reportDamage, sealRecord, secondLine, unsealRecord } from "./record.ts";

/**
 * Which lists there are among those made with a name of one shelf: those a name points to and those that lost it. A list
 * that stands in neither place is not there, whatever lies in its directory, so that replacing one record makes, replaces
 * or removes a list.
 */
export interface Shelf {
  /** IDs by name. */
  readonly names: Readonly<Record<string, string>>;
  /** IDs of lists whose name went to another list, sorted. */
  readonly nameless: readonly string[];
}

/** A shelf nobody has used. */
export const emptyShelf: Shelf = { names: {}, nameless: [] };

interface Facts extends Shelf {
  readonly version: RecordVersion;
  readonly shelf: string;
  readonly generation: number;
  readonly nonce: string;
}

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const FactsSchema: v.GenericSchema<unknown, Facts> = v.object({
  version: RecordVersionSchema,
  shelf: v.string(),
  generation: v.number(),
  nonce: v.string(),
  names: v.record(v.string(), id),
  nameless: v.array(id),
} satisfies EntriesOf<Facts>);

/** Returns the shelf of `name`, one of 4 096: damage stays small, and names that are gone leave nothing behind that grows. */
export function shelfOf(hash: Hash, name: string): string {
  return encodedDigest(digestBytes(hash, encodeUtf8(name))).slice(0, 3);
}

/** Returns the record of a shelf. */
export function encodeShelf(hash: Hash, shelf: string, content: Shelf, { generation, nonce }: ListStamp): Bytes {
  const facts: Facts = { version: recordVersion, shelf, generation, nonce, names: content.names, nameless: content.nameless };
  return sealRecord(hash, [encodeUtf8(JSON.stringify(facts))]);
}

/** Returns what a record of `shelf` holds. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
export function decodeShelf(hash: Hash, shelf: string, { number, path, bytes }: Generation): Shelf {
  const { facts: said } = unsealRecord(hash, bytes, path);
  const facts = reportDamage(path, () => parseAs(FactsSchema, said, secondLine));
  if (facts.shelf !== shelf || facts.generation !== number) throw damagedRecord(path, `it was written as generation ${facts.generation} of ${facts.shelf}`);
  return { names: facts.names, nameless: facts.nameless };
}

/** Tells whether the list `id` is there. */
export function hasList(shelf: Shelf, id: string): boolean {
  return shelf.nameless.includes(id) || Object.values(shelf.names).includes(id);
}

/** Returns the names of the list `id`, sorted. */
export function namesOf(shelf: Shelf, id: string): readonly string[] {
  return Object.keys(shelf.names)
    .filter((name) => shelf.names[name] === id)
    .sort();
}

/** Returns `shelf` with `name` pointing to the list `id`; a list that had the name stays, nameless when it has no other. */
export function withName(shelf: Shelf, name: string, id: string): Shelf {
  const former = shelf.names[name];
  const names = { ...shelf.names, [name]: id };
  const isLast = former !== undefined && !Object.values(names).includes(former);
  return { names, nameless: isLast ? [...shelf.nameless, former].sort() : shelf.nameless };
}

/** Returns `shelf` without the list `id`. */
export function withoutList(shelf: Shelf, id: string): Shelf {
  const names = Object.fromEntries(Object.entries(shelf.names).filter(([, holder]) => holder !== id));
  return { names, nameless: shelf.nameless.filter((other) => other !== id) };
}
