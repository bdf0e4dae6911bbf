import type { Bytes } from "../base/mod.ts";
import type { ContentOptions, Environment, FileSystem, Host } from "../port/mod.ts";
import { sweepTemporaries, temporaryName } from "./publish.ts";

/** What temporary files need of a host. */
export type ScratchHost = Pick<Host, "files" | "environment" | "random" | "clock">;

/** Files of one run that nobody else reads: what a crash leaves of them is swept away a day later. */
export interface Scratch {
  /** Writes a new file of all the pieces that `open` leads to, and returns its path; when they fail, nothing is left. */
  keep(open: () => Promise<AsyncIterable<Bytes>>, options?: ContentOptions): Promise<string>;
  /** Removes every file. */
  close(): Promise<void>;
}

/** Returns an empty scratch in the work directory of `host`; nothing is written yet. */
export function openScratch({ files, environment, random, clock }: ScratchHost): Scratch {
  const kept = new Set<string>();
  let directory: Promise<string> | undefined;
  const openDirectory = async (): Promise<string> => {
    const found = await workDirectory(files, environment);
    await sweepTemporaries(files, found, clock);
    return found;
  };
  return {
    async keep(open, { signal } = {}) {
      const path = files.join(await (directory ??= openDirectory()), temporaryName(random));
      kept.add(path);
      const writer = await files.create(path, { mode: 0o600 });
      try {
        for await (const piece of await open()) {
          signal?.throwIfAborted();
          await writer.write(piece);
        }
        await writer.close();
      } catch (error) {
        await writer.close().catch(() => {});
        await files.remove(path).catch(() => {});
        throw error;
      }
      return path;
    },
    async close() {
      for (const path of kept) await files.remove(path).catch(() => {});
      kept.clear();
    },
  };
}

/** containers(5) and buildah(1): `TMPDIR`, else `/var/tmp`, since `/tmp` is memory on many machines. */
async function workDirectory(files: FileSystem, environment: Environment): Promise<string> {
  const named = environment.get("TMPDIR") ?? (environment.os === "windows" ? (environment.get("TEMP") ?? environment.get("TMP")) : undefined);
  if (named !== undefined) return files.absolute(named);
  if ((await files.status("/var/tmp"))?.kind === "directory") return "/var/tmp";
  await files.makeDirectory("/tmp");
  return "/tmp";
}
