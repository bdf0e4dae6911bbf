import { defineVerb, type Group, loadedCommands, type Verb } from "../../src/cli/command.ts";
import { runProgram } from "../../src/cli/program.ts";
import type { Host, Terminal } from "../../src/core/port/mod.ts";
import { type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";

/** What a run of the program left behind. */
export interface Run {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** How {@linkcode run} differs from a run in a pipe without variables. */
export interface RunOptions extends MemoryHostOptions {
  readonly root: Group;
  readonly signal?: AbortSignal;
  readonly terminal?: Partial<Terminal>;
}

/** Runs the program in memory. */
export async function run(argv: readonly string[], { root, signal, terminal, ...options }: RunOptions): Promise<Run> {
  const memory = memoryHost(options);
  const host: Host = { ...memory, terminal: { ...memory.terminal, ...terminal } };
  const status = await runProgram(argv, { host, root, ...(signal && { signal }) });
  return { status, output: memory.output(), errors: memory.errors() };
}

/** Returns a program `ocidex` whose group `manifest` holds `verbs`. */
export function programOf(...verbs: readonly Verb[]): Group {
  const manifest: Group = { name: "manifest", description: "Lists", commands: loadedCommands(...verbs), examples: ["ocidex manifest x"] };
  return { name: "ocidex", description: "Program", commands: loadedCommands(manifest), examples: ["ocidex manifest x"] };
}

/** Returns a verb `probe` that takes any words, for `body` to look at what it was given. */
export function probe(body: Verb["run"], change: Partial<Verb> = {}): Verb {
  return defineVerb({
    name: "probe",
    description: "Probe",
    usage: ["[WORD…]"],
    arguments: { names: [] },
    flags: [
      { name: "annotation", type: "texts", description: "" },
      { name: "quiet", short: "q", type: "flag", description: "" },
      { name: "verbose", short: "v", type: "flag", description: "" },
    ],
    examples: ["ocidex manifest probe"],
    run: body,
    ...change,
  });
}
