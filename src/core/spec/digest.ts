import * as v from "valibot";
import { OciError, quote } from "../base/mod.ts";

/** `algorithm:encoded`, for example `sha256:` and 64 lower-case hexadecimal digits (image-spec descriptor.md, "Digests"). */
export type Digest = `${string}:${string}`;

/** Algorithms whose digests this library can verify. */
export type DigestAlgorithm = "sha256" | "sha512";

const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const maximumLength = 256;

/** Returns `text` as a digest, or undefined where the grammar refuses it; a registered algorithm needs its exact number of lower-case digits. */
export function tryParseDigest(text: string): Digest | undefined {
  if (text.length > maximumLength || !grammar.test(text)) return undefined;
  const colon = text.indexOf(":");
  const digest: Digest = `${text.slice(0, colon)}:${text.slice(colon + 1)}`;
  const algorithm = digestAlgorithm(digest);
  if (algorithm === undefined) return digest;
  const encoded = encodedDigest(digest);
  return encoded.length === hexLength[algorithm] && /^[0-9a-f]+$/.test(encoded) ? digest : undefined;
}

/** Returns `text` as a digest. @throws {OciError} `INVALID` with what a digest looks like */
export function parseDigest(text: string): Digest {
  const digest = tryParseDigest(text);
  if (digest === undefined) {
    throw new OciError("INVALID", `Cannot read digest ${quote(text)}: expected sha256: and 64 lower-case hexadecimal digits`);
  }
  return digest;
}

/** Returns the algorithm of `digest`, or undefined for one that cannot be verified here. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm | undefined {
  const name = digest.slice(0, digest.indexOf(":"));
  return name === "sha256" || name === "sha512" ? name : undefined;
}

/** Returns the part of `digest` behind the colon. */
export function encodedDigest(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Checks a digest from outside. */
export const DigestSchema: v.GenericSchema<unknown, Digest> = v.custom<Digest>(
  (input) => typeof input === "string" && tryParseDigest(input) !== undefined,
  (issue) => `expected a digest such as sha256:…, received ${issue.received}`,
);
