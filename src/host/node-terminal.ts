import process from "node:process";
import { type Bytes, concatBytes, OciError } from "../core/base/mod.ts";
import type { Terminal } from "../core/port/mod.ts";
import { systemCode, systemWords } from "./system-error.ts";

const gone: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END", "ECONNRESET"]);
const usualColumns = 80;

/** Returns the standard streams of the process. */
export function nodeTerminal(): Terminal {
  const output = createOutput(() => process.stdout, "standard output");
  const errors = createOutput(() => process.stderr, "standard error");
  return {
    outputIsTerminal: process.stdout.isTTY === true,
    errorsAreTerminal: process.stderr.isTTY === true,
    columns: () => process.stdout.columns || process.stderr.columns || usualColumns,
    write: output,
    async writeError(text) {
      await errors(text);
    },
    readInput,
  };
}

function createOutput(stream: () => NodeJS.WriteStream, name: string): (text: string) => Promise<boolean> {
  let listening = false;
  let closed = false;
  return async (text) => {
    if (closed) return false;
    if (!listening) stream().on("error", () => {});
    listening = true;
    // Deno throws what Node hands to the callback.
    const failure = await new Promise<unknown>((resolve) => stream().write(text, (error) => resolve(error ?? undefined))).catch((error: unknown) => error);
    if (failure === undefined) return true;
    if (!gone.has(systemCode(failure) ?? "")) throw new OciError("IO", `Cannot write ${name}: ${systemWords(failure)}`, { cause: failure });
    closed = true;
    return false;
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
