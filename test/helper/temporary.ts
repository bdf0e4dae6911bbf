import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Returns an empty directory and how to remove it. */
export async function temporaryDirectory(): Promise<{ readonly directory: string; readonly close: () => Promise<void> }> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), "ocidex-test-"));
  return { directory, close: () => rm(directory, { recursive: true, force: true }) };
}
