import { type ByteStream, type Bytes, readAll } from "../base/mod.ts";

/** Bytes that small content, such as a config, may have. */
export const smallLimit: number = 4 * 1024 * 1024;

/** Returns all of a stream of small content; `what` names it in the error. @throws {OciError} `LIMIT` over 4 MiB */
export function readSmall(stream: ByteStream, what: string): Promise<Bytes> {
  return readAll(stream, { limit: smallLimit, what });
}
