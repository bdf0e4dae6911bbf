import { type Bytes, concatBytes, iterate } from "../../base/mod.ts";
import { registryError } from "./errors.ts";
import { closingUrl, expectCreated, nextLocation, type Session, type Upload } from "./upload.ts";

/** Largest chunk, unless the registry asks for more: GitHub refuses more than 4 MiB. */
const chunkSize = 4 * 1024 * 1024;

/** Sends a blob in chunks, for registries that refuse one piece; each goes to the newest location. */
export async function sendChunks(upload: Upload, session: Session): Promise<void> {
  const { access, descriptor, options, doing } = upload;
  const signal = options.signal ? { signal: options.signal } : {};
  let { url } = session;
  let offset = 0;
  for await (const chunk of chunks(upload, Math.max(chunkSize, session.chunkMinimum))) {
    const request = {
      method: "PATCH",
      at: url,
      headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${offset + chunk.length - 1}` },
      body: chunk,
      doing,
      ...signal,
    } as const;
    const response = await access.send(request);
    // One large registry answers 201 to every chunk.
    if (response.status !== 202 && response.status !== 201) throw await registryError(response, request);
    await response.discard();
    upload.sessions.delete(url.href);
    url = nextLocation(response);
    upload.sessions.add(url.href);
    offset += chunk.length;
    options.onProgress?.(chunk.length);
  }
  const request = {
    method: "PUT",
    at: closingUrl(url, descriptor.digest),
    body: new Uint8Array(),
    headers: { "content-type": "application/octet-stream" },
    doing,
    ...signal,
  } as const;
  await expectCreated(await access.send(request), request);
  upload.sessions.delete(url.href);
}

async function* chunks(upload: Upload, size: number): AsyncGenerator<Bytes, void, void> {
  let pieces: Bytes[] = [];
  let length = 0;
  for await (const piece of iterate(await upload.open())) {
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
