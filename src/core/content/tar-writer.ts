import { createTarPacker } from "modern-tar";
import { type ByteStream, type Bytes, concatBytes, iterate, MismatchError, quote, streamOf } from "../base/mod.ts";
import { padToBlock, parseTarHeader, tarBlock } from "./tar-header.ts";

/** A file for an archive. */
export interface TarContent {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Returns its bytes. */
  readonly open: () => Promise<ByteStream>;
}

/**
 * Returns a tar archive of `contents`, in their order. What depends on time and user is left out, so the same contents give the
 * same bytes. The stream fails with `MISMATCH` for a file that has more or fewer bytes than it should.
 */
export function writeTar(contents: readonly TarContent[]): ByteStream {
  return streamOf(piecesOf(contents));
}

async function* piecesOf(contents: readonly TarContent[]): AsyncGenerator<Bytes, void, void> {
  for (const content of contents) {
    yield await headerOf(content);
    let size = 0;
    for await (const piece of iterate(await content.open())) {
      size += piece.length;
      if (size > content.size) break;
      yield piece;
    }
    if (size !== content.size) throw new MismatchError(`file ${quote(content.name)}`, `${content.size} bytes`, size > content.size ? "more" : `${size} bytes`);
    const padding = padToBlock(size) - size;
    if (padding > 0) yield new Uint8Array(padding);
  }
  yield new Uint8Array(2 * tarBlock);
}

/**
 * The library makes the header, which it hands out at once, and content goes past it: what goes through it waits in a queue of
 * 8 MiB, which costs 50 MiB of memory.
 */
async function headerOf({ name, size }: TarContent): Promise<Bytes> {
  const { readable, controller } = createTarPacker();
  controller.add({ name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 });
  const reader = readable.getReader();
  const read = async (header: Bytes, length: number): Promise<Bytes> => {
    const { value } = header.length < length ? await reader.read() : {};
    return value === undefined ? header : read(concatBytes([header, value]), length);
  };
  const first = await read(new Uint8Array(0), tarBlock);
  const described = parseTarHeader(first.subarray(0, tarBlock), { what: quote(name), at: 0 });
  const header = described?.type === "x" ? await read(first, 2 * tarBlock + padToBlock(described.size)) : first;
  await reader.cancel();
  return header;
}
