import * as v from "valibot";
import { encodeUtf8, isOciError, OciError, parseAs, quote, readJson } from "../base/mod.ts";
import type { CommandResult, Run } from "../port/mod.ts";
import type { Credentials } from "./auth-file.ts";

/** A credential helper as an auth file names it. */
export interface HelperUse {
  /** Name behind `docker-credential-`. */
  readonly name: string;
  /** What the helper knows the registry by. */
  readonly server: string;
  /** The file that names it, for messages. */
  readonly path: string;
}

/** Programs that keep credentials (docker-credential-helpers). What they print is never shown: it may hold a secret. */
export interface CredentialHelpers {
  /** Returns what the helper has for a server, or undefined if it says that it has nothing. A helper is asked once for a server. @throws {OciError} `DENIED` for one that fails, `INVALID` for a name that is none */
  get(use: HelperUse): Promise<Credentials | undefined>;
  /** Gives it credentials to keep. @throws {OciError} `DENIED`, `INVALID` */
  store(use: HelperUse, credentials: Credentials): Promise<void>;
  /** Makes it forget; returns whether it had anything. @throws {OciError} `DENIED`, `INVALID` */
  erase(use: HelperUse): Promise<boolean>;
}

/** Options of {@linkcode createHelpers}. */
export interface HelperOptions {
  /** Ends helpers that run. */
  readonly signal?: AbortSignal;
}

/** A helper may ask a person to unlock something. */
const timeout = 60_000;
const maximumOutput = 64 * 1024;
const nameGrammar = /^[A-Za-z0-9._-]{1,64}$/;
/** What every helper of the protocol says, with status 1, where it has nothing. */
const nothing = "credentials not found in native keychain";
/** User name that says: the secret is an identity token. */
const tokenUser = "<token>";

const AnswerSchema = v.object({ Username: v.string(), Secret: v.string() });

/** Returns helpers that are started by `run`, without a shell. */
export function createHelpers(run: Run, { signal }: HelperOptions = {}): CredentialHelpers {
  const asked = new Map<string, Promise<Credentials | undefined>>();
  const start = (action: string, use: HelperUse, input: string): Promise<string | undefined> =>
    runHelper({ run, action, use, input, ...(signal && { signal }) });
  const get = async (use: HelperUse): Promise<Credentials | undefined> => {
    const output = await start("get", use, use.server);
    return output === undefined ? undefined : readAnswer(output, use);
  };
  const keyOf = ({ name, server }: HelperUse): string => JSON.stringify([name, server]);
  return {
    get(use) {
      const known = asked.get(keyOf(use)) ?? get(use);
      asked.set(keyOf(use), known);
      return known;
    },
    async store(use, { username, password, identityToken }) {
      asked.delete(keyOf(use));
      const secret = identityToken === undefined ? { Username: username, Secret: password } : { Username: tokenUser, Secret: identityToken };
      await start("store", use, JSON.stringify({ ServerURL: use.server, ...secret }));
    },
    async erase(use) {
      asked.delete(keyOf(use));
      return (await start("erase", use, use.server)) !== undefined;
    },
  };
}

interface HelperRun {
  readonly run: Run;
  readonly action: string;
  readonly use: HelperUse;
  readonly input: string;
  readonly signal?: AbortSignal;
}

/** Returns what the helper printed, or undefined where it has nothing. */
async function runHelper({ run, action, use, input, signal }: HelperRun): Promise<string | undefined> {
  if (!nameGrammar.test(use.name)) {
    throw new OciError("INVALID", `Cannot use auth file ${quote(use.path)}: ${quote(use.name)} is not the name of a credential helper`);
  }
  const options = { input: encodeUtf8(input), timeout, maximumOutput, ...(signal && { signal }) };
  const result = await run([`docker-credential-${use.name}`, action], options).catch((cause: unknown) => {
    throw isOciError(cause) ? failed(use, reasonOf(cause), cause) : cause;
  });
  if (result.status === 0) return decode(result.output);
  if (saysNothing(result)) return undefined;
  throw failed(use, `it ended with status ${result.status} (what it printed is not shown, it may hold a secret)`);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function saysNothing({ output, errors }: CommandResult): boolean {
  return [output, errors].some((bytes) => decode(bytes).trim() === nothing);
}

function reasonOf(cause: OciError): string {
  if (cause.code === "NOT_FOUND") return "there is no such command";
  if (cause.code === "LIMIT") return `it took longer than ${timeout / 1000} s or printed more than ${maximumOutput / 1024} KiB`;
  return "it could not be started";
}

/** An error, never "anonymous": a helper that is broken must not change who the registry thinks asks (CVE-2021-41092). */
function failed(use: HelperUse, reason: string, cause?: OciError): OciError {
  const helper = quote(`docker-credential-${use.name}`);
  const message = `Cannot ask credential helper ${helper} named in ${quote(use.path)} about ${quote(use.server)}: ${reason}`;
  return new OciError("DENIED", message, cause && { cause });
}

function readAnswer(output: string, use: HelperUse): Credentials | undefined {
  const { Username: username, Secret: secret } = parseAnswer(output, use);
  if (username === "" && secret === "") return undefined;
  return username === tokenUser ? { username: "", password: "", identityToken: secret } : { username, password: secret };
}

/** What a parser says may quote the text, so neither it nor its cause goes on. */
function parseAnswer(output: string, use: HelperUse): v.InferOutput<typeof AnswerSchema> {
  try {
    return parseAs(AnswerSchema, readJson(encodeUtf8(output), "the answer"), "the answer");
  } catch {
    throw failed(use, 'its answer is not JSON with "Username" and "Secret"');
  }
}
