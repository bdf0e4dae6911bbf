import { decodeUtf8, isOciError, OciError, quote } from "../base/mod.ts";
import type { FileSystem, TlsOptions } from "../port/mod.ts";
import { directoriesFor, type SettingsHost, settingsPlaces } from "./places.ts";

const maximumFile = 1 << 20;

/**
 * Returns what a directory of certificates says, as containers-certs.d(5) has it: every `*.crt` is trusted, `X.cert` with
 * `X.key` is this side's certificate. @throws {OciError} `INVALID` for half a pair, `NOT_FOUND` for a directory that is not there
 */
export async function readCertificates(files: FileSystem, directory: string): Promise<TlsOptions> {
  const names = await files.list(directory).catch((cause: unknown) => {
    if (isOciError(cause, "NOT_FOUND")) throw new OciError("NOT_FOUND", `Cannot use certificate directory ${quote(directory)}: no such directory`, { cause });
    throw cause;
  });
  return await readNamed(files, directory, names);
}

/** Returns what a directory of docker's certificates says: `ca.pem` is trusted, `cert.pem` with `key.pem` is this side's certificate. @throws {OciError} `INVALID` for half a pair, `NOT_FOUND` for a directory that is not there */
export async function readDockerCertificates(files: FileSystem, directory: string): Promise<TlsOptions> {
  const names = await files.list(directory);
  const read = async (name: string) => decodeUtf8(await files.readFile(files.join(directory, name), maximumFile), `certificate file ${quote(name)}`);
  const pair = ["cert.pem", "key.pem"].filter((name) => names.includes(name));
  if (pair.length === 1)
    throw new OciError("INVALID", `Cannot use certificate directory ${quote(directory)}: it has ${pair[0]}, expected cert.pem and key.pem`);
  return {
    ...(names.includes("ca.pem") && { authorities: [await read("ca.pem")] }),
    ...(pair.length === 2 && { certificate: await read("cert.pem"), key: await read("key.pem") }),
  };
}

/**
 * Returns what the first directory that the user has for `host`, with its port as it is written in names, says; nothing more
 * than the runtime where there is none. A directory that cannot be read is passed over, as in containers/image.
 * @throws {OciError} `INVALID` for half a pair
 */
export async function findCertificates(host: SettingsHost, name: string): Promise<TlsOptions> {
  for (const directory of certificateDirectories(host)) {
    const path = host.files.join(directory, name);
    const names = await host.files.list(path).catch(() => undefined);
    if (names !== undefined) return await readNamed(host.files, path, names);
  }
  return {};
}

/** Returns where directories of hosts lie, the strongest first. */
function certificateDirectories(host: SettingsHost): readonly string[] {
  const { user, system, vendor } = settingsPlaces(host);
  const [common = "", ...special] = directoriesFor(host, "certs", ".d");
  const below = (place: string) => [...special.toReversed(), common].map((name) => host.files.join(place, name));
  return [...(user === undefined ? [] : [host.files.join(user, common)]), ...below(system), ...below(vendor), "/etc/docker/certs.d"];
}

async function readNamed(files: FileSystem, directory: string, names: readonly string[]): Promise<TlsOptions> {
  const read = async (name: string) => decodeUtf8(await files.readFile(files.join(directory, name), maximumFile), `certificate file ${quote(name)}`);
  const pair = findPair(names, directory);
  return {
    authorities: await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read)),
    ...(pair && { certificate: await read(`${pair}.cert`), key: await read(`${pair}.key`) }),
  };
}

/** Returns the name of the first pair; Go offers them all, and one is what a registry asks for. */
function findPair(names: readonly string[], directory: string): string | undefined {
  const wrong = (seen: string) => new OciError("INVALID", `Cannot use certificate directory ${quote(directory)}: ${seen}`);
  const stems = names.flatMap((name) => (/\.(?:cert|key)$/.test(name) ? [name.replace(/\.(?:cert|key)$/, "")] : []));
  for (const stem of stems) {
    if (!names.includes(`${stem}.key`))
      throw wrong(`missing key ${stem}.key for client certificate ${stem}.cert. Note that CA certificates should use the extension .crt`);
    if (!names.includes(`${stem}.cert`)) throw wrong(`missing client certificate ${stem}.cert for key ${stem}.key`);
  }
  return stems[0];
}
