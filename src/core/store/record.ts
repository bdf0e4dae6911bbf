import * as v from "valibot";
import { type Bytes, concatBytes, encodeUtf8, isOciError, OciError, parseAs, parseJson, quote, readJson } from "../base/mod.ts";
import { digestBytes } from "../content/mod.ts";
import type { Hash } from "../port/mod.ts";
import { type Digest, DigestSchema } from "../spec/mod.ts";

/*
 * A record is JSON, a text a line. The first line holds the digest of everything behind it; the second tells the version of
 * the format and what the record says; a list has its index in the third, as it would be pushed.
 */

const SealSchema: v.GenericSchema<unknown, { readonly digest: Digest }> = v.object({ digest: DigestSchema });
const VersionSchema: v.GenericSchema<unknown, { readonly version: number }> = v.object({ version: v.number() });
const newline = 10;
const lineEnd = new Uint8Array([newline]);

/**
 * The version of the format this program writes. Version 1 had no records of removed lists, and kept features by digest alone;
 * version 2 knew nothing of content that the store keeps.
 */
export const recordVersion = 3;
const versions = [1, 2, 3] as const;
/** A version of the format this program reads. */
export type RecordVersion = (typeof versions)[number];
/** Checks the version of a record. */
export const RecordVersionSchema: v.GenericSchema<unknown, RecordVersion> = v.picklist(versions);

/** What errors call the line that says what the record is. */
export const secondLine = "its second line";

/** Returns `lines` as a record. */
export function sealRecord(hash: Hash, lines: readonly Bytes[]): Bytes {
  const body = lines.flatMap((line) => [line, lineEnd]);
  const hashing = hash("sha256");
  for (const piece of body) hashing.update(piece);
  return concatBytes([encodeUtf8(`${JSON.stringify({ digest: `sha256:${hashing.digest()}` })}\n`), ...body]);
}

/** Returns the error that reports a record which cannot be read as what it should be. */
export function damagedRecord(path: string, seen: string, cause?: unknown): OciError {
  return new OciError("DAMAGED", `Cannot read record ${quote(path)}: ${seen}`, cause === undefined ? {} : { cause });
}

/** What stands in a record behind its first line. */
export interface Unsealed {
  /** What the second line says; its version is one that this program reads. */
  readonly facts: unknown;
  /** The lines behind it. */
  readonly rest: readonly Bytes[];
}

/**
 * Returns what a record holds; `path` names it.
 * @throws {OciError} `DAMAGED` if the bytes are not those that were written, `UNSUPPORTED` for a later version of the format
 */
export function unsealRecord(hash: Hash, bytes: Bytes, path: string): Unsealed {
  const [seal, line, ...rest] = splitLines(bytes);
  const body = bytes.subarray((seal?.length ?? 0) + 1);
  const digest = reportDamage(path, () => parseJson(SealSchema, seal ?? new Uint8Array(), "its first line").digest);
  if (digestBytes(hash, body) !== digest) throw damagedRecord(path, "its content is not what was written, by its digest");
  const facts = reportDamage(path, () => readJson(line ?? new Uint8Array(), secondLine));
  const { version } = reportDamage(path, () => parseAs(VersionSchema, facts, secondLine));
  if (!v.is(RecordVersionSchema, version)) {
    throw new OciError("UNSUPPORTED", `Cannot read record ${quote(path)}: it has version ${version} of the format, this program knows 1 to ${recordVersion}`);
  }
  return { facts, rest };
}

/** Tells whether `error` says that a record cannot be read, as it is damaged or of a later version. */
export function isUnreadable(error: unknown): boolean {
  return isOciError(error, "DAMAGED") || isOciError(error, "UNSUPPORTED");
}

/** Returns what `read` returns; whatever it finds wrong is damage. */
export function reportDamage<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isOciError(error) || error.code === "DAMAGED") throw error;
    throw damagedRecord(path, error.message, error);
  }
}

function splitLines(bytes: Bytes): Bytes[] {
  const lines: Bytes[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
