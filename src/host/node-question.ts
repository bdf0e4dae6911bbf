import { type Bytes, OciError, throwIfAborted } from "../core/base/mod.ts";
import type { QuestionOptions } from "../core/port/mod.ts";
import { systemWords } from "./system-error.ts";
import { createTypedLine } from "./typed-line.ts";

/** What was typed before anybody asked for it. */
let ahead: Bytes = new Uint8Array();

/** Asks at the terminal that is standard input; nothing is returned at its end. A secret is read key by key, since no runtime can turn off the echo alone. */
export async function askQuestion(question: string, writeError: (text: string) => Promise<void>, options: QuestionOptions = {}): Promise<string | undefined> {
  const { isSecret = false, signal } = options;
  throwIfAborted(signal);
  const input = process.stdin;
  if (isSecret) input.setRawMode(true);
  try {
    await writeError(question);
    return await readLine(input, signal);
  } finally {
    if (isSecret) {
      input.setRawMode(false);
      await writeError("\n");
    }
  }
}

/** Reads one line and leaves the stream paused, so that it does not keep the process alive. */
async function readLine(input: NodeJS.ReadStream, signal: AbortSignal | undefined): Promise<string | undefined> {
  const line = createTypedLine();
  const { promise, resolve, reject } = settle<boolean>();
  const take = (piece: Uint8Array | string): void => {
    try {
      const state = line.type(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
      if (state !== "open") resolve(state === "whole");
    } catch (error) {
      reject(error);
    }
  };
  const end = (): void => resolve(false);
  const fail = (cause: unknown): void => reject(new OciError("IO", `Cannot read standard input: ${systemWords(cause)}`, { cause }));
  const abort = (): void => reject(signal?.reason);
  input.on("data", take).once("end", end).once("error", fail);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    take(ahead);
    input.resume();
    const isWhole = await promise;
    ahead = line.rest();
    return isWhole ? line.text() : undefined;
  } finally {
    input.pause();
    input.off("data", take).off("end", end).off("error", fail);
    signal?.removeEventListener("abort", abort);
  }
}

/** Node 20 has no `Promise.withResolvers`. */
function settle<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (reason: unknown) => void } {
  let [resolve, reject]: [(value: T) => void, (reason: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((resolved, rejected) => {
    [resolve, reject] = [resolved, rejected];
  });
  return { promise, resolve, reject };
}
