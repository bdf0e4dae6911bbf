import * as v from "valibot";
import { type Bytes, type EntriesOf, encodeUtf8, equalBytes, OciError, parseAs, parseJson, quote } from "../base/mod.ts";
import type { Hash } from "../port/mod.ts";
import { encodeImageIndex, type ImageIndex, ImageIndexSchema, isImageIndex, parseManifest } from "../spec/mod.ts";
import { type Features, keyedFeatures } from "./features.ts";
import type { Generation } from "./generation.ts";
import { damagedRecord, type RecordVersion, RecordVersionSchema, recordVersion, reportDamage, sealRecord, secondLine, unsealRecord } from "./record.ts";

/** Where the content of an entry comes from. */
export interface EntrySource {
  /** `transport:rest`, pinned by digest where the transport can; of an entry that is kept whole, a word on where it came from. */
  readonly location: string;
  /** What of the entry the store itself keeps: its manifest, which was made here, or all that it leads to. @default nothing */
  readonly kept?: "manifest" | "all";
  /** Absolute paths of the files that an artifact was made of, by which it is known. @default none */
  readonly files?: readonly string[];
}

/** What of a list an edit may change. */
export interface ListState {
  /** The index. */
  readonly index: ImageIndex;
  /** Where entries come from, by digest. */
  readonly sources: Readonly<Record<string, EntrySource>>;
  /** What only a docker list can hold of a platform and the index cannot, by {@linkcode featuresKey}. */
  readonly features: Features;
}

/** Tells whether two states would be pushed as the same bytes, from the same places. */
export function isSameState(a: ListState, b: ListState): boolean {
  const rest = ({ sources, features }: ListState) => JSON.stringify([sources, features]);
  return equalBytes(encodeImageIndex(a.index), encodeImageIndex(b.index)) && rest(a) === rest(b);
}

/** A list as its record has it. */
export interface StoredList extends ListState {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The name it was made with. Whether it still has it, or is there at all, is for the name's record to say. */
  readonly name: string;
  /** When it was made, in milliseconds since 1970. */
  readonly created: number;
  /** When it was last changed. */
  readonly modified: number;
}

/** What is left of a list that was removed: the last generation of its record, which none follows. */
export interface RemovedList {
  readonly id: string;
  /** The name it was made with, which leads to the shelf it may still stand in. */
  readonly name: string;
  readonly removed: true;
}

/** Tells whether `list` is only what is left of one. */
export function isRemoved(list: StoredList | RemovedList): list is RemovedList {
  return "removed" in list;
}

/** Which record is written. */
export interface ListStamp {
  /** Number of the generation. */
  readonly generation: number;
  /** Tells two writers of the same content apart. */
  readonly nonce: string;
}

interface Version extends ListStamp {
  readonly version: RecordVersion;
}

/** What else the second line of a record says. */
interface Facts extends Omit<StoredList, "index">, Version {}

/** The second and last line of the record of a list that was removed. */
interface RemovalFacts extends RemovedList, Version {}

/** Up to version 2 `stored` said that the manifest is kept, and nothing else could be. */
const SourceSchema: v.GenericSchema<unknown, EntrySource> = v.pipe(
  v.object({
    location: v.string(),
    kept: v.exactOptional(v.picklist(["manifest", "all"])),
    files: v.exactOptional(v.array(v.string())),
    stored: v.exactOptional(v.literal(true)),
  }),
  v.transform(({ stored, ...source }) => ({ ...(stored && { kept: "manifest" as const }), ...source })),
);

const common = {
  version: RecordVersionSchema,
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  generation: v.number(),
  nonce: v.string(),
  name: v.string(),
};

const RemovalFactsSchema: v.GenericSchema<unknown, RemovalFacts> = v.object({ ...common, removed: v.literal(true) } satisfies EntriesOf<RemovalFacts>);

const FactsSchema: v.GenericSchema<unknown, Facts> = v.object({
  ...common,
  created: v.number(),
  modified: v.number(),
  sources: v.record(v.string(), SourceSchema),
  features: v.record(v.string(), v.array(v.string())),
} satisfies EntriesOf<Facts>);

/** An index that is larger cannot be read back, and no registry takes it. */
const indexLimit = 4 * 1024 * 1024;

/** Returns the record of `list`. @throws {OciError} `INVALID` for a list that could not be read back, `LIMIT` for an index over 4 MiB */
export function encodeList(hash: Hash, list: StoredList, { generation, nonce }: ListStamp): Bytes {
  const { id, name, created, modified, sources, features } = list;
  const index = encodeImageIndex(list.index);
  if (index.length > indexLimit) throw new OciError("LIMIT", `Cannot store list ${quote(name)}: its index has ${index.length} bytes, more than 4 MiB`);
  parseJson(ImageIndexSchema, index, `the new index of list ${quote(name)}`);
  const what = `the new record of list ${quote(name)}`;
  const facts = parseAs(FactsSchema, { version: recordVersion, id, generation, nonce, name, created, modified, sources, features }, what);
  return sealRecord(hash, [encodeUtf8(JSON.stringify(facts)), index]);
}

/** Returns the record that says of a list that it was removed. */
export function encodeRemoval(hash: Hash, { id, name }: Pick<StoredList, "id" | "name">, { generation, nonce }: ListStamp): Bytes {
  const facts: RemovalFacts = { version: recordVersion, id, generation, nonce, name, removed: true };
  return sealRecord(hash, [encodeUtf8(JSON.stringify(facts))]);
}

/** Returns the list that a record of list `id` holds, or that it was removed. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
export function decodeList(hash: Hash, id: string, generation: Generation): StoredList | RemovedList {
  const { path, bytes } = generation;
  const {
    facts: said,
    rest: [index],
  } = unsealRecord(hash, bytes, path);
  const read = <T extends Facts | RemovalFacts>(schema: v.GenericSchema<unknown, T>) =>
    requireOwn(
      reportDamage(path, () => parseAs(schema, said, secondLine)),
      id,
      generation,
    );
  if (index === undefined) return { id, name: read(RemovalFactsSchema).name, removed: true };
  const facts = read(FactsSchema);
  const value = reportDamage(path, () => parseManifest(index, { what: "its index" }));
  if (!isImageIndex(value)) throw damagedRecord(path, "it holds an image in place of an index");
  const { name, created, modified, sources } = facts;
  const features = facts.version === 1 ? keyedFeatures(value, facts.features) : facts.features;
  return { id, name, created, modified, index: value, sources, features };
}

function requireOwn<T extends Facts | RemovalFacts>(facts: T, id: string, { number, path }: Generation): T {
  if (facts.id === id && facts.generation === number) return facts;
  throw damagedRecord(path, `it was written as generation ${facts.generation} of list ${facts.id}`);
}
