import type { ListResult } from "../core/list/mod.ts";
import type { VerbContext } from "./command.ts";
import type { Args } from "./flags.ts";

/** Prints what a verb changed: `lines`, or with `--json` the result as one object. */
export function printResult(context: VerbContext, args: Args, result: ListResult, lines: readonly string[]): void {
  if (args.flag("json")) return context.output.json(result);
  for (const line of lines) context.output.line(line);
}
