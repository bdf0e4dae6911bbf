import { type Bytes, OciError } from "../core/base/mod.ts";

/** A line that is being typed on a terminal which hands over every key. */
export interface TypedLine {
  /** Takes keys in; returns whether the line goes on, is whole, or was given up with Ctrl-D while it was empty. @throws {OciError} `ABORTED` for Ctrl-C */
  type(keys: Uint8Array): "open" | "whole" | "none";
  /** Returns the line. */
  text(): string;
  /** Returns the keys behind the end of the line. */
  rest(): Bytes;
}

const [interrupt, endOfInput, backspace, tab, lineFeed, carriageReturn, eraseLine, remove] = [0x03, 0x04, 0x08, 0x09, 0x0a, 0x0d, 0x15, 0x7f];
/** A line longer than this is no password. */
const maximumLength = 64 * 1024;

/** Returns an empty line. Backspace takes off a character, Ctrl-U all of them; other controls mean nothing. */
export function createTypedLine(): TypedLine {
  const line: number[] = [];
  let behind: Bytes = new Uint8Array();
  let state: "open" | "whole" | "none" = "open";
  const press = (key: number): boolean => {
    if (key === lineFeed || key === carriageReturn) state = "whole";
    if (key === endOfInput && line.length === 0) state = "none";
    if (state !== "open") return true;
    if (key === interrupt) throw new OciError("ABORTED", "Cannot ask for an answer: interrupted");
    if (key === backspace || key === remove) eraseCharacter(line);
    else if (key === eraseLine) line.length = 0;
    else if ((key >= 0x20 || key === tab) && line.length < maximumLength) line.push(key);
    return false;
  };
  return {
    type(keys) {
      const end = keys.findIndex(press);
      if (end >= 0) behind = keys.slice(end + 1);
      return state;
    },
    text: () => new TextDecoder().decode(Uint8Array.from(line)),
    rest: () => behind,
  };
}

/** A character may be several bytes: those behind the first begin with the bits 10. */
function eraseCharacter(line: number[]): void {
  while (((line.pop() ?? 0) & 0xc0) === 0x80);
}
