/** What a server asks for in `WWW-Authenticate` (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** Scheme in lower case: `bearer`, `basic`, … */
  readonly scheme: string;
  /** Parameters, names in lower case; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Tells whether a challenge can be answered: `basic`, or `bearer` that says where tokens are made. */
export function isKnownChallenge({ scheme, parameters }: Challenge): boolean {
  return scheme === "basic" || (scheme === "bearer" && parameters.has("realm"));
}

const maximumLength = 16 * 1024;
const tokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const token68Character = /[-._~+/0-9A-Za-z]/;

interface Cursor {
  readonly text: string;
  at: number;
}

/**
 * Returns the challenges in a `WWW-Authenticate` header, several headers joined by commas as `Headers.get` does. What is
 * malformed is passed over. The scan is linear, whatever the text.
 * @example Find out where tokens are made
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseChallenges } from "ocidex/auth";
 *
 * const [challenge] = parseChallenges('Bearer realm="https://auth.example/token",scope="repository:app:pull,push"');
 * assert.equal(challenge?.parameters.get("scope"), "repository:app:pull,push");
 * ```
 */
export function parseChallenges(header: string | null): readonly Challenge[] {
  const found: { readonly scheme: string; readonly parameters: Map<string, string> }[] = [];
  const cursor: Cursor = { text: (header ?? "").slice(0, maximumLength), at: 0 };
  while (cursor.at < cursor.text.length) {
    skip(cursor, /[\s,]/);
    const name = take(cursor, tokenCharacter).toLowerCase();
    if (name === "") {
      // Not the start of anything: step over it, or the scan would stand still.
      cursor.at++;
      continue;
    }
    skip(cursor, /\s/);
    if (cursor.text[cursor.at] !== "=") {
      found.push({ scheme: name, parameters: new Map() });
      skipToken68(cursor);
      continue;
    }
    cursor.at++;
    const value = readValue(cursor);
    const parameters = found.at(-1)?.parameters;
    if (parameters && !parameters.has(name)) parameters.set(name, value);
  }
  return found;
}

function skip(cursor: Cursor, characters: RegExp): void {
  take(cursor, characters);
}

function take(cursor: Cursor, characters: RegExp): string {
  const start = cursor.at;
  while (cursor.at < cursor.text.length && characters.test(cursor.text.charAt(cursor.at))) cursor.at++;
  return cursor.text.slice(start, cursor.at);
}

/** Steps over credentials in one piece, as `Negotiate` sends them; a parameter looks the same up to its value. */
function skipToken68(cursor: Cursor): void {
  const start = cursor.at;
  take(cursor, token68Character);
  take(cursor, /=/);
  skip(cursor, / /);
  const isWhole = cursor.at >= cursor.text.length || cursor.text[cursor.at] === ",";
  if (!isWhole) cursor.at = start;
}

function readValue(cursor: Cursor): string {
  skip(cursor, /\s/);
  if (cursor.text[cursor.at] !== '"') return take(cursor, tokenCharacter);
  const start = ++cursor.at;
  let escapes = false;
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== '"') {
    if (cursor.text[cursor.at] === "\\") {
      escapes = true;
      cursor.at++;
    }
    cursor.at++;
  }
  const raw = cursor.text.slice(start, cursor.at);
  cursor.at++;
  return escapes ? raw.replace(/\\([\s\S]?)/g, "$1") : raw;
}
