import { explain, isOciError, OciError } from "../core/base/mod.ts";
import type { Output } from "./output.ts";

/** Exit status of every failure, as buildah has it. */
export const failureStatus = 125;
/** Exit status after an interruption: 128 and the number of SIGINT. */
export const interruptedStatus = 130;

/** Tells `output` about `error` in one line, with its causes when debugging, and returns the exit status. A stack trace is never shown. */
export function reportError(error: unknown, output: Output, signal: AbortSignal): number {
  output.live([]);
  if (signal.aborted || isOciError(error, "ABORTED")) {
    output.note("Error: interrupted");
    return interruptedStatus;
  }
  const [message = "unknown failure", ...causes] = explain(error);
  output.note(`Error: ${isOciError(error) ? message : `unexpected failure, which is a defect of ocidex: ${message}`}`);
  if (output.isDebug) for (const cause of causes) output.note(`  because: ${cause}`);
  return failureStatus;
}

/** Throws the only one of `failures`, or one error that names them all; nothing to do where there are none. */
export function throwTogether(failures: readonly OciError[]): void {
  const [first, ...more] = failures;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  throw new OciError(first.code, `${failures.length} errors occurred: ${failures.map(({ message }) => message).join("; ")}`, { cause: first });
}
