import { isOciError, OciError, quote } from "../base/mod.ts";
import type { Environment, FileSystem } from "../port/mod.ts";
import { type AuthFile, readAuthFile } from "./auth-file.ts";

/** What looking for auth files takes of a host. */
export interface AuthFileHost {
  /** Files. */
  readonly files: FileSystem;
  /** Variables, home and user. */
  readonly environment: Environment;
}

/** Returns the auth files that count, the one that counts first first: `named`, else `REGISTRY_AUTH_FILE`, alone, else those of podman and docker. @throws {OciError} `INVALID`, `NOT_FOUND` for one that is named */
export async function readAuthFiles(host: AuthFileHost, named: string | undefined): Promise<readonly AuthFile[]> {
  const only = named ?? host.environment.get("REGISTRY_AUTH_FILE");
  if (only !== undefined) return [await readNamedFile(host.files, only)];
  const read = await Promise.all(defaultPaths(host).map((path) => readIfThere(host.files, path)));
  return read.flatMap((file) => (file ? [file] : []));
}

/** Returns the auth file at `path`. @throws {OciError} `INVALID`, `NOT_FOUND` in words for a user */
async function readNamedFile(files: FileSystem, path: string): Promise<AuthFile> {
  const file = await readIfThere(files, path);
  if (file === undefined) throw new OciError("NOT_FOUND", `Cannot use auth file ${quote(path)}: no such file`);
  return file;
}

/** Returns the auth file at `path`, or undefined if it is not there. @throws {OciError} `INVALID` */
export async function readIfThere(files: FileSystem, path: string): Promise<AuthFile | undefined> {
  try {
    return await readAuthFile(files, path);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Returns the file that a login is written to, as buildah chooses it: `named`, else `REGISTRY_AUTH_FILE`, else docker's if `DOCKER_CONFIG` is set, else the one that is read first. @throws {OciError} `UNSUPPORTED` where there is no home */
export function pathToWrite(host: AuthFileHost, named: string | undefined): string {
  const docker = host.environment.get("DOCKER_CONFIG");
  const inDocker = docker === undefined ? undefined : host.files.join(docker, "config.json");
  const path = named ?? host.environment.get("REGISTRY_AUTH_FILE") ?? inDocker ?? defaultPaths(host)[0];
  if (path === undefined) throw new OciError("UNSUPPORTED", "Cannot keep a login: there is no home directory, --authfile names a file");
  return path;
}

/** Returns the places auth files lie, the one that counts first first (containers-auth.json(5), docker). */
function defaultPaths({ files, environment }: AuthFileHost): readonly string[] {
  const { home, user, os } = environment;
  const runtime = environment.get("XDG_RUNTIME_DIR");
  const first = runtime ?? (os === "linux" && user !== undefined ? `/run/containers/${user}` : undefined);
  const config = environment.get("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : files.join(home, ".config"));
  const docker = environment.get("DOCKER_CONFIG");
  return [
    ...(first === undefined ? [] : [files.join(first, ...(runtime === undefined ? [] : ["containers"]), "auth.json")]),
    ...(config === undefined ? [] : [files.join(config, "containers", "auth.json")]),
    ...(docker === undefined ? [] : [files.join(docker, "config.json")]),
    ...(home === undefined ? [] : [files.join(home, ".docker", "config.json")]),
  ];
}
