import { escapeControls } from "../core/base/mod.ts";
import type { Host } from "../core/port/mod.ts";
import { failureStatus, interruptedStatus } from "./errors.ts";
import { ocidex } from "./ocidex.ts";
import { runProgram } from "./program.ts";

const terminatedStatus = 143;

/** Ends the run on the first signal, so that nothing is left half done, and the process on the second. */
function listen(controller: AbortController): void {
  for (const [signal, status] of [
    ["SIGINT", interruptedStatus],
    ["SIGTERM", terminatedStatus],
  ] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(status);
      process.exitCode = status;
      controller.abort(new DOMException(`Interrupted by ${signal}`, "AbortError"));
    });
  }
}

/** What nobody waited for ends in one line too, never in a stack trace. */
function catchTheRest(): void {
  process.on("uncaughtException", (error) => {
    process.stderr.write(`Error: unexpected failure, which is a defect of ocidex: ${escapeControls(error.message)}\n`);
    process.exit(failureStatus);
  });
}

/** Runs the program that the process was started as, and sets its exit status. */
export async function runProcess(host: Host): Promise<void> {
  const controller = new AbortController();
  listen(controller);
  catchTheRest();
  const status = await runProgram(process.argv.slice(2), { host, root: ocidex, signal: controller.signal });
  // `process.exit` would cut off what a pipe has not taken yet.
  process.exitCode = status === interruptedStatus ? (process.exitCode ?? status) : status;
}
