import * as v from "valibot";
import { OciError, quote } from "../base/mod.ts";

/** Keys and values attached to an index, an entry or a manifest (image-spec annotations.md). A value may be empty, a key may not. */
export type Annotations = Readonly<Record<string, string>>;

/** Checks annotations from outside; every key is kept, `__proto__` too. */
export const AnnotationsSchema: v.GenericSchema<unknown, Annotations> = v.custom<Annotations>(
  (input) => typeof input === "object" && input !== null && !Array.isArray(input) && Object.values(input).every((value) => typeof value === "string"),
  () => "expected an object whose values are strings",
);

/** The pre-defined keys of image-spec annotations.md, without their prefix `org.opencontainers.image.`. */
export const predefinedAnnotations: readonly string[] = [
  "created",
  "authors",
  "url",
  "documentation",
  "source",
  "version",
  "revision",
  "vendor",
  "licenses",
  "ref.name",
  "title",
  "description",
  "base.digest",
  "base.name",
];

const reservedPrefix = "org.opencontainers.";

/** Tells whether `key` lies in the namespace of the specification without being one of its keys. */
export function isUnknownReservedKey(key: string): boolean {
  return key.startsWith(reservedPrefix) && !predefinedAnnotations.some((name) => key === `${reservedPrefix}image.${name}`);
}

/** Returns the key and value of `KEY=VALUE`; the value is everything behind the first `=`. @throws {OciError} `INVALID` without `=` or with an empty key */
export function parseAnnotation(text: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 0) throw new OciError("INVALID", `Cannot read annotation ${quote(text)}: no "=" found, expected KEY=VALUE`);
  if (at === 0) throw new OciError("INVALID", `Cannot read annotation ${quote(text)}: the key is empty, expected KEY=VALUE`);
  if (!text.isWellFormed()) throw new OciError("INVALID", `Cannot read annotation ${quote(text)}: it holds half a surrogate pair`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Returns `base` with `patch` on top; a value of `undefined` in `patch` takes the key out. An absent map stays absent when nothing is set. */
export function mergeAnnotations(base: Annotations | undefined, patch: Readonly<Record<string, string | undefined>>): Annotations | undefined {
  const merged = new Map(Object.entries(base ?? {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > 0) return Object.fromEntries(merged);
  return base !== undefined && Object.keys(base).length === 0 ? base : undefined;
}
