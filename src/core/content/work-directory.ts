import type { Environment, FileSystem, Host } from "../port/mod.ts";
import { sweepTemporaries, temporaryName } from "./publish.ts";

/** What temporary files need of a host. */
export type WorkHost = Pick<Host, "files" | "environment" | "random" | "clock">;

/** Returns the path of a new temporary file or directory, which its maker removes; what was left by a crash is taken away a day later. */
export async function temporaryPath({ files, environment, random, clock }: WorkHost): Promise<string> {
  const directory = await workDirectory(files, environment);
  await sweepTemporaries(files, directory, clock);
  return files.join(directory, temporaryName(random));
}

/** containers(5) and buildah(1): `TMPDIR`, else `/var/tmp`, since `/tmp` is memory on many machines. */
async function workDirectory(files: FileSystem, environment: Environment): Promise<string> {
  const named = environment.get("TMPDIR") ?? (environment.os === "windows" ? (environment.get("TEMP") ?? environment.get("TMP")) : undefined);
  if (named !== undefined) return files.absolute(named);
  if ((await files.status("/var/tmp"))?.kind === "directory") return "/var/tmp";
  await files.makeDirectory("/tmp");
  return "/tmp";
}
