import { decodeUtf8 } from "./bytes.ts";
import { OciError } from "./errors.ts";

/** A member kept as it was written: its name and its value as compact JSON text. */
export type RawMember = readonly [name: string, json: string];

/** Nesting beyond this is refused: recursive readers overflow their stack near 5 000 levels. */
const maximumDepth = 100;

/** Returns the JSON value in `bytes`; `what` names the document. @throws {OciError} `INVALID` for anything that is not one JSON text in UTF-8 */
export function readJson(bytes: Uint8Array, what: string): unknown {
  const text = decodeUtf8(bytes, what);
  if (depthOf(text) > maximumDepth) throw new OciError("LIMIT", `Cannot read ${what}: it nests deeper than ${maximumDepth} levels`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OciError("INVALID", `Cannot read ${what}: it is not valid JSON`, { cause });
  }
}

/** Matches one JSON string, number or literal, one structural character, or white space. */
const token = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\]:,]|\s+/gy;

function* tokens(text: string): Generator<string> {
  for (const match of text.matchAll(token)) if (match[0].trim() !== "") yield match[0];
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const part of tokens(text)) {
    if (part === "{" || part === "[") deepest = Math.max(deepest, ++depth);
    if (part === "}" || part === "]") depth--;
  }
  return deepest;
}

/**
 * A reading of a JSON text that keeps what `JSON.parse` loses: every value as its own text, members in source order.
 * It has the same shape as the value: an object's members, an array's items, or neither for a scalar.
 */
export interface JsonText {
  /** The value's text without insignificant white space. */
  readonly json: string;
  /** Members in source order, when the value is an object. */
  readonly members?: readonly (readonly [name: string, value: JsonText])[];
  /** Items, when the value is an array. */
  readonly items?: readonly JsonText[];
}

/** Returns the {@linkcode JsonText} of `bytes`, which {@linkcode readJson} has accepted. */
export function readJsonText(bytes: Uint8Array, what: string): JsonText {
  const parts = [...tokens(decodeUtf8(bytes, what))];
  return readValue(parts, { at: 0 });
}

function readValue(parts: readonly string[], cursor: { at: number }): JsonText {
  const first = parts[cursor.at++] ?? "";
  if (first === "{") return readObject(parts, cursor);
  if (first !== "[") return { json: first };
  const items: JsonText[] = [];
  while (parts[cursor.at] !== "]") {
    if (parts[cursor.at] === ",") cursor.at++;
    items.push(readValue(parts, cursor));
  }
  cursor.at++;
  return { json: `[${items.map((item) => item.json).join(",")}]`, items };
}

function readObject(parts: readonly string[], cursor: { at: number }): JsonText {
  const members: [string, JsonText][] = [];
  const texts: string[] = [];
  while (parts[cursor.at] !== "}") {
    if (parts[cursor.at] === ",") cursor.at++;
    const name = parts[cursor.at] ?? "";
    cursor.at += 2;
    const value = readValue(parts, cursor);
    members.push([String(JSON.parse(name)), value]);
    texts.push(`${name}:${value.json}`);
  }
  cursor.at++;
  return { json: `{${texts.join(",")}}`, members };
}

/**
 * Returns why a JSON text cannot be edited without loss, or undefined when it can: a name given twice, a number that a
 * double cannot hold, half a surrogate pair. Different parsers read such texts differently (RFC 8259 sections 4, 6 and 8.2).
 */
export function findAmbiguity(text: JsonText, path = ""): string | undefined {
  if (text.members) {
    const seen = new Set<string>();
    for (const [name, value] of text.members) {
      const at = path === "" ? name : `${path}.${name}`;
      if (seen.has(name)) return `the name "${at}" stands twice`;
      if (!name.isWellFormed()) return `a name in "${path}" holds half a surrogate pair`;
      seen.add(name);
      const inner = findAmbiguity(value, at);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (text.items) {
    for (const [index, item] of text.items.entries()) {
      const inner = findAmbiguity(item, path === "" ? String(index) : `${path}.${index}`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  return findScalarAmbiguity(text.json, path);
}

function findScalarAmbiguity(json: string, path: string): string | undefined {
  if (json.startsWith('"')) {
    const value = String(JSON.parse(json));
    return value.isWellFormed() ? undefined : `"${path}" holds half a surrogate pair`;
  }
  if (!/^-?\d/.test(json)) return undefined;
  return isExact(json) ? undefined : `the number ${json} at "${path}" does not fit a double`;
}

/** Tells whether writing the number again gives the same number: equal digits and exponent after normalisation. */
function isExact(json: string): boolean {
  const number = Number(json);
  return Number.isFinite(number) && normalise(json) === normalise(String(number));
}

function normalise(json: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(json);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
