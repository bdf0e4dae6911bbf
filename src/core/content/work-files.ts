import type { ByteStream } from "../base/mod.ts";
import type { ContentOptions, Host } from "../port/mod.ts";
import { sweepTemporaries, temporaryName, writeFile } from "./publish.ts";

/** What work files need of a host. */
export type WorkHost = Pick<Host, "files" | "environment" | "random" | "clock">;

/** Large files that one run needs for itself, in the work directory: what an archive holds once it is unpacked, what a program copied for it. */
export interface WorkFiles {
  /** Writes everything in a stream to a new file that this user alone may read, and returns its path; a failure leaves nothing. */
  write(open: () => Promise<ByteStream>, options?: ContentOptions): Promise<string>;
  /** Has `fill` write to a new directory that this user alone may look into, and returns its path; a failure leaves nothing. */
  makeDirectory(fill: (path: string) => Promise<void>): Promise<string>;
  /** Removes every file and directory. */
  close(): Promise<void>;
}

/** Returns the work files of a run; nothing is made before it is needed. What a crash left more than a day ago is swept away then. */
export function openWorkFiles(host: WorkHost): WorkFiles {
  const { files, random } = host;
  const written = new Set<string>();
  let directory: Promise<string> | undefined;
  const make = async (fill: (path: string) => Promise<void>): Promise<string> => {
    const path = files.join(await (directory ??= prepare(host)), temporaryName(random));
    written.add(path);
    try {
      await fill(path);
    } catch (error) {
      await files.remove(path).catch(() => {});
      throw error;
    }
    return path;
  };
  return {
    write: (open, options = {}) => make(async (path) => writeFile(files, path, await open(), { ...options, mode: 0o600, sync: false })),
    makeDirectory: (fill) =>
      make(async (path) => {
        await files.createDirectory(path, { mode: 0o700 });
        await fill(path);
      }),
    async close() {
      // One that cannot be removed is swept away a day later.
      for (const path of written) await files.remove(path).catch(() => {});
      written.clear();
    },
  };
}

async function prepare(host: WorkHost): Promise<string> {
  const directory = await workDirectory(host);
  await sweepTemporaries(host, directory);
  return directory;
}

/** containers(5) and buildah(1): `TMPDIR`, else `/var/tmp`, since `/tmp` is memory on many machines. */
async function workDirectory({ files, environment }: WorkHost): Promise<string> {
  const named = environment.get("TMPDIR") ?? (environment.os === "windows" ? (environment.get("TEMP") ?? environment.get("TMP")) : undefined);
  if (named !== undefined) return files.absolute(named);
  if ((await files.status("/var/tmp"))?.kind === "directory") return "/var/tmp";
  await files.makeDirectory("/tmp");
  return "/tmp";
}
