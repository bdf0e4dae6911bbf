import * as v from "valibot";
import { decodeUtf8, OciError, parseSecretJson, quote, tryParseBase64 } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";

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

const maximumSize = 4 * 1024 * 1024;

/** Returns the auth file at `path`. @throws {OciError} `INVALID` that names the file, `NOT_FOUND` */
export async function readAuthFile(files: FileSystem, path: string): Promise<AuthFile> {
  const bytes = await files.readFile(path, maximumSize);
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

const hubNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** Returns one name for a registry: Docker Hub has three, and old files have URLs for keys. */
function normaliseKey(key: string): string {
  const stripped = key.replace(/^https?:\/\//, "");
  const name = stripped === key ? key : (stripped.split("/", 1)[0] ?? "");
  return hubNames.has(name) ? "docker.io" : name;
}

/** What an auth file has for a repository. */
export type AuthFinding =
  /** Credentials. */
  | { readonly kind: "credentials"; readonly credentials: Credentials }
  /** A helper has them. */
  | { readonly kind: "helper"; readonly helper: string };

/** Returns what `file` has for a repository: the entry with the longest matching key counts. */
export function findInAuthFile(file: AuthFile, domain: string, repository: string): AuthFinding | undefined {
  const registry = normaliseKey(domain);
  const helper = [...file.credHelpers].find(([key]) => normaliseKey(key) === registry)?.[1];
  if (helper !== undefined) return { kind: "helper", helper };
  for (const key of candidates(domain, registry, repository)) {
    const match = file.auths.has(key) ? key : [...file.auths.keys()].find((own) => key === registry && normaliseKey(own) === registry);
    const entry = match === undefined ? undefined : file.auths.get(match);
    if (match === undefined || entry === undefined) continue;
    const credentials = credentialsOf(entry, file.path, match);
    if (credentials) return { kind: "credentials", credentials };
    // A login through a helper leaves an empty entry behind.
    if (file.credsStore !== undefined) return { kind: "helper", helper: file.credsStore };
  }
  return undefined;
}

/** Returns the keys to look for, longest first: `host/a/b`, `host/a`, `host`. */
function candidates(domain: string, registry: string, repository: string): readonly string[] {
  const parts = repository.split("/");
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
