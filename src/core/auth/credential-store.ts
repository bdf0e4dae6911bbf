import { OciError } from "../base/mod.ts";
import type { Run } from "../port/mod.ts";
import { type AuthFile, type Credentials, findHelper, findInAuthFile } from "./auth-file.ts";
import { type AuthFileHost, readAuthFiles } from "./auth-paths.ts";
import { type CredentialHelpers, createHelpers } from "./helper.ts";
import type { RegistryKey } from "./registry-key.ts";

export type { Credentials } from "./auth-file.ts";

/** Where credentials are looked up. */
export interface CredentialStore {
  /**
   * Returns what the user has for a repository, or undefined: then the registry is asked without. `isElsewhere` says that a
   * setting leads there, and not what the user has typed.
   * @throws {OciError} `INVALID`, `NOT_FOUND` for a file that cannot be used, `DENIED` for a helper that fails
   */
  get(domain: string, repository: string, options?: { readonly isElsewhere?: boolean }): Promise<Credentials | undefined>;
}

/** Options of {@linkcode readCredentials}. */
export interface CredentialOptions {
  /** `USERNAME:PASSWORD`. @default what the auth files say */
  readonly creds?: string;
  /** Domains that {@linkcode creds} are for; for others the auth files count. @default every registry */
  readonly domains?: readonly string[];
  /** The only auth file that is read. @default `REGISTRY_AUTH_FILE`, else the files podman and docker use */
  readonly authFile?: string;
  /** Returns where credentials are kept, the place to ask first first: helpers for every registry, and {@linkcode authFiles} for the auth files. @default the auth files */
  readonly keepers?: () => Promise<readonly { readonly name: string; readonly file: string }[]>;
  /** Ends helpers that run. */
  readonly signal?: AbortSignal;
}

/** What looking for credentials takes of a host. */
export interface CredentialHost extends AuthFileHost {
  /** Starts helpers. */
  readonly run: Run;
}

/** Stands for the auth files in `credential-helpers` of containers-registries.conf(5). */
export const authFiles = "containers-auth.json";

/** Returns the store of the user's credentials. Nothing is read before something is asked for, no file twice, and no helper is asked twice for a server. @throws {OciError} `INVALID` for `creds` without colon */
export function readCredentials(host: CredentialHost, options: CredentialOptions = {}): CredentialStore {
  const stated = options.creds === undefined ? undefined : parseCredentials(options.creds);
  const isFor = (domain: string) => options.domains === undefined || options.domains.includes(domain);
  const helpers = createHelpers(host.run, options.signal && { signal: options.signal });
  let files: Promise<readonly AuthFile[]> | undefined;
  const inFiles = async (domain: string, path: string): Promise<Credentials | undefined> => {
    files ??= readAuthFiles(host, options.authFile);
    return await findCredentials(await files, helpers, { domain, path });
  };
  return {
    async get(domain, repository, { isElsewhere = false } = {}) {
      if (stated && !isElsewhere && isFor(domain)) return stated;
      const keepers = (await options.keepers?.()) ?? [];
      if (keepers.length === 0) return await inFiles(domain, repository);
      // As with files, one that fails ends the search: who asks must not change by itself.
      for (const { name, file } of keepers) {
        const found = name === authFiles ? await inFiles(domain, repository) : await helpers.get({ name, server: domain, path: file });
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** Returns what the first of `files` that has something has: a helper of the registry's own, the helper for all, an entry, in this order. */
export async function findCredentials(files: readonly AuthFile[], helpers: CredentialHelpers, key: Omit<RegistryKey, "key">): Promise<Credentials | undefined> {
  for (const file of files) {
    const helper = findHelper(file, key.domain);
    const kept = helper && (await helpers.get(helper));
    if (kept) return kept;
    // An entry beside a helper of the registry's own is a leftover; podman knows no store and writes entries beside it.
    const credentials = helper?.isOwn ? undefined : findInAuthFile(file, key);
    if (credentials) return credentials;
  }
  return undefined;
}

/** Returns what `--creds` says; the text itself is never shown. */
function parseCredentials(creds: string): Credentials {
  const colon = creds.indexOf(":");
  if (colon < 1) throw new OciError("INVALID", "Cannot use the given credentials: expected USERNAME:PASSWORD");
  return { username: creds.slice(0, colon), password: creds.slice(colon + 1) };
}
