import * as v from "valibot";
import { type Bytes, decodeUtf8, OciError, parseSecretJson, quote, tryParseBase64 } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import type { HelperUse } from "./helper.ts";
import { dockerServer, normaliseKey, type RegistryKey } from "./registry-key.ts";

/** What a user has for a registry. */
export interface Credentials {
  /** User name; empty with an identity token. */
  readonly username: string;
  /** Password, or a token that stands for one. */
  readonly password: string;
  /** Token that is exchanged for others (docker's `identitytoken`). */
  readonly identityToken?: string;
}

/** An entry of `auths`. */
interface AuthEntry {
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
}

/** An auth file: containers-auth.json(5), docker's `config.json`. */
export interface AuthFile {
  /** Its path. */
  readonly path: string;
  /** Entries by registry, or registry and path. */
  readonly auths: ReadonlyMap<string, AuthEntry>;
  /** Names of helpers by registry. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** Name of the helper for every other registry. */
  readonly credsStore?: string;
}

const text = v.nullish(v.string());
const AuthFileSchema = v.object({
  auths: v.nullish(v.record(v.string(), v.nullish(v.object({ auth: text, username: text, password: text, identitytoken: text })))),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: text,
});

const maximumAuthFile = 4 * 1024 * 1024;

/** Returns the auth file at `path`. @throws {OciError} `INVALID` that names the file, `NOT_FOUND` */
export async function readAuthFile(files: FileSystem, path: string): Promise<AuthFile> {
  return parseAuthFile(await files.readFile(path, maximumAuthFile), path);
}

/** Returns what the `bytes` of the auth file at `path` say. @throws {OciError} `INVALID` that names the file */
export function parseAuthFile(bytes: Bytes, path: string): AuthFile {
  // An empty file is what a login that was interrupted leaves, and what `touch` makes.
  const file = bytes.length === 0 ? {} : parseSecretJson(AuthFileSchema, bytes, `auth file ${quote(path)}`);
  const auths = Object.entries(file.auths ?? {}).map(([key, entry]): [string, AuthEntry] => [key, withoutNulls(entry ?? {})]);
  return {
    path,
    auths: new Map(auths),
    credHelpers: new Map(Object.entries(file.credHelpers ?? {})),
    ...(file.credsStore && { credsStore: file.credsStore }),
  };
}

function withoutNulls(entry: { readonly [K in keyof AuthEntry]?: AuthEntry[K] | null }): AuthEntry {
  return {
    auth: entry.auth ?? undefined,
    username: entry.username ?? undefined,
    password: entry.password ?? undefined,
    identitytoken: entry.identitytoken ?? undefined,
  };
}

/** Which helper an auth file names for a registry. */
export interface HelperChoice extends HelperUse {
  /** Whether it stands in `credHelpers` and so is for this registry alone; else it is the `credsStore`. */
  readonly isOwn: boolean;
}

/** Returns the helper that `file` names for a registry: its own before the store; an empty name means the file itself, as for docker. */
export function findHelper(file: AuthFile, domain: string): HelperChoice | undefined {
  const registry = normaliseKey(domain);
  const sameRegistry = (keys: Iterable<string>) => [...keys].find((key) => normaliseKey(key) === registry);
  const own = file.credHelpers.has(domain) ? domain : sameRegistry(file.credHelpers.keys());
  const name = own === undefined ? file.credsStore : file.credHelpers.get(own);
  if (name === undefined || name === "") return undefined;
  // A login through the store leaves an empty entry behind, under the name it used.
  const marked = file.auths.has(domain) ? domain : sameRegistry(file.auths.keys());
  return { name, server: own ?? marked ?? dockerServer(domain), path: file.path, isOwn: own !== undefined };
}

/** Returns the credentials that `file` itself holds for a repository, or for a part of a registry: the entry with the longest matching key counts. */
export function findInAuthFile(file: AuthFile, { domain, path }: Omit<RegistryKey, "key">): Credentials | undefined {
  const registry = normaliseKey(domain);
  for (const key of candidates(domain, registry, path)) {
    const match = file.auths.has(key) ? key : [...file.auths.keys()].find((own) => key === registry && normaliseKey(own) === registry);
    const entry = match === undefined ? undefined : file.auths.get(match);
    const credentials = match === undefined || entry === undefined ? undefined : credentialsOf(entry, file.path, match);
    if (credentials) return credentials;
  }
  return undefined;
}

/** Returns the keys to look for, longest first: `host/a/b`, `host/a`, `host`. */
function candidates(domain: string, registry: string, path: string): readonly string[] {
  const parts = path === "" ? [] : path.split("/");
  const paths = parts.map((_, at) => `${domain}/${parts.slice(0, parts.length - at).join("/")}`);
  return [...paths, ...(domain === registry ? [] : [domain]), registry];
}

function credentialsOf(entry: AuthEntry, path: string, key: string): Credentials | undefined {
  const plain = entry.auth ? decodeAuth(entry.auth, path, key) : { username: entry.username ?? "", password: entry.password ?? "" };
  if (entry.identitytoken) return { ...plain, identityToken: entry.identitytoken };
  return plain.username === "" && plain.password === "" ? undefined : plain;
}

function decodeAuth(auth: string, path: string, key: string): Credentials {
  const bytes = tryParseBase64(auth);
  const wrong = (seen: string) => new OciError("INVALID", `Cannot use auth file ${quote(path)}: "auth" of ${quote(key)} ${seen}`);
  if (bytes === undefined) throw wrong("is not base64");
  // Old versions of docker pad with NUL.
  const decoded = decodeUtf8(bytes, `"auth" of ${quote(key)} in auth file ${quote(path)}`).replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon < 0) throw wrong("holds no colon, expected base64 of username:password");
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
