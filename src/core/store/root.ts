import { OciError } from "../base/mod.ts";
import type { Host } from "../port/mod.ts";

const folder = "ocidex";

/**
 * Returns the directory of the store: `ocidex` in `root` when given, else `$OCIDEX_ROOT`, else `ocidex` in `$XDG_DATA_HOME`,
 * else in the user's data directory of the system.
 * @throws {OciError} `INVALID` where nothing says where that is
 */
export function findStoreRoot({ environment, files }: Pick<Host, "environment" | "files">, root?: string): string {
  if (root !== undefined) return files.absolute(files.join(root, folder));
  const own = environment.get("OCIDEX_ROOT");
  if (own !== undefined) return files.absolute(own);
  const data = environment.get("XDG_DATA_HOME");
  // A relative path is invalid and to be ignored (XDG Base Directory Specification).
  if (data?.startsWith("/")) return files.join(data, folder);
  const local = environment.os === "windows" ? environment.get("LOCALAPPDATA") : undefined;
  if (local !== undefined) return files.join(local, folder);
  const { home } = environment;
  if (home === undefined) throw new OciError("INVALID", `Cannot find the local lists: there is no home directory; set OCIDEX_ROOT or give a root`);
  if (environment.os === "windows") return files.join(home, "AppData", "Local", folder);
  return environment.os === "darwin" ? files.join(home, "Library", "Application Support", folder) : files.join(home, ".local", "share", folder);
}
