import { type Bytes, isOciError, OciError, quote } from "../base/mod.ts";
import { type AuthFile, type Credentials, findHelper, findInAuthFile, type HelperChoice } from "./auth-file.ts";
import { type AuthFileHost, pathToWrite, readAuthFiles, readIfThere } from "./auth-paths.ts";
import { findCredentials } from "./credential-store.ts";
import { withEntry, withoutEntries } from "./edit-auth-file.ts";
import type { CredentialHelpers } from "./helper.ts";
import { dockerServer, normaliseKey, type RegistryKey } from "./registry-key.ts";

/** What keeping logins takes from outside. */
export interface AccountTools extends AuthFileHost {
  /** Programs that keep credentials. */
  readonly helpers: CredentialHelpers;
  /** Replaces a file whose directory is there by an edit of it, which loses no edit of another process. */
  readonly swap: (path: string, edit: (current: Bytes | undefined) => Promise<Bytes | undefined>) => Promise<unknown>;
}

/** Which file logins are kept in. */
export interface AccountFile {
  /** The only auth file that is read and written. @default `REGISTRY_AUTH_FILE`, else the files of podman and docker are read and the first of them is written */
  readonly authFile?: string;
  /** The same in docker's way: Docker Hub has docker's name for it, and parts of a registry have no login of their own. */
  readonly dockerFile?: string;
}

/** Where a login went. */
export interface KeptLogin {
  /** A path, or `credential helper: NAME`. */
  readonly place: string;
  /** A file that is read before and has another login for the same: that one counts. */
  readonly shadow?: string;
}

/** The logins of a user. */
export interface AccountStore {
  /** Returns what is kept for a registry or a part of it. @throws {OciError} `INVALID`, `DENIED` for a helper that fails */
  find(key: RegistryKey): Promise<Credentials | undefined>;
  /** Keeps credentials and returns where. @throws {OciError} `INVALID`, `IO`, `DENIED`, `UNSUPPORTED` for a part of a registry where only whole ones can be kept */
  keep(key: RegistryKey, credentials: Credentials): Promise<KeptLogin>;
  /** Forgets what {@linkcode AccountStore.keep} kept; returns whether there was anything. @throws {OciError} `INVALID`, `IO`, `DENIED`, `NOT_FOUND` for a file that was named */
  forget(key: RegistryKey): Promise<boolean>;
  /** Forgets every login in the file and those of the helpers it names. @throws {OciError} as `forget` */
  forgetAll(): Promise<void>;
}

/** Returns the logins of the user. Nothing is read before something is asked for. @throws {OciError} `INVALID` for two files */
export function openAccountStore(tools: AccountTools, options: AccountFile = {}): AccountStore {
  const { authFile, dockerFile } = options;
  if (authFile !== undefined && dockerFile !== undefined)
    throw new OciError("INVALID", `Cannot keep logins in ${quote(authFile)} and ${quote(dockerFile)}: expected one of --authfile and --compat-auth-file`);
  const named = dockerFile ?? authFile ?? tools.environment.get("REGISTRY_AUTH_FILE");
  const target = () => pathToWrite(tools, named);
  const present = async () => (named === undefined ? await readIfThere(tools.files, target()) : (await readAuthFiles(tools, named))[0]);
  return {
    async find(key) {
      const one = named === undefined ? undefined : await readIfThere(tools.files, named);
      const files = named === undefined ? await readAuthFiles(tools, undefined) : one ? [one] : [];
      return await findCredentials(files, tools.helpers, key);
    },
    async keep(key, credentials) {
      const path = target();
      const login: Login = { key, credentials, path, isDocker: dockerFile !== undefined };
      const file = await readIfThere(tools.files, path);
      const helper = file && findHelper(file, key.domain);
      const place = helper ? await keepInHelper(tools, helper, login) : await keepInFile(tools, login);
      const shadow = named === undefined ? findShadow(await readAuthFiles(tools, undefined), login) : undefined;
      return { place, ...(shadow !== undefined && { shadow }) };
    },
    async forget(key) {
      const file = await present();
      if (file === undefined) return false;
      const helper = key.path === "" ? findHelper(file, key.domain) : undefined;
      const erased = helper !== undefined && (await tools.helpers.erase(helper));
      const isGone = (name: string) => (key.path === "" ? normaliseKey(name) === key.domain : name === key.key);
      return (await removeEntries(tools, file, isGone)) || erased;
    },
    async forgetAll() {
      const file = await present();
      if (file === undefined) return;
      const registries = [...file.credHelpers.keys(), ...file.auths.keys()].filter((name) => !normaliseKey(name).includes("/"));
      for (const name of new Set(registries)) {
        const helper = findHelper(file, name);
        if (helper) await tools.helpers.erase(helper);
      }
      await removeEntries(tools, file, () => true);
    },
  };
}

interface Login {
  readonly key: RegistryKey;
  readonly credentials: Credentials;
  readonly path: string;
  readonly isDocker: boolean;
}

/** Helpers know whole registries only; docker marks in the file what its store keeps. */
async function keepInHelper(tools: AccountTools, helper: HelperChoice, { key, credentials, path }: Login): Promise<string> {
  refusePart(key, `auth file ${quote(path)} gives logins to the credential helper ${quote(`docker-credential-${helper.name}`)}`);
  await tools.helpers.store(helper, credentials);
  if (!helper.isOwn) await tools.swap(path, async (bytes) => withEntry({ path, bytes }, helper.server));
  return `credential helper: ${helper.name}`;
}

async function keepInFile(tools: AccountTools, { key, credentials, path, isDocker }: Login): Promise<string> {
  if (isDocker) refusePart(key, `auth file ${quote(path)} is docker's`);
  await makeDirectoryOf(tools, path);
  const name = isDocker ? dockerServer(key.domain) : key.key;
  await tools.swap(path, async (bytes) => withEntry({ path, bytes }, name, credentials));
  return path;
}

function findShadow(files: readonly AuthFile[], { key, path }: Login): string | undefined {
  const before = files.slice(
    0,
    files.findIndex((file) => file.path === path),
  );
  return before.find((file) => findHelper(file, key.domain) !== undefined || findInAuthFile(file, key) !== undefined)?.path;
}

function refusePart({ key, domain, path }: RegistryKey, why: string): void {
  if (path === "") return;
  throw new OciError("UNSUPPORTED", `Cannot keep a login for ${quote(key)}: ${why}, which takes ${quote(domain)} only`);
}

/** Credentials are nobody else's business, so neither is the directory. */
async function makeDirectoryOf({ files }: AccountTools, path: string): Promise<void> {
  try {
    await files.makeDirectory(files.dirname(files.absolute(path)), { mode: 0o700 });
  } catch (cause) {
    if (!isOciError(cause)) throw cause;
    throw new OciError(cause.code, `${cause.message}; --authfile or REGISTRY_AUTH_FILE keeps the login elsewhere`, { cause });
  }
}

async function removeEntries({ swap }: AccountTools, { path }: AuthFile, isGone: (key: string) => boolean): Promise<boolean> {
  let found = false;
  await swap(path, async (bytes) => {
    const edited = withoutEntries({ path, bytes }, isGone);
    found = edited !== undefined;
    return edited;
  });
  return found;
}
