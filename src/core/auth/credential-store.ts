import { isOciError, OciError, quote } from "../base/mod.ts";
import type { Environment, FileSystem } from "../port/mod.ts";
import { type AuthFile, type Credentials, findInAuthFile, readAuthFile } from "./auth-file.ts";

export type { Credentials } from "./auth-file.ts";

/** Where credentials are looked up. */
export interface CredentialStore {
  /**
   * Returns what the user has for a repository, or undefined: then the registry is asked without. `isRefused` says that it
   * has been, in vain; `isElsewhere` that a setting leads there, and not what the user has typed.
   * @throws {OciError} `INVALID`, `NOT_FOUND` for a file that cannot be used, `UNSUPPORTED` for a helper that has the credentials
   */
  get(domain: string, repository: string, options?: { readonly isRefused?: boolean; readonly isElsewhere?: boolean }): Promise<Credentials | undefined>;
}

/** Options of {@linkcode readCredentials}. */
export interface CredentialOptions {
  /** `USERNAME:PASSWORD`. @default what the auth files say */
  readonly creds?: string;
  /** Domains that {@linkcode creds} are for; for others the auth files count. @default every registry */
  readonly domains?: readonly string[];
  /** The only auth file that is read. @default `REGISTRY_AUTH_FILE`, else the files podman and docker use */
  readonly authFile?: string;
}

/** What looking for auth files takes of a host. */
export interface CredentialHost {
  /** Files. */
  readonly files: FileSystem;
  /** Variables, home and user. */
  readonly environment: Environment;
}

/** Returns the store of the user's credentials. Nothing is read before something is asked for, and no file twice. @throws {OciError} `INVALID` for `creds` without colon */
export function readCredentials(host: CredentialHost, options: CredentialOptions = {}): CredentialStore {
  const stated = options.creds === undefined ? undefined : parseCredentials(options.creds);
  const isFor = (domain: string) => options.domains === undefined || options.domains.includes(domain);
  let files: Promise<readonly AuthFile[]> | undefined;
  return {
    async get(domain, repository, { isRefused = false, isElsewhere = false } = {}) {
      if (stated && !isElsewhere && isFor(domain)) return stated;
      const read = await (files ??= readAuthFiles(host, options.authFile));
      for (const file of read) {
        const finding = findInAuthFile(file, domain, repository);
        if (finding?.kind === "credentials") return finding.credentials;
        if (finding) throw helperError(domain, finding.helper, file.path);
      }
      const store = read.find((file) => file.credsStore !== undefined);
      if (isRefused && store?.credsStore !== undefined) throw helperError(domain, store.credsStore, store.path);
      return undefined;
    },
  };
}

/** Returns what `--creds` says; the text itself is never shown. */
function parseCredentials(creds: string): Credentials {
  const colon = creds.indexOf(":");
  if (colon < 1) throw new OciError("INVALID", "Cannot use the given credentials: expected USERNAME:PASSWORD");
  return { username: creds.slice(0, colon), password: creds.slice(colon + 1) };
}

/** An error, never "anonymous": a helper that is not asked must not change who the registry thinks asks (CVE-2021-41092). */
function helperError(domain: string, helper: string, path: string): OciError {
  const command = quote(`docker-credential-${helper}`);
  return new OciError(
    "UNSUPPORTED",
    `Cannot log in to ${quote(domain)}: its credentials are kept by the helper ${command} (auth file ${quote(path)}), and helpers are not asked yet; --creds USERNAME:PASSWORD works`,
  );
}

async function readAuthFiles(host: CredentialHost, authFile: string | undefined): Promise<readonly AuthFile[]> {
  const only = authFile ?? host.environment.get("REGISTRY_AUTH_FILE");
  if (only !== undefined) return [await readNamedFile(host.files, only)];
  const read = await Promise.all(defaultPaths(host).map((path) => readIfThere(host.files, path)));
  return read.flatMap((file) => (file ? [file] : []));
}

async function readNamedFile(files: FileSystem, path: string): Promise<AuthFile> {
  try {
    return await readAuthFile(files, path);
  } catch (cause) {
    if (!isOciError(cause, "NOT_FOUND")) throw cause;
    throw new OciError("NOT_FOUND", `Cannot use auth file ${quote(path)}: no such file`, { cause });
  }
}

async function readIfThere(files: FileSystem, path: string): Promise<AuthFile | undefined> {
  try {
    return await readAuthFile(files, path);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Returns the places auth files lie, the one that counts first first (containers-auth.json(5), docker). */
function defaultPaths({ files, environment }: CredentialHost): readonly string[] {
  const { home, user, os } = environment;
  const runtime = environment.get("XDG_RUNTIME_DIR") ?? (os === "linux" && user !== undefined ? `/run/containers/${user}` : undefined);
  const inRuntime = environment.get("XDG_RUNTIME_DIR") === undefined ? ["auth.json"] : ["containers", "auth.json"];
  const config = environment.get("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : files.join(home, ".config"));
  const docker = environment.get("DOCKER_CONFIG");
  return [
    ...(runtime === undefined ? [] : [files.join(runtime, ...inRuntime)]),
    ...(config === undefined ? [] : [files.join(config, "containers", "auth.json")]),
    ...(docker === undefined ? [] : [files.join(docker, "config.json")]),
    ...(home === undefined ? [] : [files.join(home, ".docker", "config.json")]),
  ];
}
