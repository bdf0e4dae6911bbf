import type { FileSystem } from "./file-system.ts";
import type { Fetch } from "./http.ts";
import type { Clock, Compression, Environment, Hash, Random, Run, Terminal } from "./runtime.ts";

/** The outside world as an argument: one per runtime, see `./host/node`, `./host/bun`, `./host/deno`, `./host/memory`. */
export interface Host {
  /** Files. */
  readonly files: FileSystem;
  /** Requests. */
  readonly fetch: Fetch;
  /** Digests. */
  readonly hash: Hash;
  /** Compression. */
  readonly compression: Compression;
  /** Time. */
  readonly clock: Clock;
  /** Chance. */
  readonly random: Random;
  /** Variables, user, platform. */
  readonly environment: Environment;
  /** Commands. */
  readonly run: Run;
  /** Standard streams. */
  readonly terminal: Terminal;
}
