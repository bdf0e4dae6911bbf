import { decodeUtf8, isOciError, OciError, quote } from "../base/mod.ts";
import type { FileSystem, TlsOptions } from "../port/mod.ts";

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
  for (const name of names) {
    const stem = name.replace(/\.(?:cert|key)$/, "");
    if (stem === name) continue;
    if (!names.includes(`${stem}.key`))
      throw wrong(`missing key ${stem}.key for client certificate ${stem}.cert. Note that CA certificates should use the extension .crt`);
    if (!names.includes(`${stem}.cert`)) throw wrong(`missing client certificate ${stem}.cert for key ${stem}.key`);
    return stem;
  }
  return undefined;
}
