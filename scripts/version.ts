import { readFileSync, writeFileSync } from "node:fs";

/** Returns `manifest`, the text of jsr.json, with its version replaced; changesets only knows package.json. */
export function withVersion(manifest: string, version: string): string {
  return manifest.replace(/("version":\s*)"[^"]*"/, (_, key: string) => `${key}"${version}"`);
}

if (import.meta.main) {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  writeFileSync("jsr.json", withVersion(readFileSync("jsr.json", "utf8"), version));
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  lock.version = version;
  lock.packages[""].version = version;
  writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
}
