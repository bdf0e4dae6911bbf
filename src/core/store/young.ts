import type { StoreHost } from "./shelves.ts";

/** What is younger may be somebody's work of this moment. Taking it would be safe and make them start again. */
const age = 60 * 60 * 1000;

/** Tells whether somebody has touched what is at `path` less than an hour ago. */
export async function isYoung({ files, clock }: StoreHost, path: string): Promise<boolean> {
  const status = await files.status(path);
  return status !== undefined && clock.now() - status.modified <= age;
}
