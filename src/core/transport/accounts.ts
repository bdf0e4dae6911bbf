import { type AccountFile, type AccountStore, type Credentials, createHelpers, openAccountStore, parseRegistryKey } from "../auth/mod.ts";
import type { Bytes } from "../base/mod.ts";
import { OciError, quote } from "../base/mod.ts";
import { swapFile } from "../content/mod.ts";
import { withDeadline } from "../http/mod.ts";
import type { Host } from "../port/mod.ts";
import { openRegistries } from "../settings/mod.ts";
import { createRegistryClient, verifyLogin } from "./registry/mod.ts";
import { registryOptions } from "./registry-options.ts";
import type { TransportOptions } from "./transports.ts";

export type { Credentials } from "../auth/mod.ts";

/** Options of {@linkcode openAccounts}. */
export interface AccountOptions extends AccountFile, Omit<TransportOptions, "credentials" | "credentialDomains" | "concurrency" | "cacheDirectory"> {
  /** Milliseconds after which a registry that is asked about a login is given up with `LIMIT`. @default none */
  readonly timeout?: number;
}

/** What a login did. */
export interface LoginResult {
  /** What the login is for, as it is kept. */
  readonly key: string;
  /** Where it is kept: a path, or `credential helper: NAME`. */
  readonly kept: string;
}

/** Logins of the user, in the files and helpers that buildah, podman and docker use. */
export interface Accounts {
  /** Returns what `registry` is called where logins are kept: `HOST[:PORT][/NAMESPACE]`. @throws {OciError} `INVALID` */
  keyOf(registry: string): string;
  /** Returns the login that is kept for `registry`, be it good or not. @throws {OciError} `INVALID`, `DENIED` for a helper that fails */
  find(registry: string): Promise<Credentials | undefined>;
  /** Asks the registry whether it takes `credentials`. @throws {OciError} `DENIED` if not, `NETWORK`, `REGISTRY` */
  verify(registry: string, credentials: Credentials): Promise<void>;
  /** Asks the registry whether it takes `credentials`, and keeps them. @throws {OciError} as `verify`, `IO`, `UNSUPPORTED` for a namespace where only whole registries can be kept */
  login(registry: string, credentials: Credentials): Promise<LoginResult>;
  /** Forgets the login for `registry`; returns whether there was one. @throws {OciError} `INVALID`, `IO`, `DENIED` for a helper that fails, `NOT_FOUND` for a file that was named */
  logout(registry: string): Promise<boolean>;
  /** Forgets all logins in the file that logins are written to. @throws {OciError} as `logout` */
  logoutAll(): Promise<void>;
}

/**
 * Returns the logins of the user on `host`. Nothing is read or asked before it is needed.
 * @throws {OciError} `INVALID` for two files
 * @example Find out who is logged in
 * ```ts
 * import assert from "node:assert/strict";
 * import { memoryHost } from "ocidex/host/memory";
 * import { openAccounts } from "ocidex/transport";
 *
 * const file = JSON.stringify({ auths: { "ghcr.io": { auth: btoa("me:secret") } } });
 * const accounts = openAccounts(memoryHost({ files: { "/auth.json": file } }), { authFile: "/auth.json" });
 * assert.equal((await accounts.find("ghcr.io"))?.username, "me");
 * assert.equal(await accounts.logout("ghcr.io"), true);
 * assert.equal(await accounts.find("ghcr.io"), undefined);
 * ```
 */
export function openAccounts(host: Host, options: AccountOptions = {}): Accounts {
  const { dockerFile: _, timeout, ...access } = options;
  const { report } = options;
  const registries = openRegistries(host, options);
  const client = createRegistryClient(host, registryOptions(host, access, { registries }));
  const store = openStore(host, options);
  const warn = (message: string): void => report?.({ type: "warning", message });
  const verify = async (registry: string, credentials: Credentials): Promise<void> => {
    const { domain, path } = parseRegistryKey(registry);
    const { refusal, isInsecure } = await registries.writing({ domain, repository: path });
    if (refusal) throw refusal;
    const signal = timeout === undefined ? options.signal : withDeadline(host.clock, timeout, options.signal);
    const wanted = await verifyLogin(client, { domain, isInsecure, credentials, ...(signal && { signal }) });
    if (!wanted) warn(`${quote(domain)} asks for no login, so nobody knows whether this one is right`);
  };
  return {
    keyOf: (registry) => parseRegistryKey(registry).key,
    find: async (registry) => await store.find(parseRegistryKey(registry)),
    verify,
    async login(registry, credentials) {
      const key = parseRegistryKey(registry);
      checkCredentials(credentials);
      await verify(registry, credentials);
      const { place, shadow } = await store.keep(key, credentials);
      if (shadow !== undefined) warn(`the login for ${quote(key.key)} in ${quote(place)} does not count: ${quote(shadow)} is read before and has another one`);
      return { key: key.key, kept: place };
    },
    logout: async (registry) => await store.forget(parseRegistryKey(registry)),
    logoutAll: () => store.forgetAll(),
  };
}

function openStore(host: Host, { authFile, dockerFile, signal }: AccountOptions): AccountStore {
  const { files } = host;
  const swap = async (path: string, edit: (current: Bytes | undefined) => Promise<Bytes | undefined>): Promise<void> => {
    const whole = files.absolute(path);
    const directory = files.dirname(whole);
    const name = whole.slice(directory.length).replace(/^[\\/]+/, "");
    await swapFile(host, edit, { directory, name, mode: 0o600, ...(signal && { signal }) });
  };
  const tools = { files, environment: host.environment, helpers: createHelpers(host.run, signal && { signal }), swap };
  return openAccountStore(tools, { ...(authFile !== undefined && { authFile }), ...(dockerFile !== undefined && { dockerFile }) });
}

/** A colon would end the user name (RFC 7617 section 2); neither text is shown. */
function checkCredentials({ username, password, identityToken }: Credentials): void {
  const wrong = (seen: string) => new OciError("INVALID", `Cannot use the given credentials: ${seen}`);
  if (identityToken !== undefined) throw wrong("an identity token cannot be kept, expected user name and password");
  if (username === "" || username.includes(":")) throw wrong(username === "" ? "the user name is empty" : "the user name holds a colon");
  if (password === "") throw wrong("the password is empty");
}
