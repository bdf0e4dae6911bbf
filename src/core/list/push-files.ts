import { type Bytes, isOciError, OciError, quote } from "../base/mod.ts";
import { publishFile, temporaryName } from "../content/mod.ts";
import { type ListContext, signalOf } from "./context.ts";

/** Makes sure before anything is pushed that `path` can be written afterwards. @throws {OciError} `IO`, `NOT_FOUND` that names it */
export async function requireWritable({ host: { files, random } }: ListContext, path: string): Promise<void> {
  const status = await files.status(path);
  if (status?.kind === "directory") throw new OciError("IO", `Cannot write ${quote(path)}: it is a directory`);
  if (status !== undefined && status.kind !== "file") return;
  const probe = files.join(files.dirname(path), temporaryName(random));
  try {
    await (await files.create(probe)).close();
    await files.remove(probe);
  } catch (cause) {
    if (!isOciError(cause)) throw cause;
    const seen = cause.code === "NOT_FOUND" ? "there is no such directory" : "nothing can be written into that directory";
    throw new OciError(cause.code, `Cannot write ${quote(path)}: ${seen}`, { cause });
  }
}

/** Writes `bytes` as the file `path`, all of it or nothing; into what is no plain file, such as a pipe or a link, they are written as they come. */
export async function writeResult(context: ListContext, path: string, bytes: Bytes): Promise<void> {
  const { files, random } = context.host;
  const status = await files.status(path);
  if (status === undefined || status.kind === "file") return await publishFile(files, path, bytes, { random, ...signalOf(context) });
  const writer = await files.overwrite(path);
  try {
    await writer.write(bytes);
  } finally {
    await writer.close();
  }
}
