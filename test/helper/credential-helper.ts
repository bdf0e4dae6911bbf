import { afterAll, beforeAll, beforeEach } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** What helpers say that have nothing. */
export const nothing = "credentials not found in native keychain";

/** Programs `docker-credential-NAME` on the search path of this process. */
export interface Helpers {
  /** Makes one of a shell script that finds the action in `$1` and what was sent in `$input`. */
  write(name: string, script: string): void;
  /** Makes one that keeps what it is given. */
  keychain(name: string): void;
  /** Returns every call since the test began: action, and what was sent. */
  calls(): readonly string[];
}

/** Puts a directory for helpers in front of the search path while the tests of a group run. */
export function useHelpers(): Helpers {
  const path = process.env.PATH ?? "";
  let directory = "";
  const log = () => join(directory, "calls");
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "ocidex-helpers-"));
    process.env.PATH = `${directory}${delimiter}${path}`;
  });
  beforeEach(() => rmSync(log(), { force: true }));
  afterAll(() => {
    process.env.PATH = path;
    rmSync(directory, { recursive: true });
  });
  const write = (name: string, script: string): void => {
    const file = join(directory, `docker-credential-${name}`);
    writeFileSync(file, `#!/bin/sh\ninput=$(cat)\necho "$1 $input" >> '${log()}'\n${script}\n`);
    chmodSync(file, 0o755);
  };
  return {
    write,
    keychain: (name) => write(name, keychain(directory)),
    calls: () => (existsSync(log()) ? readFileSync(log(), "utf8").trimEnd().split("\n") : []),
  };
}

function keychain(directory: string): string {
  return `file() { echo '${directory}/kept-'"$(printf %s "$1" | cksum | tr -d ' ')"; }
case $1 in
store) printf %s "$input" > "$(file "$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/')")" ;;
*) [ -f "$(file "$input")" ] || { echo '${nothing}'; exit 1; }
  if [ "$1" = get ]; then cat "$(file "$input")"; else rm "$(file "$input")"; fi ;;
esac`;
}
