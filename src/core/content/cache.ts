import { type Bytes, concatBytes, decodeUtf8, encodeUtf8, equalBytes, formatHex, isOciError } from "../base/mod.ts";
import type { Host } from "../port/mod.ts";
import { isTemporaryName, temporaryName } from "./publish.ts";

/** What is worth keeping from one run to the next; it can be deleted at any time, and whatever fails is as if nothing were kept. */
export interface Cache {
  /** Returns what was kept under `key`, whole, or undefined. */
  read(key: readonly string[]): Promise<Bytes | undefined>;
  /** Keeps at most 4 MiB under `key`. */
  write(key: readonly string[], bytes: Bytes): Promise<void>;
}

/** What {@linkcode openCache} needs of a host. */
export type CacheHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment">;

/** Options of {@linkcode openCache}. */
export interface CacheOptions {
  /** Bytes kept at most; the oldest go first. @default 64 MiB */
  readonly limit?: number;
  /** One in so many writes looks whether there is too much. @default 64 */
  readonly sweepInterval?: number;
}

const entryLimit = 4 * 1024 * 1024;
const sealLength = 64;
const secretName = "secret";
const hour = 60 * 60 * 1000;

/**
 * Returns the cache in `directory`, which is made when something is first kept. Any number of processes may use it.
 *
 * The name of a file tells nothing of its key, which may hold who asked: it is a digest of the key and of a secret that the
 * directory has. A file begins with a digest of its name and content, so what is damaged, cut off or moved counts as missing.
 */
export function openCache(host: CacheHost, directory: string, options: CacheOptions = {}): Cache {
  const { files, random } = host;
  const { limit = 64 * 1024 * 1024, sweepInterval = 64 } = options;
  let secret: Promise<string> | undefined;
  let isThere = false;
  const nameOf = async (key: readonly string[]) => hexDigest(host, [encodeUtf8(JSON.stringify([await (secret ??= openSecret(host, directory)), ...key]))]);
  const pathOf = (name: string) => files.join(directory, name.slice(0, 2), name.slice(2));
  return {
    read: (key) =>
      orNothing(async () => {
        isThere ||= (await files.status(directory)) !== undefined;
        if (!isThere) return undefined;
        const name = await nameOf(key);
        const bytes = await files.readFile(pathOf(name), entryLimit + sealLength);
        const content = bytes.slice(sealLength);
        return equalBytes(bytes.subarray(0, sealLength), sealOf(host, name, content)) ? content : undefined;
      }),
    write: (key, bytes) =>
      orNothing(async () => {
        if (bytes.length > entryLimit) return;
        await files.makeDirectory(directory, { mode: 0o700 });
        const name = await nameOf(key);
        await replaceFile(host, pathOf(name), concatBytes([sealOf(host, name, bytes), bytes]));
        if (random.number() * sweepInterval < 1) await sweepCache(host, directory, limit);
      }),
  };
}

/** A cache that fails is none: not there, not readable, full, on a read-only file system. */
async function orNothing<T>(task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}

function hexDigest({ hash }: CacheHost, pieces: readonly Bytes[]): string {
  const hashing = hash("sha256");
  for (const piece of pieces) hashing.update(piece);
  return hashing.digest();
}

function sealOf(host: CacheHost, name: string, content: Bytes): Bytes {
  return encodeUtf8(hexDigest(host, [encodeUtf8(name), content]));
}

/** Returns the directory's secret; who makes it first decides what it is. */
async function openSecret(host: CacheHost, directory: string): Promise<string> {
  const path = host.files.join(directory, secretName);
  if ((await host.files.status(path)) === undefined) {
    const made = host.files.join(directory, temporaryName(host.random));
    await writeFile(host, made, encodeUtf8(formatHex(host.random.bytes(32))));
    await host.files.link(made, path).catch((error: unknown) => (isOciError(error, "EXISTS") ? undefined : host.files.rename(made, path)));
    await host.files.remove(made);
  }
  return decodeUtf8(await host.files.readFile(path, 1024), "secret of the cache");
}

/** Nothing is brought to the disk: after a crash of the system the seal tells what is not whole. */
async function replaceFile(host: CacheHost, path: string, bytes: Bytes): Promise<void> {
  const { files, random } = host;
  const folder = files.dirname(path);
  const temporary = files.join(folder, temporaryName(random));
  await files.makeDirectory(folder, { mode: 0o700 });
  try {
    await writeFile(host, temporary, bytes);
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeFile({ files }: CacheHost, path: string, bytes: Bytes): Promise<void> {
  const writer = await files.create(path, { mode: 0o600 });
  try {
    await writer.write(bytes);
  } finally {
    await writer.close();
  }
}

interface Kept {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

/** Removes the oldest until three quarters of `limit` are left, and what dead writers left. */
async function sweepCache(host: CacheHost, directory: string, limit: number): Promise<void> {
  const kept = await listKept(host, directory);
  let total = kept.reduce((sum, { size }) => sum + size, 0);
  if (total <= limit) return;
  for (const { path, size } of [...kept].sort((a, b) => a.modified - b.modified)) {
    if (total <= limit * 0.75) return;
    await host.files.remove(path);
    total -= size;
  }
}

async function listKept({ files, clock }: CacheHost, directory: string): Promise<readonly Kept[]> {
  const kept: Kept[] = [];
  for (const folder of (await files.list(directory)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const name of await files.list(files.join(directory, folder))) {
      const path = files.join(directory, folder, name);
      const status = await files.status(path);
      if (status === undefined) continue;
      if (!isTemporaryName(name)) kept.push({ path, size: status.size, modified: status.modified });
      else if (clock.now() - status.modified > hour) await files.remove(path);
    }
  }
  return kept;
}
