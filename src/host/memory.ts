/**
 * A host that touches nothing: files in memory, a clock that stands, a network the caller brings.
 *
 * @module
 */
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, encodeUtf8, formatHex, OciError, quote } from "../core/base/mod.ts";
import type { Clock, Environment, Fetch, Hash, Host, Random, Run } from "../core/port/mod.ts";
import { memoryFiles } from "./memory-files.ts";
import { createTerminal } from "./memory-terminal.ts";
import { webCompression } from "./web-compression.ts";
import { createFetch, webAnswer, webInit } from "./web-fetch.ts";
import { webClock, webRandom } from "./web-runtime.ts";

export { memoryClock, memoryRandom } from "./memory-runtime.ts";

/** What surrounds a {@linkcode memoryHost}. */
export interface MemoryHostOptions {
  /** Files to begin with, by absolute path; the directories above them are made. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Answers requests. @default the `fetch` of the runtime, without what the web cannot do */
  readonly fetch?: Fetch;
  /** Time. @default the runtime's */
  readonly clock?: Clock;
  /** Chance. @default the runtime's */
  readonly random?: Random;
  /** Environment variables. @default none */
  readonly variables?: Readonly<Record<string, string>>;
  /** What is known of user and platform. @default linux on amd64, no home, no user */
  readonly environment?: Partial<Omit<Environment, "get">>;
  /** Runs commands. @default there are none */
  readonly run?: Run;
  /** Standard input. @default empty */
  readonly input?: string | Uint8Array;
  /** What a person answers to questions, one after another. @default nobody can be asked */
  readonly answers?: readonly string[];
}

/** A host that touches nothing outside, and what was written to its terminal. */
export interface MemoryHost extends Host {
  /** Returns what went to standard output. */
  output(): string;
  /** Returns what went to standard error. */
  errors(): string;
}

/** Returns a host with only what every runtime has, browsers included: for tests, and for programs without a file system. */
export function memoryHost(options: MemoryHostOptions = {}): MemoryHost {
  const clock = options.clock ?? webClock;
  const terminal = createTerminal(toBytes(options.input ?? ""), options.answers ?? []);
  return {
    files: memoryFiles(options.files ?? {}, clock),
    fetch: options.fetch ?? webFetch(),
    hash: pureHash,
    compression: webCompression,
    clock,
    random: options.random ?? webRandom,
    environment: { os: "linux", architecture: "amd64", runtime: "memory", ...options.environment, get: (name) => options.variables?.[name] || undefined },
    run: options.run ?? noCommands,
    ...terminal,
  };
}

function toBytes(content: string | Uint8Array): Bytes {
  return typeof content === "string" ? encodeUtf8(content) : new Uint8Array(content);
}

/** Digests in plain JavaScript, nine times slower than a runtime's own. */
const pureHash: Hash = (algorithm) => {
  const hash = algorithm === "sha256" ? sha256.create() : sha512.create();
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: () => formatHex(hash.digest()),
  };
};

const noCommands: Run = async ([name = ""]) => {
  throw new OciError("NOT_FOUND", `Cannot run ${quote(name)}: there are no commands here`);
};

function webFetch(): Fetch {
  return createFetch(async (request) => {
    const { tls, proxyUrl, socketPath } = request;
    if (proxyUrl !== undefined || socketPath !== undefined || tls.verify === false || tls.authorities !== undefined || tls.certificate !== undefined) {
      throw new OciError("UNSUPPORTED", `Cannot request from ${quote(request.url.host)}: trust, proxy and socket cannot be chosen here`);
    }
    return webAnswer(await fetch(request.url.href, webInit(request)));
  });
}
