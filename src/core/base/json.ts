import { decodeUtf8 } from "./bytes.ts";
import { OciError } from "./errors.ts";
import { quote, shorten } from "./text.ts";

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
  } catch {
    // Runtimes repeat in their error what stands there, and it may be a password.
    throw new OciError("INVALID", `Cannot read ${what}: it is not valid JSON`);
  }
}

/** Counts in one pass, since this runs before anybody has said that the text is JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = findStringEnd(text, at);
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}

/** Returns where the string ends that begins at `start`: the place of its closing quote. */
function findStringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
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

/** Returns the {@linkcode JsonText} of `bytes`, which {@linkcode readJson} has accepted. Members and items are read when they are asked for. */
export function readJsonText(bytes: Uint8Array, what: string): JsonText {
  const source = decodeUtf8(bytes, what);
  return textAt(source, skipSpace(source, 0), source.trimEnd().length);
}

function textAt(source: string, start: number, end: number): JsonText {
  const text = source.slice(start, end);
  if (source[start] === "{") return objectText(text, () => readMembers(source, start));
  return source[start] === "[" ? arrayText(text, () => readItems(source, start)) : { json: text };
}

function objectText(text: string, read: () => NonNullable<JsonText["members"]>): JsonText {
  const members = once(read);
  return {
    get json() {
      return compact(text);
    },
    get members() {
      return members();
    },
  };
}

function arrayText(text: string, read: () => NonNullable<JsonText["items"]>): JsonText {
  const items = once(read);
  return {
    get json() {
      return compact(text);
    },
    get items() {
      return items();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function readMembers(source: string, start: number): (readonly [name: string, value: JsonText])[] {
  const members: (readonly [string, JsonText])[] = [];
  for (let at = skipSpace(source, start + 1); source[at] === '"'; ) {
    const nameEnd = findStringEnd(source, at) + 1;
    const name = String(JSON.parse(source.slice(at, nameEnd)));
    const from = skipSpace(source, skipSpace(source, nameEnd) + 1);
    const to = findValueEnd(source, from);
    members.push([name, textAt(source, from, to)]);
    at = skipComma(source, to);
  }
  return members;
}

function readItems(source: string, start: number): JsonText[] {
  const items: JsonText[] = [];
  for (let at = skipSpace(source, start + 1); at < source.length && source[at] !== "]"; ) {
    const end = findValueEnd(source, at);
    items.push(textAt(source, at, end));
    at = skipComma(source, end);
  }
  return items;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text[at])) at++;
  return at;
}

function skipComma(text: string, start: number): number {
  const at = skipSpace(text, start);
  return text[at] === "," ? skipSpace(text, at + 1) : at;
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\n" || character === "\r" || character === "\t";
}

/** Returns the place behind the value that begins at `start`. */
function findValueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = findStringEnd(text, at);
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (depth > 0 || !isScalarEnd(text[at + 1])) continue;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function isScalarEnd(character: string | undefined): boolean {
  return character === "," || character === "}" || character === "]" || isSpace(character);
}

function compact(text: string): string {
  if (!/[\t\n\r ]/.test(text)) return text;
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = findStringEnd(text, at);
    else if (isSpace(text[at])) {
      if (at > from) pieces.push(text.slice(from, at));
      from = at + 1;
    }
  }
  pieces.push(text.slice(from));
  return pieces.join("");
}

/**
 * Returns why a JSON text cannot be edited without loss, or undefined when it can: a name given twice, a number that a
 * double cannot hold, half a surrogate pair. Different parsers read such texts differently (RFC 8259 sections 4, 6 and 8.2).
 */
export function findAmbiguity(text: JsonText, path = ""): string | undefined {
  if (text.members) return findMemberAmbiguity(text.members, path);
  if (text.items) {
    for (const [index, item] of text.items.entries()) {
      const inner = findAmbiguity(item, joinPath(path, String(index)));
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  return findScalarAmbiguity(text.json, path);
}

function findMemberAmbiguity(members: NonNullable<JsonText["members"]>, path: string): string | undefined {
  const seen = new Set<string>();
  for (const [name, value] of members) {
    const at = joinPath(path, name);
    if (seen.has(name)) return `the name ${quote(at)} stands twice`;
    if (!name.isWellFormed()) return `the name ${quote(at)} holds half a surrogate pair`;
    seen.add(name);
    const inner = findAmbiguity(value, at);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function findScalarAmbiguity(json: string, path: string): string | undefined {
  if (json.startsWith('"')) return String(JSON.parse(json)).isWellFormed() ? undefined : `the text at ${quote(path)} holds half a surrogate pair`;
  if (!/^-?\d/.test(json)) return undefined;
  return isExact(json) ? undefined : `the number ${shorten(json, 60)} at ${quote(path)} does not fit a double`;
}

/** Tells whether writing the number again gives the same number: equal digits and exponent after normalisation. */
function isExact(json: string): boolean {
  if (/^-?\d{1,15}$/.test(json)) return true;
  const number = Number(json);
  return Number.isFinite(number) && normalise(json) === normalise(String(number));
}

function normalise(json: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(json);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = trimZeros(digits);
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Takes zeros off the end; the pattern `0+$` is quadratic where many zeros stand before another digit. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

/** Returns the JSON text in `bytes`, which {@linkcode readJson} has accepted, laid out with `indent` spaces or a tab a level; members, numbers and escapes stay as they were written. */
export function formatJson(bytes: Uint8Array, indent: number | "\t"): string {
  return layOut(readJsonText(bytes, "JSON"), typeof indent === "number" ? " ".repeat(indent) : indent, "");
}

function layOut(text: JsonText, step: string, margin: string): string {
  const inner = margin + step;
  if (text.members && text.members.length > 0) {
    const lines = text.members.map(([name, value]) => `${inner}${JSON.stringify(name)}: ${layOut(value, step, inner)}`);
    return `{\n${lines.join(",\n")}\n${margin}}`;
  }
  if (text.items && text.items.length > 0) return `[\n${text.items.map((item) => `${inner}${layOut(item, step, inner)}`).join(",\n")}\n${margin}]`;
  return text.json;
}
