import { ocidex } from "../../../src/cli/ocidex.ts";
import { runProgram } from "../../../src/cli/program.ts";
import type { Host } from "../../../src/core/port/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { type MemoryHost, type MemoryHostOptions, memoryHost } from "../../../src/host/memory.ts";
import { fillSource, type Source } from "../../helper/lists.ts";
import { type RegistryOptions, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import type { Run } from "../run.ts";

/** A machine with one user in memory, on which the program is run again and again. */
export interface Shell {
  readonly host: MemoryHost;
  /** Runs `ocidex manifest …`. */
  manifest(...argv: readonly string[]): Promise<Run>;
  /** Runs `ocidex …`. */
  run(...argv: readonly string[]): Promise<Run>;
  /** Runs `ocidex manifest …`, which must succeed and say nothing on standard error, and returns its lines. */
  must(...argv: readonly string[]): Promise<readonly string[]>;
  /** Runs `ocidex manifest …`, which must fail, and returns its line `Error: …`. */
  fail(...argv: readonly string[]): Promise<string>;
  /** Returns the list as `inspect --output raw` prints it. */
  inspect(list: string): Promise<InspectedIndex>;
}

/** A list as JSON, as far as tests look at it. */
export interface InspectedIndex {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly InspectedEntry[];
  readonly subject?: InspectedEntry;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface InspectedEntry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Readonly<Record<string, string | readonly string[]>>;
  readonly artifactType?: string;
}

/** Opens a shell; `fetch` is the runtime's, so that registries on this machine can be reached, and so is compression. */
export async function openShell(options: MemoryHostOptions = {}): Promise<Shell & Source> {
  const { fetch, compression } = await currentHost();
  const host = { ...memoryHost({ fetch, ...options, environment: { home: "/home/me", user: 1000, ...options.environment } }), compression };
  const source = await fillSource(host);
  const run = async (...argv: readonly string[]): Promise<Run> => {
    const [output, errors]: string[][] = [[], []];
    const terminal: Host["terminal"] = {
      ...host.terminal,
      write: async (text) => Boolean(output?.push(text)),
      writeError: async (text) => void errors?.push(text),
    };
    const status = await runProgram(argv, { host: { ...host, terminal }, root: ocidex });
    return { status, output: output?.join("") ?? "", errors: errors?.join("") ?? "" };
  };
  const manifest = (...argv: readonly string[]) => run("manifest", ...argv);
  const must = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const { status, output, errors } = await manifest(...argv);
    if (status !== 0 || errors !== "") throw new Error(`${argv.join(" ")} ended with ${status}: ${errors}`);
    return output === "" ? [] : output.replace(/\n$/, "").split("\n");
  };
  return {
    ...source,
    host,
    run,
    manifest,
    must,
    async fail(...argv) {
      const { status, output, errors } = await manifest(...argv);
      if (status !== 125 || output !== "") throw new Error(`${argv.join(" ")} ended with ${status}: ${output}${errors}`);
      const line = errors.split("\n").find((each) => each.startsWith("Error: "));
      if (line === undefined || errors.split("\n").filter((each) => each.startsWith("Error: ")).length !== 1) throw new Error(`not one error line: ${errors}`);
      return line;
    },
    inspect: async (list) => JSON.parse((await must("inspect", "--output", "raw", list)).join("\n")),
  };
}

/** Does something with a registry, which is stopped afterwards. */
export async function withRegistry(options: RegistryOptions, task: (registry: TestRegistry) => Promise<void>): Promise<void> {
  const registry = await startRegistry(options);
  try {
    await task(registry);
  } finally {
    await registry.stop();
  }
}

/** Returns the digest of an image, and what else is asked of it often. */
export function digestOf(image: { readonly descriptor: { readonly digest: string } }): string {
  return image.descriptor.digest;
}

/** Returns the digests of a list's entries. */
export function digestsIn(index: InspectedIndex): readonly string[] {
  return index.manifests.map(({ digest }) => digest);
}

/** Returns the text of a file in memory. */
export async function textOf(host: Host, path: string): Promise<string> {
  return new TextDecoder().decode(await host.files.readFile(path, 1 << 20));
}
