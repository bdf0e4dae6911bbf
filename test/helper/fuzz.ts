import { expect } from "bun:test";
import fc from "fast-check";
import { escapeControls, isOciError } from "../../src/core/base/mod.ts";

/** What parsers stumble over. */
const pieces = fc.oneof(
  fc.constantFrom(
    "\0",
    "\u202e",
    "\ud800",
    "\ufeff",
    "..",
    "/",
    "//",
    "@",
    ":",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "\\",
    ",",
    "=",
    "%2e",
    "?",
    "#",
    "\n",
    "\t",
    " ",
  ),
  fc.constantFrom("1e400", "-1", "9007199254740993", "null", "__proto__", "constructor", "sha256:", "\u0131", "\u017f", "😀", "K"),
  fc.string({ unit: "binary", maxLength: 4 }),
);

/** Takes something out of a text and puts something else in. */
const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(6), piece: pieces, times: fc.integer({ min: 1, max: 3 }) });

/** Any text, and one of `samples` with a few edits. */
export function textNear(samples: readonly string[]): fc.Arbitrary<string> {
  const near = fc.tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 })).map(([sample, edits]) =>
    edits.reduce((text, { at, length, piece, times }) => {
      const from = Math.floor(at * text.length);
      return text.slice(0, from) + piece.repeat(times) + text.slice(from + length);
    }, sample),
  );
  return fc.oneof(
    near,
    near,
    near,
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.array(pieces, { maxLength: 20 }).map((all) => all.join("")),
  );
}

/** Runs `parse` on texts near `samples`: it returns, or throws an OciError of one line that can steer no terminal. */
export function expectOnlyOciErrors(parse: (text: string) => unknown, samples: readonly string[]): void {
  const isFine = (text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch (error) {
      return isOciError(error) && error.message.startsWith("Cannot ") && escapeControls(error.message) === error.message && error.message.length < 3000;
    }
  };
  for (const sample of samples) parse(sample);
  fc.assert(fc.property(textNear(samples), isFine), { numRuns: 2000 });
}

const worst = [
  "a",
  "a.",
  "a-",
  "a_",
  "a__",
  "a/",
  "/",
  ":",
  "@",
  "[",
  "{",
  '"',
  "\\",
  ",",
  "=",
  " ",
  "\t",
  "\n",
  "0",
  "%",
  "a=",
  'a="b",',
  "-",
  ".",
  "é",
  "😀",
  "A",
  "0-9",
  "a:b@",
];

/** Runs `parse` on long runs of what parsers backtrack over: ten times as much may not take a hundred times as long. */
export function expectLinear(parse: (text: string) => unknown, around: (run: string) => string = (run) => run): void {
  const time = (text: string): number => {
    const start = performance.now();
    try {
      parse(text);
    } catch (error) {
      if (!isOciError(error)) throw error;
    }
    return performance.now() - start;
  };
  for (const piece of worst) {
    const measure = (length: number): number => {
      const text = around(`${piece.repeat(length / piece.length)}!`);
      return Math.min(time(text), time(text));
    };
    // What takes a quarter of a second or less is linear enough, whatever the noise of a busy machine.
    const isFine = (): boolean => measure(100_000) < 250 || measure(100_000) < measure(10_000) * 60;
    expect([piece, isFine() || isFine()]).toEqual([piece, true]);
  }
}
