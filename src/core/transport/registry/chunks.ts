import { type ByteStream, type Bytes, concatBytes, iterate, OciError, skipBytes } from "../../base/mod.ts";
import { failureOf } from "./errors.ts";
import { closingUrl, expectCreated, moveSession, type Session, signalOf, type Upload } from "./session.ts";

/** Largest chunk, unless the registry asks for more: GitHub refuses more than 4 MiB. */
const chunkSize = 4 * 1024 * 1024;

/** A chunk is in memory while it is sent, several at once. */
const maximumChunk = 8 * 1024 * 1024;

/** Sends what `session` lacks of a blob in chunks, for registries that refuse one piece, and for a piece that broke; each goes to the newest location. */
export async function sendChunks(upload: Upload, session: Session): Promise<void> {
  const { access, descriptor, options, doing } = upload;
  if (session.chunkMinimum > maximumChunk) {
    throw new OciError("LIMIT", `${doing}: the registry wants chunks of ${session.chunkMinimum} bytes at least, more than 8 MiB are not held in memory`);
  }
  const rest = skipBytes(await upload.open(), session.offset);
  for await (const chunk of chunks(rest, Math.max(chunkSize, session.chunkMinimum))) {
    await sendChunk(upload, session, chunk);
    options.onProgress?.(chunk.length);
  }
  const request = {
    method: "PUT",
    at: closingUrl(session.url, descriptor.digest),
    body: new Uint8Array(),
    headers: { "content-type": "application/octet-stream" },
    doing,
    ...signalOf(upload),
  } as const;
  await expectCreated(await access.send(request), request);
}

async function sendChunk(upload: Upload, session: Session, chunk: Bytes): Promise<void> {
  const request = {
    method: "PATCH",
    at: session.url,
    headers: { "content-type": "application/octet-stream", "content-range": `${session.offset}-${session.offset + chunk.length - 1}` },
    body: chunk,
    doing: upload.doing,
    ...signalOf(upload),
  } as const;
  const response = await upload.access.send(request);
  // One large registry answers 201 to every chunk.
  if (response.status !== 202 && response.status !== 201) throw await failureOf(response, request);
  await response.discard();
  moveSession(upload, session, response);
  session.offset += chunk.length;
}

async function* chunks(stream: ByteStream, size: number): AsyncGenerator<Bytes, void, void> {
  let pieces: Bytes[] = [];
  let length = 0;
  for await (const piece of iterate(stream)) {
    let rest = piece;
    while (length + rest.length >= size) {
      const cut = size - length;
      yield concatBytes([...pieces, rest.subarray(0, cut)]);
      rest = rest.subarray(cut);
      pieces = [];
      length = 0;
    }
    if (rest.length > 0) pieces.push(rest);
    length += rest.length;
  }
  if (length > 0) yield concatBytes(pieces);
}
