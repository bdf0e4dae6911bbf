import * as v from "valibot";
import { type Bytes, decodeUtf8, type EntriesOf, equalBytes, OciError, parseAs, parseJson, quote } from "../base/mod.ts";
import type { Hash } from "../port/mod.ts";
import { encodeImageIndex, type ImageIndex, ImageIndexSchema, isImageIndex, parseManifest } from "../spec/mod.ts";
import type { Generation } from "./generation.ts";
import { damagedRecord, recordVersion, reportDamage, sealRecord, unsealRecord } from "./record.ts";

/** Where the content of an entry comes from. */
export interface EntrySource {
  /** `transport:rest`, pinned by digest where the transport can. */
  readonly location: string;
  /** Says that the bytes of the manifest lie in the store's own content. */
  readonly stored?: true;
}

/** What of a list an edit may change. */
export interface ListState {
  /** The index. */
  readonly index: ImageIndex;
  /** Where entries come from, by digest. */
  readonly sources: Readonly<Record<string, EntrySource>>;
  /** What only a docker list can hold of a platform and the index cannot, by digest. */
  readonly features: Readonly<Record<string, readonly string[]>>;
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

/** What else the second line of a record says. */
interface Facts extends Omit<StoredList, "index"> {
  readonly version: number;
  /** Number of the generation. */
  readonly generation: number;
  /** Tells two writers of the same content apart. */
  readonly nonce: string;
}

const SourceSchema: v.GenericSchema<unknown, EntrySource> = v.object({
  location: v.string(),
  stored: v.exactOptional(v.literal(true)),
} satisfies EntriesOf<EntrySource>);

const FactsSchema: v.GenericSchema<unknown, Facts> = v.object({
  version: v.literal(recordVersion),
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  generation: v.number(),
  nonce: v.string(),
  name: v.string(),
  created: v.number(),
  modified: v.number(),
  sources: v.record(v.string(), SourceSchema),
  features: v.record(v.string(), v.array(v.string())),
} satisfies EntriesOf<Facts>);

/** An index that is larger cannot be read back, and no registry takes it. */
const indexLimit = 4 * 1024 * 1024;

/** Which record is written. */
export interface ListStamp {
  readonly generation: number;
  readonly nonce: string;
}

/** Returns the record of `list`. @throws {OciError} `INVALID` for a list that could not be read back, `LIMIT` for an index over 4 MiB */
export function encodeList(hash: Hash, list: StoredList, { generation, nonce }: ListStamp): Bytes {
  const { id, name, created, modified, sources, features } = list;
  const index = encodeImageIndex(list.index);
  if (index.length > indexLimit) throw new OciError("LIMIT", `Cannot store list ${quote(name)}: its index has ${index.length} bytes, more than 4 MiB`);
  parseJson(ImageIndexSchema, index, `the new index of list ${quote(name)}`);
  const what = `the new record of list ${quote(name)}`;
  const facts = parseAs(FactsSchema, { version: recordVersion, id, generation, nonce, name, created, modified, sources, features }, what);
  return sealRecord(hash, [JSON.stringify(facts), decodeUtf8(index, "index")]);
}

/** Returns the list that a record of list `id` holds. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
export function decodeList(hash: Hash, id: string, { number, path, bytes }: Generation): StoredList {
  const [line, index] = unsealRecord(hash, bytes, path);
  if (line === undefined || index === undefined) throw damagedRecord(path, "a line is missing");
  const facts = reportDamage(path, () => parseJson(FactsSchema, line, "its second line"));
  if (facts.id !== id || facts.generation !== number) throw damagedRecord(path, `it was written as generation ${facts.generation} of list ${facts.id}`);
  const value = reportDamage(path, () => parseManifest(index, { what: "its index" }));
  if (!isImageIndex(value)) throw damagedRecord(path, "it holds an image in place of an index");
  const { name, created, modified, sources, features } = facts;
  return { id, name, created, modified, index: value, sources, features };
}
