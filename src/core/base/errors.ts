/** What went wrong, for programs. Sentences are for people and may change; codes may not. */
export type ErrorCode =
  /** Input (a flag, a name, a document) that its grammar or schema refuses. */
  | "INVALID"
  /** The thing named is not there. */
  | "NOT_FOUND"
  /** The name is taken. */
  | "EXISTS"
  /** Somebody else changed the thing in between. */
  | "CONFLICT"
  /** The operation would drop data and nobody agreed to it. */
  | "LOSS"
  /** Content whose digest or size is not the one promised. */
  | "MISMATCH"
  /** A bound (size, depth, pages, redirects) was exceeded. */
  | "LIMIT"
  /** Credentials are missing, wrong, or not enough. */
  | "DENIED"
  /** The registry answered with an error or with nonsense. */
  | "REGISTRY"
  /** No usable connection: refused, reset, TLS, time-out. */
  | "NETWORK"
  /** A stored record cannot be read as what it should be. */
  | "DAMAGED"
  /** The file system refused. */
  | "IO"
  /** Known, and not possible here or not yet. */
  | "UNSUPPORTED"
  /** The caller's signal fired. */
  | "ABORTED";

/** Options of {@linkcode OciError}. */
export interface OciErrorOptions {
  /** What led here, kept for `--log-level debug` and programs. */
  readonly cause?: unknown;
}

/** Every failure this library reports: a code for programs and one sentence for people. */
export class OciError extends Error {
  override readonly name: string = "OciError";
  /** Marks the class across realms and bundled copies; see {@linkcode isOciError}. */
  readonly "~oci" = true as const;
  /** What went wrong, for programs. */
  readonly code: ErrorCode;

  /** Makes an error; the message follows `Cannot <verb> "<object>": <what was seen>`. */
  constructor(code: ErrorCode, message: string, options: OciErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Content that is not what its descriptor promises. */
export class MismatchError extends OciError {
  override readonly name = "MismatchError";
  /** The digest or size that was promised. */
  readonly expected: string;
  /** The digest or size that was seen. */
  readonly actual: string;

  /** Makes the error for `subject`, for example `blob sha256:…`. */
  constructor(subject: string, expected: string, actual: string, options: OciErrorOptions = {}) {
    super("MISMATCH", `Cannot accept ${subject}: expected ${expected}, received ${actual}`, options);
    this.expected = expected;
    this.actual = actual;
  }
}

/** What a registry said, see {@linkcode RegistryError}. */
export interface RegistryAnswer {
  /** HTTP method of the request. */
  readonly method: string;
  /** URL without query, user information and fragment. */
  readonly url: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Error codes of the distribution specification found in the body, for example `MANIFEST_UNKNOWN`. */
  readonly codes: readonly string[];
}

/** An answer of a registry that is not a success. */
export class RegistryError extends OciError {
  override readonly name = "RegistryError";
  /** The answer as data. */
  readonly answer: RegistryAnswer;

  /** Makes the error; `code` follows from the status (404 is `NOT_FOUND`, 401 and 403 are `DENIED`). */
  constructor(message: string, answer: RegistryAnswer, options: OciErrorOptions = {}) {
    super(codeOfStatus(answer.status), message, options);
    this.answer = answer;
  }
}

/** Codes with which registries refuse a manifest that refers to what they miss; the last one is also that of a manifest nobody would take. */
const missing: ReadonlySet<string> = new Set(["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "MANIFEST_INVALID"]);

/** Tells whether a registry may have refused a manifest because it misses what that refers to. */
export function missesContent(error: unknown): error is RegistryError {
  return error instanceof RegistryError && error.answer.codes.some((code) => missing.has(code));
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 404) return "NOT_FOUND";
  if (status === 401 || status === 403) return "DENIED";
  if (status === 412) return "CONFLICT";
  return "REGISTRY";
}

/** Why there is no usable connection: `name` is the look-up of a host name, `forbidden` is the system's word, `other` is what no program can act on. */
export type NetworkReason = "refused" | "forbidden" | "reset" | "timeout" | "name" | "tls-handshake" | "tls-certificate" | "other";

/** A connection that could not be made or kept. */
export class NetworkError extends OciError {
  override readonly name = "NetworkError";
  /** What went wrong, for programs: `tls-handshake` is also what a server without TLS gives. */
  readonly reason: NetworkReason;

  /** Makes the error; `cause` keeps the system's `code` where there is one. */
  constructor(message: string, reason: NetworkReason, options: OciErrorOptions = {}) {
    super("NETWORK", message, options);
    this.reason = reason;
  }
}

/** Tells whether `error` is an {@linkcode OciError}, also one of another copy of this library. */
export function isOciError(error: unknown, code?: ErrorCode): error is OciError {
  return error instanceof Error && "~oci" in error && (code === undefined || (error as OciError).code === code);
}

/** Returns the messages of `error` and its causes, outermost first, each once, at most ten. */
export function explain(error: unknown): readonly string[] {
  const messages: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current !== undefined && current !== null && depth < 10; depth++) {
    const message = current instanceof Error ? current.message || current.name : String(current);
    if (messages.at(-1) !== message) messages.push(message);
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages;
}
