import type { DigestAlgorithm } from "../spec/mod.ts";

/** A running digest. */
export interface Hasher {
  /** Takes more bytes in. */
  update(bytes: Uint8Array): void;
  /** Returns the lower-case hexadecimal digits of everything taken in; ends the hasher. */
  digest(): string;
}

/** Starts a digest with the fastest implementation of the runtime. */
export type Hash = (algorithm: DigestAlgorithm) => Hasher;

/** Ways a layer may be compressed. */
export type CompressionFormat = "gzip" | "zstd";

/** Compression. A transform passes on what its source fails with. */
export interface Compression {
  /** Formats that can be made and read here. */
  readonly formats: readonly CompressionFormat[];
  /** Returns a transform that compresses; the same pieces give the same bytes. @throws {OciError} `UNSUPPORTED`, also for a level where there are none */
  compress(format: CompressionFormat, level?: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;
  /** Returns a transform that decompresses, several members or frames in a row too; it fails with `INVALID` for damaged data. @throws {OciError} `UNSUPPORTED` */
  decompress(format: CompressionFormat): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;
}

/** Time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds from an unknown start, never running backwards. */
  monotonic(): number;
  /** Waits, or rejects with the signal's reason. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls `task` once after a time, unless the function returned is called before. It must not keep the program from ending by itself. */
  after(milliseconds: number, task: () => void): () => void;
}

/** Chance. */
export interface Random {
  /** Returns `length` unpredictable bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** Returns a number from 0 up to, not including, 1. */
  number(): number;
}

/** What surrounds the program. */
export interface Environment {
  /** Returns the value of an environment variable; an empty one counts as absent. */
  get(name: string): string | undefined;
  /** The user's home directory, where there is one. */
  readonly home?: string | undefined;
  /** The user's number, where there is one. */
  readonly user?: number;
  /** Operating system in Go's words: `linux`, `darwin`, `windows`. */
  readonly os: string;
  /** CPU architecture in Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Name and version of the runtime, for example `bun/1.4.5`. */
  readonly runtime: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** Goes to standard input. */
  readonly input?: Uint8Array;
  /** Milliseconds after which the command is killed. @default it may take any time */
  readonly timeout?: number;
  /** Bytes of output after which the command is killed. */
  readonly maximumOutput: number;
  /**
   * Whether what the command has started is killed with it, and has ended when that is reported. Such a command has no terminal to
   * ask a person at. @default false
   */
  readonly isGroup?: boolean;
  /** Ends the command. */
  readonly signal?: AbortSignal;
}

/** What a command did. */
export interface CommandResult {
  /** Exit status. */
  readonly status: number;
  /** Standard output. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** Standard error. */
  readonly errors: Uint8Array<ArrayBuffer>;
}

/** Runs a command without a shell. @throws {OciError} `NOT_FOUND` if there is no such command, `LIMIT` for time and output */
export type Run = (command: readonly string[], options: CommandOptions) => Promise<CommandResult>;

/** How to ask a person. */
export interface QuestionOptions {
  /** Whether what is typed is a secret, which is shown nowhere. @default false */
  readonly isSecret?: boolean;
  /** Ends waiting for an answer. */
  readonly signal?: AbortSignal;
}

/** Where a person may sit. */
export interface Terminal {
  /** Whether standard output is a terminal. */
  readonly outputIsTerminal: boolean;
  /** Whether standard error is a terminal. */
  readonly errorsAreTerminal: boolean;
  /** Columns of the terminal. */
  columns(): number;
  /** Writes to standard output; resolves to false when the reader has gone (`| head`). */
  write(text: string): Promise<boolean>;
  /** Writes to standard error. */
  writeError(text: string): Promise<void>;
  /**
   * Puts `question` to the person at the terminal and returns the line that was typed, without its end; undefined where nobody
   * can be asked, as standard input or standard error is no terminal, or nobody answers. Questions wait for each other.
   * @throws {OciError} `ABORTED` for Ctrl-C in a secret; in other answers it is the signal that it always is
   */
  ask(question: string, options?: QuestionOptions): Promise<string | undefined>;
  /** Returns standard input, at most `limit` bytes. */
  readInput(limit: number): Promise<Uint8Array<ArrayBuffer>>;
}
