import { type Bytes, OciError } from "../core/base/mod.ts";
import type { Terminal } from "../core/port/mod.ts";

/** A terminal that remembers. */
export interface MemoryTerminal {
  /** The terminal. */
  readonly terminal: Terminal;
  /** Returns what went to standard output. */
  output(): string;
  /** Returns what went to standard error. */
  errors(): string;
}

/** Returns a terminal that is none, with `input` to read, and a person who gives `answers` to what is asked. */
export function createTerminal(input: Bytes, answers: readonly string[]): MemoryTerminal {
  const left = [...answers];
  let output = "";
  let errors = "";
  return {
    output: () => output,
    errors: () => errors,
    terminal: {
      outputIsTerminal: false,
      errorsAreTerminal: false,
      columns: () => 80,
      async write(text) {
        output += text;
        return true;
      },
      async writeError(text) {
        errors += text;
      },
      async ask(question, { isSecret = false, signal } = {}) {
        signal?.throwIfAborted();
        if (answers.length === 0) return undefined;
        const answer = left.shift();
        // A terminal shows what is typed, and of a secret nothing but the end of the line.
        errors += `${question}${answer === undefined || isSecret ? "" : answer}\n`;
        return answer;
      },
      async readInput(limit) {
        if (input.length > limit) throw new OciError("LIMIT", `Cannot read standard input: it is larger than ${limit} bytes`);
        return input.slice();
      },
    },
  };
}
