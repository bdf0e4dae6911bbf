import { type Bytes, concatBytes, OciError } from "../core/base/mod.ts";
import type { Terminal } from "../core/port/mod.ts";
import { fsModule } from "./builtin.ts";
import { askQuestion } from "./node-question.ts";
import { systemCode, systemWords } from "./system-error.ts";

const gone: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END", "ECONNRESET"]);
const usualColumns = 80;

/** Writes a text to a stream of the process; rejects with whatever went wrong. */
export type WriteText = (text: string) => Promise<void>;

/** Returns the standard streams of the process, as the runtime writes to them. */
export function nodeTerminal(write: WriteText = writeTo(() => process.stdout), writeError: WriteText = writeTo(() => process.stderr)): Terminal {
  const output = createOutput(write, "standard output");
  const errors = createOutput(writeError, "standard error");
  let [outputIsTerminal, errorsAreTerminal]: readonly (boolean | undefined)[] = [];
  return {
    get outputIsTerminal() {
      return (outputIsTerminal ??= isTerminal(1, () => process.stdout));
    },
    get errorsAreTerminal() {
      return (errorsAreTerminal ??= isTerminal(2, () => process.stderr));
    },
    columns: () => process.stdout.columns || process.stderr.columns || usualColumns,
    write: output,
    async writeError(text) {
      await errors(text);
    },
    ask: createAsk(() => isTerminal(0, () => process.stdin) && isTerminal(2, () => process.stderr), writeError),
    readInput,
  };
}

function createAsk(canAsk: () => boolean, writeError: WriteText): Terminal["ask"] {
  let before: Promise<unknown> = Promise.resolve();
  return async (question, options) => {
    if (!canAsk()) return undefined;
    const answer = before.then(() => askQuestion(question, writeError, options));
    before = answer.catch(() => {});
    return await answer;
  };
}

/** A stream of the runtime is the last to be asked, and not of the device that forgets: making one takes Bun 10 ms. */
function isTerminal(descriptor: number, stream: () => { readonly isTTY?: boolean }): boolean {
  try {
    const { fstatSync, statSync } = fsModule();
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev !== statSync("/dev/null", { throwIfNoEntry: false })?.rdev && stream().isTTY === true;
  } catch {
    return false;
  }
}

/** Writes to a stream of Node. Deno throws what Node hands to the callback. */
function writeTo(stream: () => NodeJS.WriteStream): WriteText {
  let listening = false;
  return async (text) => {
    if (!listening) stream().on("error", () => {});
    listening = true;
    await new Promise<void>((resolve, reject) => stream().write(text, (error) => (error ? reject(error) : resolve())));
  };
}

function createOutput(write: WriteText, name: string): (text: string) => Promise<boolean> {
  let closed = false;
  return async (text) => {
    if (closed) return false;
    try {
      await write(text);
      return true;
    } catch (failure) {
      if (!gone.has(systemCode(failure) ?? "")) throw new OciError("IO", `Cannot write ${name}: ${systemWords(failure)}`, { cause: failure });
      closed = true;
      return false;
    }
  };
}

async function readInput(limit: number): Promise<Bytes> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of process.stdin) {
      const bytes: Uint8Array = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
      size += bytes.length;
      if (size > limit) throw new OciError("LIMIT", `Cannot read standard input: it is larger than ${limit} bytes`);
      pieces.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof OciError) throw cause;
    throw new OciError("IO", `Cannot read standard input: ${systemWords(cause)}`, { cause });
  }
  return concatBytes(pieces);
}
