import type { Host } from "../port/mod.ts";

const folder = "ocidex";

/**
 * Returns where the user's programs keep what they can do without: `ocidex` in `$XDG_CACHE_HOME`, else in the system's directory
 * of caches; undefined where there is none.
 */
export function findCacheDirectory({ environment, files }: Pick<Host, "environment" | "files">): string | undefined {
  const { home, os } = environment;
  const cache = environment.get("XDG_CACHE_HOME");
  // A relative path is invalid and to be ignored (XDG Base Directory Specification).
  if (cache?.startsWith("/")) return files.join(cache, folder);
  const local = os === "windows" ? environment.get("LOCALAPPDATA") : undefined;
  if (local !== undefined) return files.join(local, folder, "cache");
  if (home === undefined) return undefined;
  if (os === "windows") return files.join(home, "AppData", "Local", folder, "cache");
  return os === "darwin" ? files.join(home, "Library", "Caches", folder) : files.join(home, ".cache", folder);
}
